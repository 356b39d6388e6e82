/** Owns what a watch says, and how it stands in an item until somebody has taken it. */

import type { Json } from '@spaceship/core/ports'

/** What a watch says of its route, once for each change of how things stand. */
export interface WatchAlert {
  /** Equal for a repeat of the alert, and for nothing else of the application. */
  readonly id: string
  /**
   * | status    | the watch says                                         |
   * |-----------|--------------------------------------------------------|
   * | `firing`  | the value is too high; with `realert` also: it still is |
   * | `no-data` | nothing was measured, where `onNoData` is `'alert'`    |
   * | `over`    | all is quiet again                                     |
   */
  readonly status: 'firing' | 'over' | 'no-data'
  /** Of the last window; undefined if nothing was measured in it. */
  readonly value: number | undefined
  /** Of the last window: its beginning, as the tick has it. */
  readonly from: Date
  /** Of the last window: its end, not included. */
  readonly to: Date
  /** The beginning of the first window that was not quiet. */
  readonly since: Date
  /** Milliseconds from `since` to the end of the last window that was not quiet. */
  readonly lasted: number
}

/** Times are milliseconds since 1970. */
export function alertJson({ value, from, to, since, ...rest }: WatchAlert): Json {
  const times = { from: from.getTime(), to: to.getTime(), since: since.getTime() }
  return { ...rest, ...times, ...(value === undefined ? {} : { value }) }
}

/** Undefined if there is none. */
export function alertIn(json: unknown): WatchAlert | undefined {
  const { id, status, value, from, to, since, lasted } = Object(json)
  if (status !== 'firing' && status !== 'over' && status !== 'no-data') return undefined
  return {
    id: String(id),
    status,
    value: typeof value === 'number' ? value : undefined,
    from: new Date(from),
    to: new Date(to),
    since: new Date(since),
    lasted: Number(lasted),
  }
}
