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

/** The longest look back: some crons come to a day once in eight years. */
const DECADES = 40 * 366 * 24 * 60 * MINUTE

/**
 * The last end of a window at the moment or before it. A cron is only asked for what comes next: back, it could miss the day on which
 * clocks change. Where it has paused for a season, a walk over all the windows before would hold the process up.
 */
export function lastEnd(windows: number | Cron, moment: number): number {
  if (typeof windows === 'number') return Math.floor(moment / windows) * windows
  let back = MINUTE
  while (back < DECADES && nextEnd(windows, moment - back) > moment) back *= 32
  let [from, to] = [moment - back, moment]
  while (to - from > MINUTE) {
    const middle = (from + to) / 2
    if (nextEnd(windows, middle) > moment) to = middle
    else from = middle
  }
  let last = Number.NEGATIVE_INFINITY
  for (let end = nextEnd(windows, from); end <= moment; end = nextEnd(windows, end)) last = end
  return last
}
