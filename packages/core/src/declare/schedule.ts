/** Owns what users write of schedules. */

import { type Duration, milliseconds } from '../duration.ts'
import { choice, closed, duration, like, type ShapesOf } from '../shapes.ts'
import type { EventDef, EventMeta, ScheduleSpec } from './event.ts'
import type { Cron } from './windows.ts'

/** A window of time has passed. Each one is handled once, in order, whoever put the tick and however often. */
export interface Tick extends EventMeta<'tick'> {
  /** Included; with `overlap`, as much earlier. */
  readonly from: Date
  /** Not included. */
  readonly to: Date
}

export type Every = EveryOptions & (EachWindow | CronWindow)

export interface EachWindow {
  /** The length of a window. Windows begin at multiples of it, counted from 1970. */
  readonly each: Duration
  readonly cron?: undefined
}

export interface CronWindow {
  /** Windows end when it says: each begins where the one before it ended. */
  readonly cron: Cron
  readonly each?: undefined
}

export interface EveryOptions {
  /** How long after its end a window is handled, so that late data is in it. @default 0 */
  readonly delay?: Duration
  /** How much of the time before it a window shows again, for data that comes later still. @default 0 */
  readonly overlap?: Duration
  /**
   * After a pause (an outage, a late deploy): `'latest'` handles the last window only, `'all'` each one that was missed.
   * @default 'latest'
   */
  readonly catchUp?: 'latest' | 'all'
  /**
   * How a worker's own ticks come: on the stream, behind the records before them, or directly, so that an alarm does not sleep behind a
   * stream that lags. A function takes both: it is invoked with the tick itself.
   * @default 'stream'
   */
  readonly via?: 'stream' | 'direct'
}

export const SCHEDULE = closed({
  each: duration('5m', 1_000),
  cron: like("what cron() of '@spaceship/core/cron' made", (cron) => typeof Object(cron).next === 'function'),
  delay: duration('30s'),
  overlap: duration('30s'),
  catchUp: choice('latest', 'all'),
  via: choice('stream', 'direct'),
} satisfies ShapesOf<Record<keyof EveryOptions | 'each' | 'cron', unknown>>)

/** What no single field can tell. */
export function scheduleProblems(schedule: unknown): string[] {
  const { each, cron } = Object(schedule)
  if ((each === undefined) !== (cron === undefined)) return []
  return each === undefined
    ? ["'each' is missing: expected a duration such as '5m', or 'cron'"]
    : ["'each' and 'cron' are given: expected one of them"]
}

export function ticking(id: string, { each, cron, delay = 0, overlap = 0, ...more }: Every): EventDef<Tick> {
  const { catchUp = 'latest', via = 'stream' } = more
  const spec: ScheduleSpec = {
    kind: 'schedule',
    // One of the two was given.
    windows: cron ?? milliseconds(each ?? 0),
    delay: milliseconds(delay),
    overlap: milliseconds(overlap),
    catchUp,
    via,
  }
  return { name: id, spec }
}
