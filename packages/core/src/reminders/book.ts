/**
 * Owns the steps of scheduling, moving and cancelling: the calendar is written first, then the state, then the scheduler is told. What a
 * death leaves undone is done by the repeat of the event, or found by the sweeper.
 *
 * ```
 *   decide ──> calendar ──> state ──> start ──> reference ──> stop the replaced one
 *                 │           │ dies here: pending, without an execution: the repeat starts it, or the sweeper sends it
 *                 │ dies here: an entry of a generation that does not stand, which means nothing
 * ```
 */

import type { EventMeta } from '../declare/event.ts'
import { codeOf } from '../errors.ts'
import { errorFields } from '../log/index.ts'
import type { Clock, Json, Logger, ReferenceStore, StateStore } from '../ports/index.ts'
import { boundedKey, change, reminderKey } from '../state/index.ts'
import { sha256 } from '../wire/digest.ts'
import { encodeEnvelope } from '../wire/index.ts'
import { assertWithin } from './bounds.ts'
import { enter } from './calendar.ts'
import {
  commandAt,
  type Deciding,
  type Decision,
  decideCancel,
  decideMove,
  decideSchedule,
  type Rules,
} from './decide.ts'
import type { Schedulers } from './schedulers.ts'
import { itemOf, type ReminderState, stateOf, YEAR } from './state.ts'

export interface Book extends Rules {
  readonly application: string
  readonly state: StateStore
  readonly schedulers: Schedulers
  readonly references: ReferenceStore | undefined
  readonly clock: Clock
  readonly retention: number
}

/** Which reminder: its declaration's name, and its key. */
export interface Which {
  readonly reminder: string
  readonly key: string
}

/** Who asks: an event that a handler got, or somebody by a command. */
export interface Asking {
  readonly event?: EventMeta | undefined
  /** Told what is left undone because a cache is out. */
  readonly log?: Logger | undefined
}

/** An entry of the calendar never lies behind the moment up to which a sweeper has looked, whatever the two clocks say. */
const AHEAD = 60_000

export async function scheduleIn(
  book: Book,
  which: Which,
  given: { readonly dueAt: number; readonly payload: Json },
  asking: Asking,
): Promise<Decision> {
  return settle(book, which, asking, (found, deciding) =>
    decideSchedule(found, deciding, { ...given, on: book.schedulers.to.capabilities.name }, book),
  )
}

export async function moveIn(book: Book, which: Which, dueAt: number, asking: Asking): Promise<Decision> {
  // Also one that is kept for a schedule that is yet to come.
  assertWithin(book.schedulers, dueAt, book.clock.now(), `the reminder '${which.reminder}'`)
  return settle(book, which, asking, (found, deciding) =>
    decideMove(found, deciding, { dueAt, on: book.schedulers.to.capabilities.name }, book),
  )
}

export async function cancelIn(book: Book, which: Which, asking: Asking): Promise<Decision> {
  return settle(book, which, asking, (found, deciding) => decideCancel(found, deciding, book))
}

async function settle(
  book: Book,
  which: Which,
  asking: Asking,
  decide: (found: ReminderState | undefined, deciding: Deciding) => Decision,
): Promise<Decision> {
  const { application, state, clock, retention } = book
  const key = reminderKey(application, which.reminder, which.key)
  const { event } = asking
  const { result } = await change<Decision>(state, key, (item) => {
    const found = item && stateOf(key, item)
    const deciding: Deciding =
      event === undefined
        ? commandAt(clock.now(), found)
        : { command: false, version: event.version, at: event.at.getTime() }
    const decision = decide(found, deciding)
    if (decision.kind === 'stands') return { keep: true, result: decision }
    const next = { ...decision.state, retention }
    const begins = decision.kind === 'pending'
    if (begins && !decision.repeated)
      assertWithin(book.schedulers, next.dueAt, clock.now(), `the reminder '${which.reminder}'`)
    const kept = next.status === 'pending' ? YEAR + retention : retention
    const expiresAt = new Date(Math.max(next.dueAt, clock.now()) + kept)
    const first = begins && state.list !== undefined ? () => remember(book, which, next) : undefined
    return { write: itemOf(next), expiresAt, first, result: decision }
  })
  if (result.kind === 'pending') await begin(book, which, result.state, asking)
  const old =
    result.kind === 'pending' ? result.replaced : result.kind === 'ended' ? result.stopped : undefined
  // It would only be dropped by its generation, or by what stands; stopping it saves its cost.
  if (old !== undefined) await stop(book, key, old, asking)
  if (result.kind === 'ended' && result.state.status !== 'pending')
    await cached(asking, book.references?.delete(key))
  return result
}

/** Enters it in the calendar. */
async function remember(book: Book, which: Which, { generation, dueAt }: ReminderState): Promise<void> {
  const { application, state, clock, retention } = book
  const execution = executionName(reminderKey(application, which.reminder, which.key), generation)
  const entry = { ...which, generation, looks: 0 }
  await enter(state, application, Math.max(dueAt, clock.now() + AHEAD), execution, entry, retention)
}

async function begin(book: Book, which: Which, pending: ReminderState, asking: Asking): Promise<void> {
  const { application, schedulers, references, clock, retention } = book
  const { generation, dueAt, on } = pending
  const key = reminderKey(application, which.reminder, which.key)
  const execution = executionName(key, generation)
  const reference = await schedulers.start(on, {
    name: execution,
    dueAt: new Date(dueAt),
    envelope: envelopeOf(application, which, generation),
    partitionKey: partitionKeyOf(which),
  })
  const ttl = Math.max(0, dueAt - clock.now()) + retention
  await cached(asking, references?.set(key, reference, ttl))
}

async function stop(book: Book, key: string, old: ReminderState, asking: Asking): Promise<void> {
  const known = await cached(asking, book.references?.get(key))
  const name = executionName(key, old.generation)
  // A cache may hold the reference of another generation: that one is not to be stopped.
  await book.schedulers.stop(old.on, known?.endsWith(name) ? known : name)
}

/** A cache that is out, or refuses, costs no more than one that has forgotten. */
export async function cached<T>({ log }: Asking, asked: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    const code = codeOf(error)
    if (code !== 'unavailable' && code !== 'permanent') throw error
    log?.warn('the reference store is out: references are computed', { error: errorFields(error) })
    return undefined
  }
}

export function envelopeOf(application: string, { reminder, key }: Which, generation: number): string {
  return encodeEnvelope({ kind: 'reminder', application, reminder, key: boundedKey(key), generation })
}

export function partitionKeyOf({ reminder, key }: Which): string {
  return sha256(`${reminder}/${key}`, 'hex').slice(0, 32)
}

/** Safe for every scheduler's rules for names, equal for a repeat, another for each generation. */
export function executionName(key: string, generation: number): string {
  return `reminder-${sha256(key, 'hex').slice(0, 32)}-g${generation}`
}
