/**
 * Owns when a held lease is renewed: three times within its life, each lease at moments of its own, and sooner after a failure,
 * so that a table which refuses some of the calls costs no lease, and one that cannot be renewed takes no other along.
 *
 * ```
 *  taken ─ within failover/3, at random ─> renew ─┬─ written ── failover/3 after it was sent ──> renew
 *                                                 ├─ failed ─── about failover/15 later ───────> renew
 *                                                 └─ its life ends before an answer ───────────> over
 * ```
 */

import type { Clock } from '@spaceship/core/ports'
import type { Held } from './holder.ts'

export interface Renewing {
  readonly held: Held
  /** Renews the lease, with the progress since the last time. */
  readonly beat: () => Promise<void>
  readonly failover: number
  readonly clock: Clock
  readonly random: () => number
  /** Aborted when nobody needs the lease any more. */
  readonly signal: AbortSignal
  readonly failed: (error: unknown) => void
}

/** Resolves when the signal is aborted, or when the lease's life has ended. */
export async function keepRenewed({
  held,
  beat,
  failover,
  clock,
  random,
  signal,
  failed,
}: Renewing): Promise<void> {
  for (let wait = (random() * failover) / 3; ; ) {
    await clock.sleep(Math.min(wait, held.until - clock.monotonic()), signal)
    if (signal.aborted) return
    if (!held.isHeld()) return held.expire()
    const sent = clock.monotonic()
    const written = await withinLife()
    wait = written ? failover / 3 - (clock.monotonic() - sent) : (0.5 + random()) * (failover / 15)
  }

  /** An answer that does not come must not keep the end of the lease's life from being seen. */
  async function withinLife(): Promise<boolean> {
    const answered = new AbortController()
    const over = () => {
      answered.abort()
    }
    signal.addEventListener('abort', over)
    const renewal = beat().then(
      () => true,
      (error: unknown) => {
        if (!signal.aborted) failed(error)
        return false
      },
    )
    const life = clock.sleep(held.until - clock.monotonic(), answered.signal).then(() => false)
    const written = await Promise.race([renewal, life])
    signal.removeEventListener('abort', over)
    answered.abort()
    return written
  }
}
