/**
 * Owns the schedules of a reactor's ticks, as data for a template or for `CreateSchedule`: where the workers do not tick by themselves.
 *
 * | the route                          | its schedule                                                               |
 * |------------------------------------|----------------------------------------------------------------------------|
 * | `each: '5m'`, `delay: '30s'`       | `rate(5 minutes)`, from the next end of a window and its delay on          |
 * | `cron('0 9 * * 1-5', { zone })`    | `cron(0 9 ? * 2-6 *)` by the clocks of the zone                            |
 *
 * Scheduler has no rate below a minute, no delay for a cron, and no cron in which either of two days is enough: those are refused. A time that
 * the clocks leave out has no tick of Scheduler's: the next tick comes at the next time, and makes up what was missed as `catchUp` says.
 */

import type { CreateScheduleCommandInput } from '@aws-sdk/client-scheduler'
import type { Reactor } from '@spaceship/core'
import {
  check,
  closed,
  like,
  port,
  refuse,
  required,
  type ShapesOf,
  sha256,
  text,
} from '@spaceship/core/adapter'
import { nextEnd, tickEnvelope } from '@spaceship/core/engine'
import { roleArn as ofRole, streamArn as ofStream, partitionKeyFor } from '../aws/index.ts'

export interface TickSchedulesOptions {
  /** The application whose reactor this is. */
  readonly application: string
  /** The stream on which ticks arrive. */
  readonly streamArn: string
  /** The role with which Scheduler puts records. */
  readonly roleArn: string
  /** The group of the schedules. @default 'default' */
  readonly group?: string
  /** When the first window may begin. @default now */
  readonly from?: Date
}

export const TICK_SCHEDULES = {
  reactor: required(port('on', 'what reactor() made')),
  options: closed({
    application: required(text("the application's name")),
    streamArn: ofStream,
    roleArn: ofRole,
    group: text("the group's name"),
    from: like('a date', (from) => from instanceof Date && !Number.isNaN(from.getTime())),
  } satisfies ShapesOf<TickSchedulesOptions>),
}

const MINUTE = 60_000
const UNITS = [
  [1_440, 'day'],
  [60, 'hour'],
  [1, 'minute'],
] as const

/**
 * The schedule of each route made with `every`, as the input of `CreateSchedule`.
 *
 * @throws ConfigurationError that lists every problem, of the options and of schedules that Scheduler cannot keep
 * @example
 * import { tickSchedules } from '@spaceship/handlers/scheduler'
 * const schedules = tickSchedules(greeter, {
 *   application: 'onboarding',
 *   streamArn: 'arn:aws:kinesis:eu-west-1:123456789012:stream/clients-cdc',
 *   roleArn: 'arn:aws:iam::123456789012:role/ticks-target',
 * })
 */
export function tickSchedules(
  reactor: Reactor,
  options: TickSchedulesOptions,
): readonly CreateScheduleCommandInput[] {
  check('tickSchedules', TICK_SCHEDULES, { reactor, options })
  const { application, streamArn, roleArn, group = 'default', from = new Date() } = options
  const problems: string[] = []
  const schedules = reactor.routes.flatMap(({ id, events }) =>
    [events].flat().flatMap(({ spec }) => {
      if (spec.kind !== 'schedule') return []
      const route = `${reactor.name}/${id}`
      const { windows, delay } = spec
      const when = typeof windows === 'number' ? rateOf(windows) : cronOf(windows.expression, delay)
      if ('problem' in when) problems.push(`the route '${route}': ${when.problem}`)
      const start = nextEnd(windows, from.getTime() - delay) + delay
      return {
        Name: nameOf(application, route),
        GroupName: group,
        ScheduleExpression: 'problem' in when ? '' : when.expression,
        ScheduleExpressionTimezone: typeof windows === 'number' ? 'UTC' : windows.zone,
        // A rate counts from here: from the end of a window and its delay.
        ...(typeof windows === 'number' ? { StartDate: new Date(start) } : {}),
        FlexibleTimeWindow: { Mode: 'OFF' as const },
        Target: {
          Arn: streamArn,
          RoleArn: roleArn,
          Input: tickEnvelope({ application, route }),
          KinesisParameters: { PartitionKey: partitionKeyFor(route) },
        },
      }
    }),
  )
  refuse('tickSchedules', problems)
  return schedules
}

type When = { readonly expression: string } | { readonly problem: string }

function rateOf(each: number): When {
  const minutes = each / MINUTE
  if (!Number.isInteger(minutes))
    return { problem: `its windows have ${each} ms: expected whole minutes, or the ticks of the workers` }
  const [size, unit] = UNITS.find(([size]) => minutes % size === 0) ?? [1, 'minute']
  const count = minutes / size
  return { expression: `rate(${count} ${unit}${count === 1 ? '' : 's'})` }
}

function cronOf(expression: string, delay: number): When {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = expression.trim().split(/\s+/)
  if (delay > 0) return { problem: "its cron has a 'delay': expected none, or the ticks of the workers" }
  if (day !== '*' && weekday !== '*')
    return {
      problem: `its cron '${expression}' has two days: expected one of them, or the ticks of the workers`,
    }
  const days = weekday === '*' ? [day, month, '?'] : ['?', month, weekdayOf(weekday)]
  return { expression: `cron(${[minute, hour, ...days].join(' ')} *)` }
}

/** Ours count from Sunday as 0, and have 7 for it as well, which a range may end with; Scheduler's from Sunday as 1. */
function weekdayOf(field: string): string {
  const days = field.split(',').flatMap((part) => {
    const [, from, step = 1] = /^(\d)-7(?:\/(\d+))?$/.exec(part) ?? []
    if (from === undefined) return part.replace(/(?<![#/\d])\d/g, weekday)
    const count = Math.floor((7 - Number(from)) / Number(step)) + 1
    return Array.from({ length: count }, (_, n) => weekday(Number(from) + n * Number(step)))
  })
  return [...new Set(days)].join(',')
}

const weekday = (day: number | string) => String((Number(day) % 7) + 1)

/** A schedule's name has 64 characters at most. */
function nameOf(application: string, route: string): string {
  return `tick-${sha256(`${application}/${route}`, 'hex').slice(0, 32)}`
}
