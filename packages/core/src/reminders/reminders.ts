/** Owns what users call: handler factories for reactors, and direct calls for services. What they decide stands in `decide.ts`. */

import type { EventMeta } from '../declare/event.ts'
import type { NoExcess } from '../declare/excess.ts'
import { type Context, type Handler, handler, type Skip, skip } from '../declare/handler.ts'
import type { Reactor } from '../declare/reactor.ts'
import type { Reminder } from '../declare/reminder.ts'
import { type Duration, milliseconds } from '../duration.ts'
import {
  type Clock,
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
  closed,
  duration,
  like,
  port,
  record,
  required,
  type ShapesOf,
  text,
} from '../shapes.ts'
import { type Book, cancelIn, moveIn } from './book.ts'
import { boundProblems, type Needed } from './bounds.ts'
import { CANNOT_LIST } from './calendar.ts'
import { callsOf, type ReminderCalls, scheduleOne } from './calls.ts'
import type { Decision } from './decide.ts'
import { deskOf, type ReminderDesk } from './desk.ts'
import { dueFor, dueProblems, WHEN_OF, type WhenOf } from './due.ts'
import { type SchedulerMove, schedulersOf } from './schedulers.ts'
import { SWEEPER, type SweeperOptions, sweeperOf } from './sweeper.ts'

interface CommonOptions {
  /** The application whose routes handle the reminders when they are due. */
  readonly application: string
  readonly state: StateStore
  /** A cache of running executions; correctness does not need it, and it may forget. @default the names are computed */
  readonly references?: ReferenceStore
  /** @default the system's */
  readonly clock?: Clock
  /**
   * A reminder that is later than this is not sent: neither one whose event came so long after it was due, nor one that fires so late. It
   * counts as missed. @default it is sent however late
   */
  readonly maxLateness?: Duration
  /**
   * How long a decision is remembered after its due time: longer than the stream's retention. A schedule that is older was decided
   * before, or is no longer wanted: it is skipped. @default '8d'
   */
  readonly retention?: Duration
  /** How far the clocks of two sources may differ: within it a cancel wins over a schedule of another source. @default '2s' */
  readonly maxClockSkew?: Duration
}

/** One scheduler, or two while the application moves from one to the other. */
export type RemindersOptions = CommonOptions &
  (
    | { readonly scheduler: ReminderScheduler; readonly schedulers?: undefined }
    | {
        /** A move: what is new goes to `to`; what waits in `from` stays there until it fires, is moved or cancelled. */
        readonly schedulers: SchedulerMove
        readonly scheduler?: undefined
      }
  )

/** Handlers that schedule, move and cancel reminders, and the same as calls. */
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
    options: WhenOf<E> & Needed & { readonly payload: (event: E) => X & NoExcess<X, Input> },
  ): Handler<E>
  /** Cancels what is pending for the key, also if the schedule has not arrived yet. @throws ConfigurationError likewise */
  cancel<Payload, Input, N extends string, E extends EventMeta>(
    reminder: Reminder<Payload, Input, N>,
    key: (event: E) => string,
  ): Handler<E>
  /**
   * Moves what is pending for the key to another time, also if the schedule has not arrived yet; the payload stays. A schedule of a newer
   * event decides anew.
   *
   * @throws ConfigurationError likewise
   */
  reschedule<Payload, Input, N extends string, E extends EventMeta>(
    reminder: Reminder<Payload, Input, N>,
    options: WhenOf<E> & Needed & { readonly key: (event: E) => string },
  ): Handler<E>
  /**
   * The same as calls, for services and scripts. A call is a command: it is later than all that stands. With the event of a handler it is
   * as of that event instead: time counts from the event, and a repeat of it changes nothing.
   *
   * @throws ConfigurationError for what is no reminder
   */
  of<Payload, Input, N extends string>(
    reminder: Reminder<Payload, Input, N>,
    event?: EventMeta,
  ): ReminderCalls<Payload, Input>
  /**
   * A reactor that finds reminders whose execution is gone (deleted by hand, expired on the stream while no worker ran, handled by a
   * version that did not know them) and sends them. Run it beside the others. It needs a state store that can list.
   *
   * @throws ConfigurationError for a store that cannot, and for options that make no sense
   */
  sweeper(options: SweeperOptions): Reactor
  /** What an operator does, by names: `spaceship reminders` is made of it. */
  readonly desk: ReminderDesk
}

const SCHEDULER = port('start', 'a ReminderScheduler, for instance stepFunctions(...)')

export const REMINDERS = {
  options: bare({
    application: required(text('the name of the application that handles the reminders')),
    state: required(port('set', "the application's StateStore")),
    scheduler: SCHEDULER,
    schedulers: record({
      from: required(SCHEDULER),
      to: required(SCHEDULER),
    } satisfies ShapesOf<SchedulerMove>),
    references: port('set', 'a ReferenceStore'),
    clock: port('now', 'a Clock'),
    maxLateness: duration('1h'),
    retention: duration('8d'),
    maxClockSkew: duration('2s'),
  }),
}

