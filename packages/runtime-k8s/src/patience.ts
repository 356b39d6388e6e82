/** Owns how long the worker waits for what may never answer: not beyond a stop, and not beyond the end of a drain. */

import { inTime } from '@spaceship/core/adapter'
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
