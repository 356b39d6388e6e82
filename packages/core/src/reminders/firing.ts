/** Owns what happens when a reminder comes due: whether it still holds, and the event its routes get. */

import type { Due, EntitySpec, Origin, ReminderSpec, Row } from '../declare/event.ts'
import { fitted } from '../declare/schema.ts'
import type { Log } from '../log/index.ts'
import type { Clock, EntityReader, StateStore } from '../ports/index.ts'
import { change, reminderKey } from '../state/index.ts'
import { Permanent, RetryAfter } from '../verdicts.ts'
import type { ReminderEnvelope } from '../wire/index.ts'
import { itemOf, load, stateOf } from './state.ts'

export interface FiringSettings {
  readonly application: string
  readonly state: StateStore
  readonly entities: EntityReader | undefined
  readonly clock: Clock
  readonly logger: Log
  readonly retention: number
}

export interface Fired {
  readonly envelope: ReminderEnvelope
  readonly want: { readonly name: string; readonly spec: ReminderSpec }
  readonly origin: Origin
  /** The dead letter that is redriven: it was handled, but for what was given up on. */
  readonly letter?: { readonly id: string }
}

type Resolved =
  | { readonly kind: 'event'; readonly event: Due<unknown> }
  | { readonly kind: 'skip'; readonly reason: string }

/**
 * How far a scheduler's clock may be ahead: the record waits that long. Schedulers never fire early, so what comes before is
 * someone else's; waiting for it would hold the shard until the reminder (or tick) is due.
 */
export const MOST_EARLY = 300_000

const skip = (reason: string): Resolved => ({ kind: 'skip', reason })

/**
 * Reads the reminder's state and, if it has an `unless`, the row that decides, both strongly.
 *
 * @throws SpaceshipError `schema` if the payload or the row no longer fits its schema, `permanent` if a letter's state has expired
 */
export async function resolveReminder(
  { envelope, want, origin, letter }: Fired,
  settings: FiringSettings,
): Promise<Resolved> {
  const state = await load(settings.state, reminderKey(settings.application, envelope.reminder, envelope.key))
  if (state === undefined) {
    if (letter !== undefined)
      throw new Permanent('the state of the reminder has expired, and its payload with it')
    settings.logger.warn('an envelope named a reminder that does not exist', {
      details: { reminder: envelope.reminder },
    })
    return skip('no such reminder')
  }
  if (state.generation !== envelope.generation) return skip('scheduled again since')
  const again = letter !== undefined && state.status === 'handled'
  if (state.status !== 'pending' && !again) return skip(state.status)
  const early = state.dueAt - settings.clock.now()
  if (early > MOST_EARLY) {
    settings.logger.warn('an envelope came long before its reminder is due', {
      details: { reminder: envelope.reminder },
    })
    return skip('not due yet')
  }
  if (early > 0) throw new RetryAfter(early)

  const { spec, name } = want
  const payload = await fitted(spec.schema, state.payload, `the payload of the reminder '${name}'`)
  if (spec.unless !== undefined) {
    const row = await rowOf(spec.unless.entity, spec.unless.keyOf(payload), settings)
    if (row === undefined) return skip('its row is gone')
    if (spec.unless.when(row)) return skip('no longer wanted')
  }
  const event: Due<unknown> = {
    name,
    id: `${name}/${envelope.key}/${envelope.generation}`,
    at: new Date(state.dueAt),
    version: state.version,
    key: envelope.key,
    source: origin,
    by: 'user',
    payload,
    dueAt: new Date(state.dueAt),
  }
  return { kind: 'event', event }
}

/** Remembers that every route has handled this generation. Losing to a newer schedule or a cancel is fine. */
export async function markHandled(
  envelope: ReminderEnvelope,
  { application, state, clock, retention }: FiringSettings,
): Promise<void> {
  const key = reminderKey(application, envelope.reminder, envelope.key)
  await change(state, key, (item) => {
    const known = item && stateOf(key, item)
    const isDone = known?.status !== 'pending' || known.generation !== envelope.generation
    // Not by an envelope that was skipped because it came long before its time.
    if (isDone || known.dueAt > clock.now()) return { keep: true, result: undefined }
    const expiresAt = new Date(clock.now() + retention)
    return { write: itemOf({ ...known, status: 'handled' }), expiresAt, result: undefined }
  })
}

async function rowOf(entity: EntitySpec, key: Row, { entities }: FiringSettings): Promise<unknown> {
  // The engine's construction demanded a reader for reminders with `unless`.
  const raw = await entities?.read(entity.table, key, entity.numbers)
  if (raw === undefined) return undefined
  return fitted(
    entity.schema,
    entity.upgrade === undefined ? raw : entity.upgrade(raw),
    `the row of ${entity.name}`,
  )
}
