/** Owns the times that flags are given: ISO times, and lengths of time back from now or ahead. */

import { isDuration, milliseconds } from '@spaceship/core/adapter'
import { usage } from '../show/index.ts'

/** A day, or a time of a day: of anything else JavaScript makes a date of its own, of '1' one of 2001. */
const ISO = /^\d{4}-\d{2}-\d{2}(T.*)?$/

/**
 * @returns the moment, by the time at which the command began; undefined if the flag was not given
 * @throws SpaceshipError `usage` for what is no time
 */
export function momentOf(
  flag: string,
  given: string | undefined,
  direction: 'ago' | 'ahead',
): ((now: number) => number) | undefined {
  if (given === undefined) return undefined
  const sign = direction === 'ago' ? -1 : 1
  if (isDuration(given)) return (now) => now + sign * milliseconds(given)
  const at = ISO.test(given) ? Date.parse(given) : Number.NaN
  if (!Number.isNaN(at)) return () => at
  const words = direction === 'ago' ? 'for two hours ago' : 'for in two hours'
  throw usage(
    `${flag} is '${given}': expected an ISO time such as '2026-11-24' or '2026-11-24T09:00:00Z', or '2h' ${words}`,
  )
}
