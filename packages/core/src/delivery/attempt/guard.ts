/**
 * Owns guards: one item for each lane of a route with `stale: 'skip'`, which says what was handled last and is also the
 * claim. Never runs what it guards.
 *
 * ```
 *            acquire, not older          complete, bury: its version is the last one
 *   free ─────────────────────────> held ────────────────────────────────────────────> free
 *                                    │ release: the last version stays
 *                                    └──────────────────────────────────────────────> free
 * ```
 *
 * | the event                                     | answer                                             |
 * |-----------------------------------------------|----------------------------------------------------|
 * | surely older than the last one                | `stale`                                            |
 * | handled already (its identity is remembered)  | `completed`, `dead`                                |
 * | newer, or possibly of the same moment         | `acquired`: ties are handled in stream order       |
 * | another owner's lease is running              | `held`                                             |
 */

import { isBefore, type Moment, type Version } from '../../domain/version.ts'
import type { StateItem, StateValue } from '../../ports/index.ts'
import { textsIn } from '../keys.ts'
import type { Acquired, ClaimSettings } from './claim.ts'

/** Identities of the last versions that are remembered, to tell a repeat from a tie. */
const RING = 8

interface Last extends Version {
  /** Handled, newest last. */
  readonly ids: readonly string[]
  /** Dead letters among them, which a redrive may run again. */
  readonly dead: readonly string[]
}

const NEVER: Last = { min: Number.MIN_SAFE_INTEGER, max: Number.MIN_SAFE_INTEGER, ids: [], dead: [] }

export async function acquireGuard(
  { state, now, maxClockSkew, retention }: ClaimSettings,
  keys: readonly string[],
  event: { readonly version: Version; readonly id: string; readonly redriven: boolean },
  until: number,
): Promise<Acquired | { readonly kind: 'stale' }> {
  const [key = '', ...former] = keys
  const { version, id, redriven } = event
  const write = (value: StateValue, expect: string | undefined) =>
    state.set(key, value, { expect, expiresAt: new Date(now() + retention) })

  let item = await state.get(key)
  let last = lastOf(item)
  for (const old of item === undefined ? former : []) last = newer(last, lastOf(await state.get(old)))
  for (;;) {
    if (last.ids.includes(id)) return { kind: 'completed' }
    if (last.dead.includes(id) && !redriven) return { kind: 'dead' }
    if (isBefore(momentOf(version), momentOf(last), maxClockSkew)) return { kind: 'stale' }
    const lease = item?.value.state === 'held' ? Number(item.value.until) + maxClockSkew : 0
    if (lease > now()) return { kind: 'held', until: lease }
    const result = await write({ ...last, state: 'held', until }, item?.version)
    if (result.ok) {
      let held = result.version
      const end = async (value: StateValue) => {
        const ended = await write(value, held)
        if (ended.ok) held = ended.version
        return ended.ok
      }
      const after = newer(last, { ...version, ids: [], dead: [] })
      const remember = (ids: readonly string[]) => [...ids.filter((other) => other !== id), id].slice(-RING)
      return {
        kind: 'acquired',
        claim: {
          complete: () =>
            end({
              ...after,
              ids: remember(last.ids),
              dead: last.dead.filter((other) => other !== id),
              state: 'free',
            }),
          bury: () => end({ ...after, ids: last.ids, dead: remember(last.dead), state: 'free' }),
          extend: (moment) => end({ ...last, state: 'held', until: moment }),
          release: () => end({ ...last, state: 'free' }),
        },
      }
    }
    item = result.current
    last = lastOf(item)
  }
}

/** A lane with versions of several clocks is one of published events, whose versions are times. */
function momentOf(version: Version): Moment {
  return { version, at: version.max / 1_000 }
}

function lastOf(item: StateItem | undefined): Last {
  if (item === undefined) return NEVER
  const { min, max, clock, ids, dead } = item.value
  const version = { min: Number(min), max: Number(max), ...(typeof clock === 'string' ? { clock } : {}) }
  return { ...version, ids: textsIn(ids), dead: textsIn(dead) }
}

function newer(a: Last, b: Last): Last {
  return { ...(b.max >= a.max ? b : a), ids: [...a.ids, ...b.ids], dead: [...a.dead, ...b.dead] }
}
