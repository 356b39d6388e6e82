/**
 * Owns claims: the write-ahead record of one route's execution of one event identity. Never runs what it claims.
 *
 * ```
 *              acquire                complete
 *   (absent) ──────────> held ───────────────────> completed
 *       ▲                 │ │ bury
 *       │         release │ └────────────────────> dead
 *       └── released <────┘
 *   held, lease over + clock skew ── acquire ──> held by the next owner
 * ```
 *
 * Every step compares and sets on the version that the step before it saw, so an owner that slept through its lease cannot
 * end the claim that its successor holds or has ended.
 */

import type { SetResult, StateItem, StateStore, StateValue } from '../../ports/index.ts'

export interface ClaimSettings {
  readonly state: StateStore
  readonly maxClockSkew: number
  /** Milliseconds for which a finished claim is remembered. */
  readonly retention: number
  readonly now: () => number
}

export type Acquired =
  | { readonly kind: 'acquired'; readonly claim: Claim }
  | { readonly kind: 'completed' }
  /** Given up on, and kept as a dead letter; since this redrive asked for it, if one did. */
  | { readonly kind: 'dead' }
  /** Someone else runs it, or did when it died: ask again then. Milliseconds since 1970. */
  | { readonly kind: 'held'; readonly until: number }

export interface Claim {
  /** Each answers false if the claim was lost meanwhile: the effect may be repeated by the successor. */
  complete(): Promise<boolean>
  extend(until: number): Promise<boolean>
  bury(letter: string): Promise<boolean>
  release(): Promise<boolean>
}

/**
 * @param keys the claim's key, then those of the route's former ids (read, never written)
 * @param until the end of the lease: no later than the attempt's deadline and the delivery's hard end
 * @param generation of a redrive: what is dead since an older one may run again
 */
export async function acquire(
  settings: ClaimSettings,
  keys: readonly string[],
  until: number,
  generation?: number,
): Promise<Acquired> {
  const { state, now, maxClockSkew, retention } = settings
  const [key = '', ...former] = keys
  for (const old of former) {
    const finished = finishOf(await state.get(old), generation)
    if (finished !== undefined) return finished
  }
  let expect: string | undefined
  for (;;) {
    const expiresAt = new Date(now() + retention)
    const result = await state.set(key, { state: 'held', until }, { expect, expiresAt })
    if (result.ok) return { kind: 'acquired', claim: claimOf(settings, key, result.version, generation) }
    const { current } = result
    const finished = finishOf(current, generation)
    if (finished !== undefined) return finished
    const free =
      current === undefined || current.value.state === 'released' || leaseEnd(current) + maxClockSkew <= now()
    if (!free) return { kind: 'held', until: leaseEnd(current) + maxClockSkew }
    expect = current?.version
  }
}

function claimOf(
  { state, now, retention }: ClaimSettings,
  key: string,
  acquired: string,
  generation = 0,
): Claim {
  let version = acquired
  const write = async (value: StateValue): Promise<SetResult> => {
    const expiresAt = new Date(now() + retention)
    const result = await state.set(key, value, { expect: version, expiresAt })
    if (result.ok) version = result.version
    return result
  }
  /** Who took it meanwhile and let it go again came to no end, so this owner's is the end of it. */
  const finish = async (value: StateValue): Promise<boolean> => {
    const result = await write(value)
    if (result.ok || result.current?.value.state !== 'released') return result.ok
    version = result.current.version
    return finish(value)
  }
  const renew = async (value: StateValue) => (await write(value)).ok
  return {
    complete: () => finish({ state: 'completed' }),
    extend: (until) => renew({ state: 'held', until }),
    bury: (letter) => finish({ state: 'dead', letter, generation }),
    release: () => renew({ state: 'released' }),
  }
}

function finishOf(item: StateItem | undefined, generation = 0): Acquired | undefined {
  const { state, generation: buried = 0 } = item?.value ?? {}
  if (state === 'completed') return { kind: 'completed' }
  return state === 'dead' && Number(buried) >= generation ? { kind: 'dead' } : undefined
}

function leaseEnd(item: StateItem): number {
  return Number(item.value.until ?? 0)
}
