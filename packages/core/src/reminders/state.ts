/**
 * Owns the state of reminders: one item per reminder and key.
 *
 * ```
 *               schedule (newer)            fires, all routes ended; or too late
 *   (absent) ────────────────────> pending ─────────────────────────> handled
 *       │                           │  ▲ │                               │
 *       │ cancel                    │  │ └─ reschedule: next generation  │
 *       ▼                    cancel ▼  └──────── schedule (newer) ───────┤
 *   cancelled <─────────────────────┘ ───────── schedule (newer) ──> pending
 * ```
 *
 * The version of the event that last decided stays in the item, so that a late or repeated one changes nothing, in
 * whatever order they arrive. Each schedule and each move gets a new generation; a fired envelope of an older one is dropped.
 *
 * | field                 | holds                                                                                  |
 * |-----------------------|----------------------------------------------------------------------------------------|
 * | `status`              | `pending`, `cancelled` or `handled`                                                    |
 * | `generation`          | of the schedule that is pending, or was the last: the first of an item is the moment   |
 * |                       | of its event, which is greater than those of an item that expired before               |
 * | `min`, `max`, `clock` | the version of the event that last scheduled or cancelled                              |
 * | `at`, `dueAt`         | when that event was, and when the reminder is due; milliseconds since 1970             |
 * | `until`               | the last moment at which it may still be sent; absent if it is never too late          |
 * | `payload`             | what the handler will get                                                              |
 * | `on`                  | the scheduler that has the execution                                                   |
 * | `firing`              | true once a handler was about to get it, and of what is handled if one has had it: a   |
 * |                       | cancel comes too late                                                                  |
 * | `missed`              | true if it is handled because it was too late                                          |
 * | `move`                | the newest reschedule: its `min`, `max`, `clock`, `at` and `dueAt`                     |
 * | `retention`           | how long it is remembered once it has ended, in milliseconds                           |
 */

import type { Moment, Version } from '../declare/version.ts'
import { SpaceshipError } from '../errors.ts'
import { isRecord } from '../foreign.ts'
import type { Json, StateItem, StateStore, StateValue } from '../ports/index.ts'
import { shownKey } from '../state/index.ts'

/** While a reminder is pending its item outlives whatever may still send it: a stream keeps records for a year at most. Milliseconds. */
export const YEAR = 366 * 86_400_000

export type Status = 'pending' | 'cancelled' | 'handled'

/** An event that moved what is pending, or will move what an older event has yet to schedule. */
export interface Move extends Moment {
  readonly dueAt: number
}

export interface ReminderState extends Moment {
  readonly status: Status
  readonly generation: number
  /** Milliseconds since 1970, as is `until`. */
  readonly dueAt: number
  readonly until: number | undefined
  readonly payload: Json
  readonly on: string | undefined
  readonly firing: boolean
  readonly missed: boolean
  readonly move: Move | undefined
  /** Milliseconds; undefined of an item that an earlier build has written. */
  readonly retention: number | undefined
}

/** @throws SpaceshipError `state` for an item that is something else */
export function stateOf(key: string, item: StateItem): ReminderState {
  const { status, generation, dueAt, until, payload, on, firing, missed, move, retention } = item.value
  if (status !== 'pending' && status !== 'cancelled' && status !== 'handled') {
    throw new SpaceshipError(
      'state',
      `an item '${shownKey(key)}' is not a reminder's: another application may share the table under this name`,
    )
  }
  return {
    status,
    generation: numberIn(generation),
    ...momentIn(item.value),
    dueAt: numberIn(dueAt),
    until: knownIn(until),
    payload: payload ?? null,
    on: typeof on === 'string' ? on : undefined,
    firing: firing === true,
    missed: missed === true,
    move: isRecord(move) ? { ...momentIn(move), dueAt: numberIn(move.dueAt) } : undefined,
    retention: knownIn(retention),
  }
}

function momentIn({ min, max, clock, at }: StateValue): Moment {
  const version: Version = {
    min: numberIn(min),
    max: numberIn(max),
    ...(typeof clock === 'string' ? { clock } : {}),
  }
  return { version, at: numberIn(at) }
}

/** What is missing was never decided: it is older than everything. */
function numberIn(value: Json | undefined): number {
  return knownIn(value) ?? 0
}

function knownIn(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}

export async function load(store: Pick<StateStore, 'get'>, key: string): Promise<ReminderState | undefined> {
  const item = await store.get(key)
  return item && stateOf(key, item)
}

export function itemOf(state: ReminderState): StateValue {
  const { status, generation, dueAt, until, payload, on, firing, missed, move, retention } = state
  return {
    status,
    generation,
    ...fieldsOf(state),
    dueAt,
    ...(until === undefined ? {} : { until }),
    payload,
    ...(on === undefined ? {} : { on }),
    ...(firing ? { firing } : {}),
    ...(missed ? { missed } : {}),
    ...(move === undefined ? {} : { move: { ...fieldsOf(move), dueAt: move.dueAt } }),
    ...(retention === undefined ? {} : { retention }),
  }
}

function fieldsOf({ version: { min, max, clock }, at }: Moment): StateValue {
  return { min, max, ...(clock === undefined ? {} : { clock }), at }
}
