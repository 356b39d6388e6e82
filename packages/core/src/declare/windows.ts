/**
 * Owns where the windows of a route made with `every` end.
 *
 * ```
 *   each: '5m'        ─┼────┼────┼────┼─      at multiples, counted from 1970
 *   cron(...)         ─┼──────┼────┼───┼─     where the clocks of a zone come to the times of an expression
 *                   previous  last  next
 * ```
 */

/** Times by the clocks of a zone: `cron('0 9 * * 1-5', { zone: 'Europe/Berlin' })` of `@spaceship/core/cron` makes it. */
export interface Cron {
  readonly expression: string
  readonly zone: string
  /** What may surprise whoever wrote the expression: a day that some months do not have. A worker tells it at its start. */
  readonly note?: string
  /** The first time after the moment; undefined if there is none. Milliseconds since 1970. */
  next(after: number): number | undefined
}

/** The first end of a window after the moment. Milliseconds since 1970; a cron that ends has a last one. */
export function nextEnd(windows: number | Cron, after: number): number {
  if (typeof windows === 'number') return (Math.floor(after / windows) + 1) * windows
  return windows.next(after) ?? Number.POSITIVE_INFINITY
}

const MINUTE = 60_000

/** How far back a cron is looked through: each some times as far as the one before, so that few steps lead to the moment. */
const BACK = [2, 30, 24 * 60, 8 * 24 * 60, 32 * 24 * 60, 400 * 24 * 60, 9 * 366 * 24 * 60].map(
  (minutes) => minutes * MINUTE,
)

/** The last end of a window at the moment or before it. A cron is stepped forward: back, it could miss the day on which clocks change. */
export function lastEnd(windows: number | Cron, moment: number): number {
  if (typeof windows === 'number') return Math.floor(moment / windows) * windows
  for (const back of BACK) {
    let end = windows.next(moment - back)
    if (end === undefined || end > moment) continue
    for (let next = windows.next(end); next !== undefined && next <= moment; next = windows.next(end))
      end = next
    return end
  }
  return Number.NEGATIVE_INFINITY
}
