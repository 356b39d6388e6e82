/** Owns the steps that an observer is told of, and what tells them. Never decides anything, and never fails. */

import { ignoreRejection, isThenable, promiseOf } from '../foreign.ts'
import { errorFields, type Log } from '../log/index.ts'
import type { StreamRecord } from '../wire/index.ts'

/**
 * | step          | means                                                                                       |
 * |---------------|---------------------------------------------------------------------------------------------|
 * | `taken`       | the route wants the record; it is in its lane                                                |
 * | `unwanted`    | no route wants the record: it is done                                                        |
 * | `started`     | an attempt begins                                                                            |
 * | `waiting`     | not now: the attempt failed, was told to come back, or may not start; `detail` says which    |
 * | `done`        | the handler returned, and what had to be written is written                                  |
 * | `skipped`     | done without an effect, `detail` says why                                                    |
 * | `dead-letter` | given up and kept                                                                            |
 * | `discarded`   | given up and dropped, as the route wants                                                     |
 * | `parked`      | kept until its lane is drained                                                               |
 * | `halted`      | given up; the reactor waits on this shard until someone acts                                 |
 * | `abandoned`   | left unfinished: the delivery drains or the shard is lost                                    |
 */
export interface Step {
  readonly step:
    | 'taken'
    | 'unwanted'
    | 'started'
    | 'waiting'
    | 'done'
    | 'skipped'
    | 'dead-letter'
    | 'discarded'
    | 'parked'
    | 'halted'
    | 'abandoned'
  readonly stream: string
  readonly shard: string
  readonly position: string
  /** `reactor/route`, or '' for the record itself. */
  readonly route: string
  readonly lane: string
  /** The attempt that the step belongs to; for one that ended or waits, how many were counted. */
  readonly attempt: number
  readonly detail: string | undefined
  /** When a `waiting` task comes back, in milliseconds since 1970; undefined if it is told by someone. */
  readonly until: number | undefined
}

/** Gets the record beside the step: of an aggregate the one within it. Neither is to be changed. */
export type Observer = (step: Step, record: StreamRecord) => void

/** One that fails is said once: it must not stop the shard whose steps it is told. */
export function unfailingObserver(observe: Observer, logger: Log): Observer {
  let said = false
  const failed = (error: unknown) => {
    // Somebody may throw a promise, which nobody waits for.
    ignoreRejection(error)
    if (!said)
      logger.error('an observer failed: it must return at once and never throw', {
        error: errorFields(error),
      })
    said = true
  }
  return (step, record) => {
    try {
      const returned: unknown = observe(step, record)
      if (isThenable(returned)) promiseOf(returned).catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}
