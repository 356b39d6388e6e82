/** What the rooms of one delivery share with the stages in it. */

import type { DeadLetter } from '../ports/index.ts'
import type { UserRecord } from '../wire/index.ts'
import type { Activity } from './activity.ts'
import type { Share } from './content.ts'
import type { Deadlines } from './deadlines.ts'
import type { Gate } from './gate.ts'
import type { Place, Settings } from './settings.ts'
import type { Task } from './task.ts'

export interface Scope {
  /** With a state store that refuses every write once the shard is lost. */
  readonly settings: Settings
  readonly place: Place
  /** Whether the lanes of this delivery may be listed at once, or must be asked for one by one. */
  readonly redelivers: 'suffix' | 'none'
  /** The clock's `monotonic`, as all moments of a delivery. */
  now(): number
  /** On the clock's `monotonic`: nothing may run after it. */
  readonly hardEnd: number
  readonly deadlines: Deadlines
  readonly gate: Gate
  readonly activity: Activity
  /** Aborted when the delivery drains or the shard is lost. */
  readonly stopped: AbortSignal
  /** Whether the shard is still held: asked before every write. */
  isHeld(): boolean
  /** Held, and not draining: asked before every start of a handler. @param now on `monotonic`, if the caller has just looked */
  mayStart(now?: number): boolean
  /** Why nothing may start. It is never counted. */
  notHeld(): unknown
  /** What a record of this shard causes. */
  match(record: UserRecord): readonly Share[] | Promise<readonly Share[]>
  /** What the record of a letter causes, wherever it stood. */
  matchLetter(letter: DeadLetter): readonly Share[] | Promise<readonly Share[]>
  /** Gives the record of a task more tasks. */
  spread(task: Task, shares: readonly Share[]): void
}
