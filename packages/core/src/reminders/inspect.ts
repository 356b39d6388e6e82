/** Owns what is told of one reminder. */

import { reminderKey } from '../state/index.ts'
import { type Book, cached, executionName, type Which } from './book.ts'
import { load, type ReminderState } from './state.ts'

/** What the state tells of a reminder. */
export interface Listed<Payload = unknown> {
  readonly reminder: string
  readonly key: string
  /** `firing`: a handler has it, or is about to get it. `missed`: it was too late to be sent. */
  readonly status: 'pending' | 'firing' | 'handled' | 'missed' | 'cancelled'
  /** Grows with each schedule and each move. */
  readonly generation: number
  /** Undefined if it was never scheduled. */
  readonly dueAt: Date | undefined
  readonly payload: Payload
  /** When the event (or the command) was that last decided. */
  readonly decidedAt: Date
  /** The scheduler that has its execution, and the execution's name there. */
  readonly scheduler: string | undefined
  readonly execution: string
}

/** The same, with what the reference store and the scheduler say. */
export interface Inspection<Payload = unknown> extends Listed<Payload> {
  /** What the reference store holds; undefined if it has forgotten, or there is none. */
  readonly reference: string | undefined
  /** What the scheduler says of the execution. A pending reminder whose execution is gone is found by the sweeper. */
  readonly waits: 'waiting' | 'gone' | 'unknown'
}

export async function inspectIn(
  book: Pick<Book, 'application' | 'state' | 'references' | 'schedulers'>,
  which: Which,
): Promise<Inspection | undefined> {
  const key = reminderKey(book.application, which.reminder, which.key)
  const state = await load(book.state, key)
  if (state === undefined) return undefined
  const listed = describeState(book.application, which, state)
  return {
    ...listed,
    reference: await cached({}, book.references?.get(key)),
    waits: await book.schedulers.find(state.on, listed.execution),
  }
}

export function describeState(application: string, which: Which, state: ReminderState): Listed {
  const { generation, dueAt, payload, at, on } = state
  return {
    ...which,
    status: statusOf(state),
    generation,
    dueAt: generation === 0 ? undefined : new Date(dueAt),
    payload,
    decidedAt: new Date(at),
    scheduler: on,
    execution: executionName(reminderKey(application, which.reminder, which.key), generation),
  }
}

function statusOf({ status, firing, missed }: ReminderState): Inspection['status'] {
  if (status === 'pending' && firing) return 'firing'
  return missed ? 'missed' : status
}
