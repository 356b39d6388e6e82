import type { Execution } from './reminder-scheduler.ts'

/** An execution that was handed out, to be put on the stream. */
export interface DueExecution {
  readonly execution: Execution
  /** Opaque; of this hand-out alone. */
  readonly token: string
}

/**
 * What waits, by the time at which it is due: `embeddedScheduler` runs on it. Any number of processes may share one.
 *
 * Obligations of an adapter:
 * - What was added is handed out, whatever process dies at whatever moment, unless it was removed.
 * - Nothing is handed out before it is due, and under a lease to nobody else: also of calls that run at the same time.
 * - Backend failures are thrown classified: `Unavailable` for throttling and outages, anything else as it came.
 */
export interface Timeline {
  /** Idempotent by name, as long as an execution of the name waits or is handed out. */
  add(execution: Execution): Promise<void>
  /**
   * Takes an execution out. One that was handed out before is not handed out again, but may have been put on the stream.
   *
   * @returns true if it was there and was never handed out: then it does not fire
   */
  remove(name: string): Promise<boolean>
  /** Whether an execution of the name waits, or is handed out and not done. */
  has(name: string): Promise<boolean>
  /**
   * Hands out executions that are due by `now`, at most `limit` of them. Each is handed out again once the lease is over, unless it is
   * done or removed by then. It may hand out fewer than are due; none only if there is none.
   *
   * @param now milliseconds since 1970, as is every moment here
   * @param lease milliseconds from `now` on, however long the execution has waited before
   */
  claim(now: number, limit: number, lease: number): Promise<readonly DueExecution[]>
  /** What was put on the stream is over. A hand-out whose lease is over, and that another one followed, changes nothing. */
  done(due: readonly DueExecution[]): Promise<void>
  /** A moment before which `claim` hands out nothing of what waits now: that of the earliest, or an earlier one; undefined only if nothing waits. */
  next(): Promise<number | undefined>
  /** Asks once at the start of a process; see `StateStore.check`. */
  check?(): Promise<void>
}
