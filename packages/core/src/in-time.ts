/** Owns waiting for what may never answer. */

import { SpaceshipError } from './errors.ts'
import type { Clock } from './ports/index.ts'

export interface InTime {
  /** Milliseconds. */
  readonly within: number
  readonly clock: Clock
  /** What is said of work that is late. */
  readonly late: string
  /** Ends the wait, too. @default never */
  readonly signal?: AbortSignal
}

/**
 * Waits for the work no longer than that, whether or not the work hears through its signal that nobody waits for it any more. Of work that is late the
 * signal's reason is what is thrown.
 *
 * @throws what the work failed with; SpaceshipError `no-answer` if it is late, or not waited for any more
 */
export async function inTime<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { within, clock, late: why, signal }: InTime,
): Promise<T> {
  const over = new AbortController()
  const stop = () => {
    over.abort(signal?.reason)
  }
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop)
  const late = clock.sleep(within, over.signal).then(() => {
    const error = new SpaceshipError('no-answer', signal?.aborted ? 'it is not waited for any more' : why)
    over.abort(error)
    throw error
  })
  // It loses the race unless it is the one that ends it.
  late.catch(() => {})
  try {
    return await Promise.race([work(over.signal), late])
  } finally {
    signal?.removeEventListener('abort', stop)
    over.abort()
  }
}
