/** Owns waiting no longer than for a time. */

import type { Clock } from '../ports/index.ts'

/** Why a timer of ours is over; without a reason each abort makes an error that nobody sees. */
export const OVER = 'over'

/** A moment that does not come, on any clock; `-NEVER` has passed. */
export const NEVER = Number.POSITIVE_INFINITY

/** Calls once the signal is aborted: for what lives as long as the signal. */
export function onAbort(signal: AbortSignal, call: () => void): void {
  signal.addEventListener('abort', call)
}

/** Rejects as the work does, if that comes first. @param ms milliseconds */
export async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController()
  await Promise.race([work, clock.sleep(ms, over.signal)])
  over.abort(OVER)
}
