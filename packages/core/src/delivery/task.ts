/** Owns the shape of the work: a record on the way, and each route's task for it. Never does any. */

import type { StreamRecord } from '../wire/index.ts'
import type { Ending } from './ending/index.ts'
import type { Subject } from './match/index.ts'
import type { RoutePlan } from './plan.ts'

/** A record on the way. */
export interface Entry {
  readonly record: StreamRecord
  /** When it was pushed, in milliseconds since its ledger was opened: a small number costs no memory of its own. */
  readonly at: number
  /** Of its tasks, which are linked by `sibling`: 100,000 records wait, and an array for each would weigh half as much again. */
  first: Task | undefined
  /** Tasks that have not ended; one more until all are known. */
  open: number
  /** The dead letter that the record asks for again; to be removed when the record is done. */
  letter: string | undefined
}

/** One route's share of a record, on its way through a lane. */
export interface Task {
  readonly entry: Entry
  readonly plan: RoutePlan
  /** The ordering key within the route. */
  lane: string
  /** What to run, or why nothing can be. Undefined where many wait: matched again when its turn comes, to hold less memory. */
  subject: Subject | undefined
  /** Whether it waits and counts among those that keep their subject. */
  remembered: boolean
  /** Counted attempts. */
  attempts: number
  /** Not to be tried before this moment, in milliseconds since 1970. */
  notBefore: number
  done: boolean
  /** Set once the verdict is final: what is left to write. */
  ending: Ending | undefined
  /** The next one of its lane. */
  next: Task | undefined
  /** The next one of its record. */
  sibling: Task | undefined
}

/** The tasks of a record. */
export function* tasksOf({ first }: Entry): Generator<Task> {
  for (let task = first; task !== undefined; task = task.sibling) yield task
}
