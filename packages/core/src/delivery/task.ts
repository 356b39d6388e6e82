/**
 * Owns the shape of the work: a record on the way, and each route's task for it. Never does any.
 *
 * Both are classes, not literals: V8 learns from the first pages that such literals live long, and from then on makes them in its
 * old space, where what was done in a moment waits for a full collection. That costs as much as half of the engine does.
 */

import type { StreamRecord } from '../wire/index.ts'
import type { Ending } from './ending/index.ts'
import type { Subject } from './match/index.ts'
import type { Comer } from './order/index.ts'
import type { RoutePlan } from './plan.ts'

/** A record on the way. */
export class Entry {
  readonly record: StreamRecord
  /** When it was pushed, in milliseconds since its ledger was opened: a small number costs no memory of its own. */
  readonly at: number
  /** Of its tasks, which are linked by `sibling`: 100,000 records wait, and an array for each would weigh half as much again. */
  first: Task | undefined = undefined
  /** Tasks that have not ended; one more until all are known. */
  open = 1
  /** The dead letter that the record asks for again; to be removed when the record is done. */
  letter: string | undefined = undefined
  /** The one after it on the shard. */
  next: Entry | undefined = undefined

  constructor(record: StreamRecord, at: number) {
    this.record = record
    this.at = at
  }
}

/** What is known of a task from a delivery before this one. */
export interface Past {
  readonly done: boolean
  readonly attempts: number
  readonly notBefore: number
}

/** One route's share of a record, on its way through a lane. */
export class Task implements Comer {
  readonly entry: Entry
  readonly plan: RoutePlan
  /** The ordering key within the route. */
  lane: string
  /** What to run, or why nothing can be. Undefined where many wait: matched again when its turn comes, to hold less memory. */
  subject: Subject | undefined
  /** Whether it waits and counts among those that keep their subject. */
  remembered = false
  /** Counted attempts. */
  attempts: number
  /** Not to be tried before this moment, in milliseconds since 1970. */
  notBefore: number
  done: boolean
  slot = 0
  /** Set once the verdict is final: what is left to write. */
  ending: Ending | undefined = undefined
  /** The next one of its lane. */
  next: Task | undefined = undefined
  /** The first one of the lane that is ready after its own. */
  ready: Task | undefined = undefined
  /** The next one of its record. */
  sibling: Task | undefined = undefined

  constructor(
    entry: Entry,
    plan: RoutePlan,
    lane: string,
    subject: Subject,
    { done, attempts, notBefore }: Past,
  ) {
    this.entry = entry
    this.plan = plan
    this.lane = lane
    this.subject = subject
    this.attempts = attempts
    this.notBefore = notBefore
    this.done = done
  }
}

/** The tasks of a record. */
export function* tasksOf({ first }: Entry): Generator<Task> {
  for (let task = first; task !== undefined; task = task.sibling) yield task
}
