/** Owns scheduling and cancelling: the handler factories that reactors use. What is decided stands in `state.ts`. */

import type { EventMeta } from '../declare/event.ts'
import type { NoExcess } from '../declare/excess.ts'
import { type Handler, handler, type Skip, skip } from '../declare/handler.ts'
import type { Reminder } from '../declare/reminder.ts'
import { fitted } from '../declare/schema.ts'
import { isBefore, type Moment, type Version } from '../declare/version.ts'
import { type Duration, milliseconds } from '../duration.ts'
import {
  type Clock,
  type Json,
  type ReferenceStore,
  type ReminderScheduler,
  type StateStore,
  systemClock,
} from '../ports/index.ts'
import {
  bare,
  callable,
  called,
  check,
  duration,
  like,
  port,
  required,
  type ShapesOf,
  text,
} from '../shapes.ts'
import { change, reminderKey } from '../state/index.ts'
import { sha256 } from '../wire/digest.ts'
import { encodeEnvelope, exact } from '../wire/index.ts'
import { itemOf, type ReminderState, stateOf } from './state.ts'

export interface RemindersOptions {
  /** The application whose routes handle the reminders when they are due. */
  readonly application: string
  readonly state: StateStore
  readonly scheduler: ReminderScheduler
  /** A cache of running executions, which spares `cancel` nothing but a read; correctness does not need it. */
  readonly references?: ReferenceStore
  /** @default the system's */
  readonly clock?: Clock
  /** A reminder that is scheduled this long after its due time (a replay) is skipped. @default '1d' */
  readonly maxLateness?: Duration
  /** How long a decision is remembered after its due time: longer than the stream's retention. @default '8d' */
  readonly retention?: Duration
  /** How far the clocks of two sources may differ: within it a cancel wins over a schedule of another source. @default '2s' */
  readonly maxClockSkew?: Duration
}

/** Handlers that schedule and cancel reminders. */
export interface Reminders {
  /**
   * Schedules the reminder, replacing one that is pending for the same key. The time counts from the event, not from now,
   * so that a repeat or a replay computes the same. The payload is kept as JSON: the handler throws `Permanent` for what that does not
   * carry (a Set, bytes, a Date, a bigint), with its path. A field beyond those of its schema does not compile.
   *
   * @throws ConfigurationError that lists every problem
   */
  schedule<Payload, Input, N extends string, E extends EventMeta, const X extends Input>(
    reminder: Reminder<Payload, Input, N>,
    options: { readonly in: Duration; readonly payload: (event: E) => X & NoExcess<X, Input> },
  ): Handler<E>
  /** Cancels what is pending for the key, also if the schedule has not arrived yet. @throws ConfigurationError likewise */
  cancel<Payload, Input, N extends string, E extends EventMeta>(
    reminder: Reminder<Payload, Input, N>,
    key: (event: E) => string,
  ): Handler<E>
}

export const REMINDERS = {
  options: bare({
    application: required(text('the name of the application that handles the reminders')),
    state: required(port('set', "the application's StateStore")),
    scheduler: required(port('start', 'a ReminderScheduler, for instance eventBridgeScheduler(...)')),
    references: port('set', 'a ReferenceStore'),
    clock: port('now', 'a Clock'),
    maxLateness: duration('1d'),
    retention: duration('8d'),
    maxClockSkew: duration('2s'),
  } satisfies ShapesOf<RemindersOptions>),
}

const DECLARED = required(
  like('what reminder() made', (reminder) => Object(Object(reminder).spec).kind === 'reminder'),
)

export const SCHEDULED = {
  reminder: DECLARED,
  options: bare({ in: required(duration('3d')), payload: required(callable) }),
}

export const CANCELLED = { reminder: DECLARED, key: required(callable) }

/**
 * Reminders on a scheduler, a state store and, if you like, a cache of references.
 *
 * @throws ConfigurationError that lists every problem
 */
export function createReminders(options: RemindersOptions): Reminders {
  check('reminders', REMINDERS, { options })
  const { application, maxLateness = '1d', retention = '8d', maxClockSkew = '2s' } = options
  const book: Book = {
    ...options,
    clock: options.clock ?? systemClock,
    maxLateness: milliseconds(maxLateness),
    retention: milliseconds(retention),
    maxClockSkew: milliseconds(maxClockSkew),
  }
  // One function for all routes: it is asked once.
  const checkAdapters = async () => {
    await Promise.all([book.state.check?.(), book.scheduler.check?.(), book.references?.check?.()])
  }
  return {
    schedule: (reminder, options) => {
      check(called('schedule', reminder?.name), SCHEDULED, { reminder, options })
      const { in: delay, payload } = options
      const wait = milliseconds(delay)
      const needs = [{ verb: 'schedules', target: reminder.name, application }]
      return handler({ effect: 'idempotent', needs, check: checkAdapters }, (event) =>
        schedule(book, reminder, event, event.at.getTime() + wait, payload(event)),
      )
    },
    cancel: (reminder, key) => {
      check(called('cancel', reminder?.name), CANCELLED, { reminder, key })
      const needs = [{ verb: 'cancels', target: reminder.name }]
      return handler({ effect: 'idempotent', needs, check: checkAdapters }, (event) =>
        cancel(book, reminder.name, key(event), momentOf(event)),
      )
    },
  }
}

