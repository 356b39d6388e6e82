/** Owns how long the worker waits for what may never answer: not beyond a stop, and not beyond the end of a drain. */

import { SpaceshipError } from '@spaceship/core'
import type { Clock } from '@spaceship/core/ports'

/** What the work came to; undefined when the signal is aborted first. Then nobody waits for the work, and its failure is nobody's. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const aborted = Promise.withResolvers<undefined>()
  const stop = () => {
    aborted.resolve(undefined)
  }
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  try {
    return await Promise.race([aborted.promise, work])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

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
 * Waits for the work no longer than that, whether or not the work hears through its signal that nobody waits for it any more.
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
    throw new SpaceshipError('no-answer', signal?.aborted ? 'it is not waited for any more' : why)
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

const SHORTEST = 50

/**
 * Does the work until it succeeds, again and again until the end.
 *
 * @param end on the clock's `monotonic`
 * @throws what it failed with last; SpaceshipError `no-answer` if it has not answered
 */
export async function persistently(work: () => Promise<void>, end: number, clock: Clock): Promise<void> {
  for (let wait = SHORTEST; ; wait *= 2) {
    const late = 'there was no answer before the end of the drain'
    try {
      return await inTime(work, { within: end - clock.monotonic(), clock, late })
    } catch (error) {
      if (clock.monotonic() + wait >= end) throw error
    }
    await clock.sleep(wait)
  }
}
