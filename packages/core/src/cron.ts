/** Times by the clocks of a zone, for schedules: `@spaceship/core/cron`. Apart from the rest, since it alone needs a library. */

import { Cron as Pattern } from 'croner'
import type { Cron } from './declare/windows.ts'
import { check, closed, like, required, type ShapesOf, text } from './shapes.ts'
import { zoneOf } from './zone.ts'

export interface CronOptions {
  /** An IANA time zone, by whose clocks the times are meant. @default 'UTC' */
  readonly zone?: string
}

export const CRON = {
  expression: required(text("a cron expression such as '0 9 * * 1-5'")),
  options: closed({
    zone: like(
      "an IANA time zone such as 'Europe/Berlin'",
      (zone) => typeof zone === 'string' && zoneOf(zone) !== undefined,
    ),
  } satisfies ShapesOf<CronOptions>),
}

/**
 * Times by a cron expression: minute, hour, day of the month, month, day of the week. `L` is the last day of a month, `5#2` its second
 * Friday. If both days are given, either is enough.
 *
 * A fixed time that the clocks leave out is the first instant after the gap; one that comes twice is meant once, the first time. With `*` in
 * minutes or hours the interval stays: a repeated hour has all of its times. A day above 28 leaves out the months without it, which `note` says.
 *
 * @throws ConfigurationError for an expression that cannot be read or never comes, and for a zone that nobody knows
 * @example
 * const digest = reactor('digest').every('morning', { cron: cron('0 9 * * 1-5', { zone: 'Europe/Berlin' }) }, () => {})
 */
export function cron(expression: string, options: CronOptions = {}): Cron {
  let pattern: Pattern | undefined
  check('cron', CRON, { expression, options }, () => {
    const read = patternOf(expression, options)
    if (typeof read === 'string')
      return [`'expression' is '${expression}': expected five fields such as '0 9 * * 1-5' (${read})`]
    pattern = read
    return []
  })
  const { zone = 'UTC' } = options
  const note = noteOn(expression)
  return {
    expression,
    zone,
    ...(note === undefined ? {} : { note }),
    next: (after) => pattern?.nextRun(new Date(after))?.getTime(),
  }
}

/** The pattern, or what is wrong with it. */
function patternOf(expression: unknown, options: unknown): Pattern | string | undefined {
  if (typeof expression !== 'string' || expression.trim() === '') return undefined
  const { zone = 'UTC' } = Object(options)
  // The zone has a message of its own.
  const timezone = typeof zone === 'string' && zoneOf(zone) !== undefined ? zone : 'UTC'
  if (expression.trim().split(/\s+/).length !== 5) return 'it has another number of fields'
  try {
    // Lists and ranges are fixed times as well.
    const pattern = new Pattern(expression, { timezone, fixedTimeRule: 'no-wildcard' })
    return pattern.nextRun(new Date(FROM)) === null ? 'there is no such day' : pattern
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^CronPattern: /, '') : 'it cannot be read'
  }
}

/** Days that each of these months has every year. */
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']

function noteOn(expression: string): string | undefined {
  const [, , days = '', months = ''] = expression.trim().split(/\s+/)
  const last = Math.max(...days.split(',').map((day) => (/^\d+$/.test(day) ? Number(day) : 0)))
  const all = months.split(',').map((month) => DAYS[indexOfMonth(month)] ?? 28)
  if (last <= Math.min(...all)) return undefined
  return `the cron '${expression}' leaves out each month without a day ${last}: 'L' is the last day of every month`
}

/** Of a range or a step no single month is known. */
function indexOfMonth(month: string): number {
  return /^\d+$/.test(month) ? Number(month) - 1 : MONTHS.indexOf(month.toUpperCase())
}

/** From here on some day must come: leap years have come round by then. */
const FROM = Date.UTC(2000, 0)

export type { Cron } from './declare/windows.ts'
