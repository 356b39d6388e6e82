import { type Duration, milliseconds } from '../duration.ts'
import { choice, closed, duration, required, type ShapesOf } from '../shapes.ts'
import type { EventDef, EventMeta, ScheduleSpec } from './event.ts'

/** A window of time has passed. Each one is handled once, in order, whoever put the tick and however often. */
export interface Tick extends EventMeta<'tick'> {
  /** Included. */
  readonly from: Date
  /** Not included. */
  readonly to: Date
}

export interface Every {
  /** The length of a window. Windows begin at multiples of it, counted from 1970. */
  readonly each: Duration
  /** How long after its end a window is handled, so that late data is in it. @default 0 */
  readonly delay?: Duration
  /**
   * After a pause (an outage, a late deploy): `'latest'` handles the last window only, `'all'` each one that was missed.
   * @default 'latest'
   */
  readonly catchUp?: 'latest' | 'all'
}

export const SCHEDULE = closed({
  each: required(duration('5m', 1_000)),
  delay: duration('30s'),
  catchUp: choice('latest', 'all'),
} satisfies ShapesOf<Every>)

export function ticking(id: string, { each, delay = 0, catchUp = 'latest' }: Every): EventDef<Tick> {
  const spec: ScheduleSpec = {
    kind: 'schedule',
    each: milliseconds(each),
    delay: milliseconds(delay),
    catchUp,
  }
  return { name: id, spec }
}
