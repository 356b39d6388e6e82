/** Owns the shape of the work: a record on the way, and each route's task for it. Never does any. */

import type { StreamRecord } from '../wire/index.ts'
import type { Ending } from './ending/index.ts'
import type { Subject } from './match/index.ts'
import type { RoutePlan } from './plan.ts'

/** A record on the way. */
export interface Entry {
  readonly record: StreamRecord
  /** When it was pushed, in milliseconds since 1970. */
  readonly at: number
  tasks: readonly Task[]
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
}
