/**
 * Schedule expressions as times.
 *
 * | expression                  | is due                                                                                          |
 * |-----------------------------|-------------------------------------------------------------------------------------------------|
 * | `at(yyyy-mm-ddThh:mm:ss)`   | once; of a local time that exists twice at the earlier, of one that does not exist as far after the gap's start as it is in it |
 * | `rate(5 minutes)`           | from the start date on, or at once if there is none; a day is 24 hours                          |
 * | `cron(0 9 ? * MON-FRI *)`   | from the start date on; at the earlier of a local time that exists twice, never at one that does not exist |
 */

import { type Zone, zoneOf } from '@spaceship/core/adapter'
import { cronOf } from './cron.ts'

/** When a schedule is due. Instants are milliseconds since 1970. */
export interface Times {
  /** Nothing if it is never due any more. */
  readonly first: number | undefined
  /** @param after the first time, or any later instant */
  next(after: number): number | undefined
}

export interface Frame {
  readonly timeZone: string
  /** When the schedule was created or updated. */
  readonly from: number
  /** Start and end say nothing about `at`. */
  readonly start?: number | undefined
  readonly end?: number | undefined
}

const LONGEST = 256

/** The times of an expression, or what is wrong with it. */
export function timesOf(expression: string, frame: Frame): Times | { readonly problem: string } {
  const zone = zoneOf(frame.timeZone)
  if (zone === undefined) return { problem: `Invalid ScheduleExpressionTimezone ${frame.timeZone}.` }
  const invalid = (why = '') => ({
    problem: `Invalid Schedule Expression ${expression.slice(0, LONGEST)}.${why && ` In it, ${why}.`}`,
  })
  const [, kind, inner = ''] = /^(at|rate|cron)\((.*)\)$/.exec(expression) ?? []
  if (expression.length > LONGEST) return invalid()
  if (kind === 'at') {
    const due = instantOf(inner, zone)
    return due === undefined ? invalid() : { first: due, next: () => undefined }
  }
  if (kind === 'rate') {
    const interval = intervalOf(inner)
    return interval === undefined ? invalid() : rate(interval, frame)
  }
  if (kind !== 'cron') return invalid()
  const cron = cronOf(inner)
  if ('problem' in cron) return invalid(cron.problem)
  const next = within(frame, (after) => {
    for (let local = cron.next(zone.localAt(after)); local !== undefined; local = cron.next(local)) {
      const [instant] = zone.instants(local)
      if (instant !== undefined && instant > after) return instant
    }
    return undefined
  })
  return { first: next(Math.max(frame.from, frame.start ?? 0) - 1), next }
}

function instantOf(text: string, zone: Zone): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/.test(text)) return undefined
  const local = Date.parse(`${text}Z`)
  // Date.parse takes 30 February for 2 March.
  if (Number.isNaN(local) || new Date(local).toISOString().slice(0, 19) !== text) return undefined
  return zone.instants(local)[0] ?? zone.afterGap(local)
}

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }

function intervalOf(text: string): number | undefined {
  const [, value = '', unit = ''] = /^([1-9]\d{0,5}) (minute|hour|day)s?$/.exec(text) ?? []
  const length = UNITS[unit]
  return length === undefined ? undefined : Number(value) * length
}

function rate(interval: number, frame: Frame): Times {
  const { from, start = from } = frame
  const missed = Math.max(0, Math.ceil((from - start) / interval))
  const first = start + missed * interval
  const next = within(frame, (after) => first + (Math.floor((after - first) / interval) + 1) * interval)
  return { first: first > (frame.end ?? first) ? undefined : first, next }
}

function within({ end }: Frame, next: Times['next']): Times['next'] {
  return (after) => {
    const due = next(after)
    return due === undefined || (end !== undefined && due > end) ? undefined : due
  }
}
