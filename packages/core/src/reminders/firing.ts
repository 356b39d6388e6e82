/** Owns what happens when a reminder comes due: whether it still holds, and the event its routes get. */

import type { Due, EntitySpec, Origin, ReminderSpec, Row } from '../declare/event.ts'
import { differenceFrom } from '../declare/marks.ts'
import { fitted } from '../declare/schema.ts'
import type { Log } from '../log/index.ts'
import type { Clock, EntityReader, StateItem, StateStore } from '../ports/index.ts'
import { change, reminderKey } from '../state/index.ts'
import { Permanent, RetryAfter } from '../verdicts.ts'
import type { ReminderEnvelope } from '../wire/index.ts'
import { MOST_EARLY } from './early.ts'
import { itemOf, type ReminderState, stateOf, YEAR } from './state.ts'

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
  const key = reminderKey(settings.application, envelope.reminder, envelope.key)
  const item = await settings.state.get(key)
  if (item === undefined) {
    if (letter !== undefined)
      throw new Permanent('the state of the reminder has expired, and its payload with it')
    settings.logger.warn('an envelope named a reminder that does not exist', {
      details: { reminder: envelope.reminder },
    })
    return skip('no such reminder')
  }
  const state = stateOf(key, item)
  if (state.generation !== envelope.generation) return skip('scheduled again since')
  const again = letter !== undefined && state.status === 'handled'
  if (state.status !== 'pending' && !again) return skip(reasonOf(state))
  const now = settings.clock.now()
  const early = state.dueAt - now
  if (early > MOST_EARLY) {
    settings.logger.warn('an envelope came long before its reminder is due', {
      details: { reminder: envelope.reminder },
    })
    return skip('not due yet')
  }
  if (early > 0) throw new RetryAfter(early)
  // What was begun in time is ended, and what somebody asks for again is not too late.
  const isLate = state.until !== undefined && now > state.until && !state.firing && !again
  if (isLate) return { kind: 'skip', reason: await missed(envelope, item, settings) }
  const { spec, name } = want
  const payload = await fitted(spec.schema, state.payload, `the payload of the reminder '${name}'`)
  if (spec.unless !== undefined) {
    const row = await rowOf(spec.unless.entity, spec.unless.keyOf(payload), settings)
    if (row === undefined) return skip('its row is gone')
    if (spec.unless.when(row)) return skip('no longer wanted')
  }
  // The last step before the handler: a cancel that comes first is obeyed, one that comes later is told that it is too late.
  const stopped = again || state.firing ? undefined : await markFiring(envelope, item, settings)
  if (stopped !== undefined) return skip(stopped)
  const event: Due<unknown> = {
    name,
    id: `${name}/${envelope.key}/${envelope.generation}`,
    at: new Date(state.dueAt),
    version: state.version,
    // An envelope has no room for a long one.
    key: spec.keyOf(payload),
    source: origin,
    by: 'user',
    payload,
    dueAt: new Date(state.dueAt),
  }
  return { kind: 'event', event }
}

function reasonOf({ status, missed }: ReminderState): string {
  return missed ? MISSED : status
}

const MISSED = 'missed: it was due too long ago'

/** @returns why the handler must not get it; undefined if it may */
async function markFiring(
  envelope: ReminderEnvelope,
  seen: StateItem,
  settings: FiringSettings,
): Promise<string | undefined> {
  const decide = (known: ReminderState | undefined) => {
    if (known === undefined) return { result: 'it was forgotten' }
    if (known.generation !== envelope.generation) return { result: 'scheduled again since' }
    if (known.status !== 'pending') return { result: reasonOf(known) }
    return known.firing ? { result: undefined } : { write: { ...known, firing: true }, result: undefined }
  }
  return await changeState<string | undefined>(envelope, settings, decide, seen)
}

/** @returns the reason of the skip */
async function missed(
  envelope: ReminderEnvelope,
  seen: StateItem,
  settings: FiringSettings,
): Promise<string> {
  const decide = (known: ReminderState | undefined) =>
    known?.status === 'pending' && known.generation === envelope.generation && !known.firing
      ? { write: { ...known, status: 'handled', missed: true } as const, result: MISSED }
      : { result: MISSED }
  return await changeState(envelope, settings, decide, seen)
}

/** Remembers that every route has handled this generation. Losing to a newer schedule or a cancel is fine. */
export async function markHandled(envelope: ReminderEnvelope, settings: FiringSettings): Promise<void> {
  await changeState(envelope, settings, (known) => {
    const isDone = known?.status !== 'pending' || known.generation !== envelope.generation
    // Not by an envelope that was skipped because it came long before its time.
    if (isDone || known.dueAt > settings.clock.now()) return { result: undefined }
    return { write: { ...known, status: 'handled' }, result: undefined }
  })
}

/** @param seen what was read before, which saves a request if nobody has written since */
async function changeState<T>(
  envelope: ReminderEnvelope,
  { application, state, clock, retention }: FiringSettings,
  decide: (known: ReminderState | undefined) => { readonly write?: ReminderState; readonly result: T },
  seen: StateItem | 'unknown' = 'unknown',
): Promise<T> {
  const key = reminderKey(application, envelope.reminder, envelope.key)
  const changed = await change<T>(
    state,
    key,
    (item) => {
      const { write, result } = decide(item && stateOf(key, item))
      if (write === undefined) return { keep: true, result }
      // What is pending stays until it has ended, whenever its routes get through.
      const own = write.retention ?? retention
      const kept = write.status === 'pending' ? Math.max(own, YEAR) : own
      return { write: itemOf(write), expiresAt: new Date(clock.now() + kept), result }
    },
    seen,
  )
  return changed.result
}

async function rowOf(entity: EntitySpec, key: Row, { entities }: FiringSettings): Promise<unknown> {
  // The engine's construction demanded a reader for reminders with `unless`.
  const raw = await entities?.read(entity.table, key, entity.numbers)
  // A row of another kind in a shared table is none of the entity's.
  if (raw === undefined || (entity.when && differenceFrom(entity.when, raw))) return undefined
  return fitted(
    entity.schema,
    entity.upgrade === undefined ? raw : entity.upgrade(raw),
    `the row of ${entity.name}`,
  )
}
