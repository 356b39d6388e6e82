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
 */

import type { Version } from '../declare/version.ts'
import { SpaceshipError } from '../errors.ts'
import type { Json, StateStore } from '../ports/index.ts'

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

export interface Found {
  readonly state: ReminderState
  readonly version: string
}

export async function load(store: StateStore, key: string): Promise<Found | undefined> {
  const item = await store.get(key)
  if (item === undefined) return undefined
  const { status, generation, min, max, clock, at, dueAt, payload, reference } = item.value
  if (status !== 'pending' && status !== 'cancelled' && status !== 'handled') {
    throw new SpaceshipError(
      'state',
      `the item '${key}' is not a reminder's: another application may share the table under this name`,
    )
  }
  const state: ReminderState = {
    status,
    generation: Number(generation),
    version: { min: Number(min), max: Number(max), ...(typeof clock === 'string' ? { clock } : {}) },
    at: Number(at),
    dueAt: Number(dueAt),
    payload: payload ?? null,
    reference: typeof reference === 'string' ? reference : undefined,
  }
  return { state, version: item.version }
}

/** Writes if the item is still as it was found. @returns the new version, or undefined if someone was faster */
export async function save(
  store: StateStore,
  key: string,
  state: ReminderState,
  options: { readonly found: Found | undefined; readonly expiresAt: Date },
): Promise<string | undefined> {
  const { status, generation, version, at, dueAt, payload, reference } = state
  const value = {
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
  const result = await store.set(key, value, { expect: options.found?.version, expiresAt: options.expiresAt })
  return result.ok ? result.version : undefined
}
