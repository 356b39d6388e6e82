/**
 * Owns the state of reminders: one item per reminder and key.
 *
 * ```
 *               schedule (newer)            fires, all routes ended
 *   (absent) ────────────────────> pending ─────────────────────────> handled
 *       │                           │  ▲                                 │
 *       │ cancel                    │  └──────── schedule (newer) ───────┤
 *       ▼                    cancel ▼                                    │
 *   cancelled <─────────────────────┘ ───────── schedule (newer) ──> pending
 * ```
 *
 * The version of the event that last decided stays in the item, so that a late or repeated one changes nothing, in
 * whatever order they arrive. Each schedule gets a new generation; a fired envelope of an older one is dropped.
 *
 * | field                 | holds                                                                                  |
 * |-----------------------|----------------------------------------------------------------------------------------|
 * | `status`              | `pending`, `cancelled` or `handled`                                                    |
 * | `generation`          | of the schedule that is pending, or was the last                                       |
 * | `min`, `max`, `clock` | the version of the event that last decided                                             |
 * | `at`, `dueAt`         | when that event was, and when the reminder is due; milliseconds since 1970             |
 * | `payload`             | what the handler will get                                                              |
 * | `reference`           | what the scheduler called the execution; absent if starting it was interrupted         |
 */

import type { Version } from '../declare/version.ts'
import { SpaceshipError } from '../errors.ts'
import type { Json, StateItem, StateStore, StateValue } from '../ports/index.ts'
import { shownKey } from '../state/index.ts'

export type Status = 'pending' | 'cancelled' | 'handled'

export interface ReminderState {
  readonly status: Status
  readonly generation: number
  readonly version: Version
  /** When the event was that last decided. Milliseconds since 1970. */
  readonly at: number
  /** Milliseconds since 1970. */
  readonly dueAt: number
  readonly payload: Json
  /** What the scheduler called the execution; absent if starting it was interrupted. */
  readonly reference: string | undefined
}

/** @throws SpaceshipError `state` for an item that is something else */
export function stateOf(key: string, item: StateItem): ReminderState {
  const { status, generation, min, max, clock, at, dueAt, payload, reference } = item.value
  if (status !== 'pending' && status !== 'cancelled' && status !== 'handled') {
    throw new SpaceshipError(
      'state',
      `an item '${shownKey(key)}' is not a reminder's: another application may share the table under this name`,
    )
  }
  return {
    status,
    generation: numberIn(generation),
    version: { min: numberIn(min), max: numberIn(max), ...(typeof clock === 'string' ? { clock } : {}) },
    at: numberIn(at),
    dueAt: numberIn(dueAt),
    payload: payload ?? null,
    reference: typeof reference === 'string' ? reference : undefined,
  }
}

/** What is missing was never decided: it is older than everything. */
function numberIn(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0
}

export async function load(store: Pick<StateStore, 'get'>, key: string): Promise<ReminderState | undefined> {
  const item = await store.get(key)
  return item && stateOf(key, item)
}

export function itemOf(state: ReminderState): StateValue {
  const { status, generation, version, at, dueAt, payload, reference } = state
  return {
    status,
    generation,
    min: version.min,
    max: version.max,
    ...(version.clock === undefined ? {} : { clock: version.clock }),
    at,
    dueAt,
    payload,
    ...(reference === undefined ? {} : { reference }),
  }
}
