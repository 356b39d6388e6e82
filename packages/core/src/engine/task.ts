/**
 * Owns the shape of the work: a record on the way, and each route's task for it. Never does any.
 *
 * | field                                        | written by  |
 * |----------------------------------------------|-------------|
 * | `Entry.first`, `Task.sibling`                | intake      |
 * | `Entry.unfinished`, `.next`, `.below`, `Task.done` | ledger |
 * | `Entry.letter`                               | chain, once; pipeline, when it stays |
 * | `Task.attempts`, `.part`                     | pipeline; attempt, when another part begins |
 * | `Task.ran`, `.ending`                        | pipeline |
 * | `Task.run`                                   | attempt     |
 * | `Task.lane`, `.content`, `.notBefore`, `.next`, `.remembered`, `.waits` | lanes |
 *
 * Both are classes, not literals: V8 learns from the first pages that such literals live long, and from then on makes them in its old
 * space, where what was done in a moment waits for a full collection. That costs as much as half of the engine does.
 */

import type { Position, UserRecord } from '../wire/index.ts'
import type { Content } from './content.ts'
import type { Run } from './deadlines.ts'
import type { Ending } from './outcome.ts'
import type { RoutePlan } from './plan.ts'
import type { Reason } from './seam.ts'

/** Records that have ended below an entry and were taken out of the ledger's chain. */
export interface Below {
  /** Of the highest of them. */
  readonly position: Position
  readonly records: number
  readonly bytes: number
}

/** A record on the way. */
export class Entry {
  readonly record: UserRecord
  /** When it was pushed, in milliseconds since its ledger was opened: a small number costs no memory of its own. */
  readonly at: number
  /** Counts the entries of a ledger: a later one is higher. */
  readonly order: number
  /** Its tasks are linked by `sibling`: 100,000 records wait, and an array for each would weigh half as much again. */
  first: Task | undefined
  /** Tasks that have not ended; one more until all are known. */
  unfinished = 1
  /** The dead letter that the record asks for again; the letter is removed when the record is done. */
  letter: string | undefined
  below: Below | undefined
  next: Entry | undefined

  constructor(record: UserRecord, at: number, order: number) {
    this.record = record
    this.at = at
    this.order = order
  }
}

/** What is known of a task from a delivery before this one. */
export interface Past {
  readonly done: boolean
  readonly attempts: number
  readonly notBefore: number
  /** The part that the attempts are of. */
  readonly part: string | undefined
}

/** One route's share of a record, on its way through a lane. */
export class Task {
  readonly entry: Entry
  readonly plan: RoutePlan
  /** The ordering key within the route; '' if the task waits for no other. */
  lane: string
  /** What to run, or why nothing can be. Undefined where many wait: matched again when its turn comes, to hold less memory. */
  content: Content | undefined
  /** Whether the task waits and counts among those that keep their content. */
  remembered = false
  /** Counted attempts. */
  attempts: number
  /** Of a task with several parts (the letters of a lane, the windows of a schedule): the one that the attempts are of. */
  part: string | undefined
  /** Not to be tried before this moment, in milliseconds since 1970. */
  notBefore: number
  done: boolean
  /** Its last attempt came as far as to a look-up or the handler. */
  ran = false
  /** While its handler runs, and has not answered at once. */
  run: Run | undefined
  /** While its lane waits. */
  waits: Reason | undefined
  /** Set once the verdict is final: what is left to write. */
  ending: Ending | undefined
  /** The next one of its lane. */
  next: Task | undefined
  /** The next one of its record. */
  sibling: Task | undefined

  constructor(entry: Entry, plan: RoutePlan, lane: string, content: Content, past: Past) {
    this.entry = entry
    this.plan = plan
    this.lane = lane
    this.content = content
    this.attempts = past.attempts
    this.part = past.part
    this.notBefore = past.notBefore
    this.done = past.done
  }
}

/** The tasks of a record. */
export function* tasksOf({ first }: Entry): Generator<Task> {
  for (let task = first; task !== undefined; task = task.sibling) yield task
}

export function positionOf({ record }: Entry): Position {
  return { sequence: record.sequence, subSequence: record.subSequence }
}