interface Book extends RemindersOptions {
  readonly clock: Clock
  readonly maxLateness: number
  readonly retention: number
  readonly maxClockSkew: number
}

async function schedule<P, I, N extends string>(
  book: Book,
  reminder: Reminder<P, I, N>,
  event: EventMeta,
  dueAt: number,
  payload: unknown,
): Promise<Skip | undefined> {
  const what = `the payload of the reminder '${reminder.name}'`
  const fit = await fitted(reminder.spec.schema, payload, what)
  // Stores keep JSON. A payload that it does not carry is refused now, not as the reminder is due.
  const kept = exact(payload, what) as Json // what `exact` makes is what JSON holds
  if (dueAt + book.maxLateness < book.clock.now()) return skip('due long ago')
  const name = reminder.spec.keyOf(fit)
  const key = reminderKey(book.application, reminder.name, name)
  const expiresAt = new Date(Math.max(dueAt, book.clock.now()) + book.retention)
  const moment = momentOf(event)
  // The store is told first: an execution without state fires into nothing, state without an execution is started again by the retry.
  // The payload is stored as it was given; firing parses it again.
  const decided = await change<Scheduled | undefined>(book.state, key, (item) => {
    const found = item && stateOf(key, item)
    if (found !== undefined && !isNews(moment, found, book.maxClockSkew))
      return { keep: true, result: undefined }
    const repeated = found?.status === 'pending' && isRepeat(event.version, dueAt, found)
    const state: ReminderState = {
      status: 'pending',
      generation: (found?.generation ?? 0) + (repeated ? 0 : 1),
      ...moment,
      dueAt,
      payload: kept,
      reference: undefined,
    }
    const replaced = !repeated && found?.status === 'pending' ? found : undefined
    return { write: itemOf(state), expiresAt, result: { state, replaced } }
  })
  if (decided.result === undefined) return skip('a newer event has decided')
  const { state, replaced } = decided.result
  const reference = await book.scheduler.start({
    name: executionName(key, state.generation),
    dueAt: new Date(dueAt),
    ...address(book, reminder.name, name, state.generation),
  })
  const written = { value: itemOf(state), version: decided.version ?? '' }
  await change(
    book.state,
    key,
    (item) =>
      item?.version === written.version
        ? { write: itemOf({ ...state, reference }), expiresAt, result: undefined }
        : { keep: true, result: undefined },
    written,
  )
  await book.references?.set(key, reference, Math.max(0, expiresAt.getTime() - book.clock.now()))
  // The old execution would only be dropped by its generation; stopping it saves its cost.
  if (replaced !== undefined) await stop(book, key, replaced)
  return undefined
}

interface Scheduled {
  readonly state: ReminderState
  /** What was pending before, under another generation. */
  readonly replaced: ReminderState | undefined
}

async function cancel(book: Book, reminder: string, name: string, moment: Moment): Promise<Skip | undefined> {
  const key = reminderKey(book.application, reminder, name)
  const { result: before } = await change<ReminderState | undefined>(book.state, key, (item) => {
    const found = item && stateOf(key, item)
    // In a tie the cancel wins: not reminding is the smaller mistake.
    if (found !== undefined && isBefore(moment, found, book.maxClockSkew))
      return { keep: true, result: undefined }
    const state: ReminderState = found ?? {
      status: 'cancelled',
      generation: 0,
      ...moment,
      dueAt: 0,
      payload: null,
      reference: undefined,
    }
    const expiresAt = new Date(Math.max(state.dueAt, book.clock.now()) + book.retention)
    return { write: itemOf({ ...state, status: 'cancelled', ...moment }), expiresAt, result: state }
  })
  if (before === undefined) return skip('a newer event has decided')
  if (before.status === 'pending') {
    const cached = await book.references?.get(key)
    await stop(book, key, cached === undefined ? before : { ...before, reference: cached })
    await book.references?.delete(key)
  }
  return undefined
}

function momentOf({ version, at }: EventMeta): Moment {
  return { version, at: at.getTime() }
}

/** Whether a schedule may change what stands. Ties: stream order decides between schedules, a cancel or handling stands. */
function isNews(moment: Moment, state: ReminderState, skew: number): boolean {
  if (isBefore(moment, state, skew)) return false
  return isBefore(state, moment, skew) || state.status === 'pending'
}

function isRepeat(version: Version, dueAt: number, state: ReminderState): boolean {
  return version.min === state.version.min && dueAt === state.dueAt
}

async function stop(book: Book, key: string, { reference, generation }: ReminderState): Promise<void> {
  await book.scheduler.stop(reference ?? executionName(key, generation))
}

function address({ application }: Book, reminder: string, key: string, generation: number) {
  return {
    envelope: encodeEnvelope({ kind: 'reminder', application, reminder, key, generation }),
    partitionKey: sha256(`${reminder}/${key}`, 'hex').slice(0, 32),
  }
}

/** Safe for every scheduler's rules for names, equal for a repeat, another for each generation. */
function executionName(key: string, generation: number): string {
  return `reminder-${sha256(key, 'hex').slice(0, 32)}-g${generation}`
}
