/** Owns the judgement whether what a StateStore answered can be explained by some order of the calls, one after the other. */

import { isDeepStrictEqual } from 'node:util'
import type { StateItem, StateStore } from '@spaceship/core/ports'

export type Call =
  | {
      readonly kind: 'set'
      readonly n: number
      readonly expect: string | undefined
      readonly expires: boolean
    }
  | { readonly kind: 'delete'; readonly version: string }

interface Told {
  readonly call: Call
  readonly ok: boolean
  /** Of a set: the version that it wrote, or the item that it lost to. */
  readonly version?: string
  readonly current?: StateItem | undefined
}

/** Long over, and never. */
const PAST = new Date(Date.UTC(2000, 0))
const FUTURE = new Date(Date.UTC(2100, 0))

export async function tell(store: StateStore, key: string, call: Call): Promise<Told> {
  if (call.kind === 'delete') return { call, ok: await store.delete(key, call.version) }
  const { n, expect, expires } = call
  const result = await store.set(key, { n }, { expect, expiresAt: expires ? PAST : FUTURE })
  return { call, ...result }
}

/** Can these calls, made at the same time on an item that was so before, have been made one after the other, to leave it so? */
export function explained(
  before: StateItem | undefined,
  told: readonly Told[],
  after: StateItem | undefined,
): boolean {
  if (told.length === 0) return isDeepStrictEqual(before, after)
  return told.some((one, n) => {
    const next = step(before, one)
    return next !== 'impossible' && explained(next, told.toSpliced(n, 1), after)
  })
}

/** The item after this call, if it can have been told this with that item there. */
function step(item: StateItem | undefined, told: Told): StateItem | undefined | 'impossible' {
  const { call, ok, version, current } = told
  if (call.kind === 'delete') {
    if (ok !== (item?.version === call.version)) return 'impossible'
    return ok ? undefined : item
  }
  if (ok !== (item?.version === call.expect)) return 'impossible'
  if (!ok) return isDeepStrictEqual(current, item) ? item : 'impossible'
  // What is over when it is written is never there.
  return call.expires || version === undefined ? undefined : { value: { n: call.n }, version }
}