const DECLARED = required(
  like('what reminder() made', (reminder) => Object(Object(reminder).spec).kind === 'reminder'),
)

const PRECISION = { precision: duration('5s', 1) }

export const SCHEDULED = {
  reminder: DECLARED,
  options: closed({ ...WHEN_OF, ...PRECISION, payload: required(callable) }),
}

export const MOVED = {
  reminder: DECLARED,
  options: closed({ ...WHEN_OF, ...PRECISION, key: required(callable) }),
}

export const CANCELLED = { reminder: DECLARED, key: required(callable) }

export const CALLED = { reminder: DECLARED }

/**
 * Reminders on a scheduler, a state store and, if you like, a cache of references.
 *
 * @throws ConfigurationError that lists every problem
 */
export function createReminders(options: RemindersOptions): Reminders {
  check('reminders', REMINDERS, { options }, () => oneScheduler(options))
  const { application, state, references, maxLateness, retention = '8d', maxClockSkew = '2s' } = options
  const book: Book = {
    application,
    state,
    references,
    schedulers: schedulersOf(options.schedulers ?? { to: options.scheduler }),
    clock: options.clock ?? systemClock,
    maxLateness: maxLateness === undefined ? undefined : milliseconds(maxLateness),
    retention: milliseconds(retention),
    maxClockSkew: milliseconds(maxClockSkew),
  }
  // One function for all routes: it is asked once.
  const checkAdapters = async () => {
    const schedulers = book.schedulers.all.map((scheduler) => scheduler.check?.())
    await Promise.all([state.check?.(), ...schedulers, references?.check?.()])
  }
  const grants = book.schedulers.all.flatMap((scheduler) => scheduler.grants ?? [])
  const makes = (verb: string, { name }: Reminder<unknown>) => ({
    effect: 'idempotent' as const,
    needs: [
      {
        ...{ verb, target: name, ...(verb === 'cancels' ? {} : { application }) },
        ...(grants.length > 0 && { grants }),
      },
    ],
    check: checkAdapters,
  })

  const self: Reminders = {
    schedule: (reminder, options) => {
      const what = called('schedule', reminder?.name)
      check(what, SCHEDULED, { reminder, options }, () => whenProblems(options, book))
      return handler(makes('schedules', reminder), async (event, { log }: Context) => {
        const dueAt = dueFor(options, event, event.at.getTime(), what)
        const payload = options.payload(event)
        return answerOf(await scheduleOne(book, reminder, { dueAt, payload }, { event, log }))
      })
    },
    reschedule: (reminder, options) => {
      const what = called('reschedule', reminder?.name)
      check(what, MOVED, { reminder, options }, () => whenProblems(options, book))
      return handler(makes('moves', reminder), async (event, { log }: Context) => {
        const dueAt = dueFor(options, event, event.at.getTime(), what)
        const which = { reminder: reminder.name, key: options.key(event) }
        const asking = { event, log }
        return answerOf(
          dueAt === undefined
            ? await cancelIn(book, which, asking)
            : await moveIn(book, which, dueAt, asking),
        )
      })
    },
    cancel: (reminder, key) => {
      check(called('cancel', reminder?.name), CANCELLED, { reminder, key })
      return handler(makes('cancels', reminder), async (event, { log }: Context) =>
        answerOf(await cancelIn(book, { reminder: reminder.name, key: key(event) }, { event, log })),
      )
    },
    of: (reminder, event) => {
      check('reminders.of', CALLED, { reminder })
      return callsOf(book, reminder, event)
    },
    sweeper: (options) => {
      check('sweeper', SWEEPER, { options }, () => (state.list === undefined ? [CANNOT_LIST] : []))
      return sweeperOf(book, options)
    },
    desk: deskOf(book),
  }
  return self
}

function oneScheduler(options: RemindersOptions): string[] {
  const { scheduler, schedulers }: Partial<RemindersOptions> = Object(options)
  if (scheduler === undefined && schedulers === undefined)
    return [
      "'scheduler' is missing: expected a ReminderScheduler, or 'schedulers' with two of them during a move",
    ]
  if (scheduler !== undefined && schedulers !== undefined)
    return ["'scheduler' and 'schedulers' are given: expected one of them"]
  const names = [schedulers?.from, schedulers?.to].map((one) => one?.capabilities?.name)
  return schedulers !== undefined && names[0] === names[1]
    ? [
        `'schedulers' are both '${names[0]}': expected two kinds; a move within one kind needs none, since names stay`,
      ]
    : []
}

function whenProblems(options: unknown, { schedulers }: Book): string[] {
  return [...dueProblems(options), ...boundProblems(options, schedulers.all)]
}

function answerOf(decision: Decision): Skip | undefined {
  switch (decision.kind) {
    case 'stands':
      return skip(decision.why)
    case 'sent':
      return skip('it was sent')
    case 'ended':
      return decision.state.missed ? skip('missed: it was due too long ago') : undefined
    default:
      return undefined
  }
}
