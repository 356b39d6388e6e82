/**
 * Owns how a watch stands: one item for its route, `APP/watch/REACTOR/ROUTE`.
 *
 * ```
 *          a value that is too high                a value that is not
 *   ok ────────────────────────────> firing ─────────────────────────────> ok
 *    │                                ▲  │                                  ▲
 *    │ no value (onNoData: 'alert')   │  ▼                                  │
 *    └────────────────────────────> no-data ────────────────────────────────┘
 * ```
 *
 * An alert is written before it is told, and taken out once it has been: whoever dies in between leaves it to the next attempt, word for word.
 *
 * | field       | holds                                                                                     |
 * |-------------|-------------------------------------------------------------------------------------------|
 * | `status`    | `ok`, `firing` or `no-data`                                                               |
 * | `to`        | the end of the last window that was looked at; milliseconds since 1970, as all times here |
 * | `since`     | the beginning of the first window that was not `ok`; absent while it is                   |
 * | `until`     | the end of the last window that was not `ok`; likewise                                    |
 * | `alertedAt` | the end of the window of the last alert; likewise                                         |
 * | `pending`   | an alert that has yet to be told: `id`, `status`, `value`, `from`, `to`, `since`, `lasted` |
 */

import type { StateValue } from '@spaceship/core/ports'
import { alertIn, alertJson, type WatchAlert } from './alert.ts'

/** Times are milliseconds since 1970. */
export type Standing =
  | { readonly status: 'ok'; readonly to: number }
  | {
      readonly status: 'firing' | 'no-data'
      readonly to: number
      readonly since: number
      readonly until: number
      readonly alertedAt: number
    }

export interface Item {
  readonly standing: Standing
  /** What has yet to be told. */
  readonly pending: WatchAlert | undefined
}

export function itemIn(value: StateValue): Item {
  const { status, to, since, until, alertedAt, pending } = value
  const end = Number(to)
  if (status !== 'firing' && status !== 'no-data')
    return { standing: { status: 'ok', to: end }, pending: alertIn(pending) }
  const lasting = { since: Number(since), until: Number(until), alertedAt: Number(alertedAt) }
  return { standing: { status, to: end, ...lasting }, pending: alertIn(pending) }
}

export function stateOf({ standing, pending }: Item): StateValue {
  return { ...standing, ...(pending === undefined ? {} : { pending: alertJson(pending) }) }
}
