/**
 * A *verdict* says what the end of an attempt means for the record. A handler throws one (or an adapter does, having
 * classified its own error); anything else that is thrown means "retry".
 *
 * | thrown                 | counted as an attempt | then                                                   |
 * |------------------------|-----------------------|--------------------------------------------------------|
 * | any other value        | yes                   | retry with backoff, until the attempts are exhausted   |
 * | `RetryAfter(delay)`    | no                    | retry once `delay` has passed                          |
 * | `Unavailable(name)`    | no                    | retry with backoff, for as long as the outage lasts    |
 * | `Permanent(message)`   | -                     | exhausted at once                                      |
 */

import { type Duration, milliseconds } from './duration.ts'
import { type ErrorOptionsWithCause, SpaceshipError } from './errors.ts'

/**
 * Ask for another attempt after `delay`, without counting this one. For a server that said when to come back.
 *
 * @example
 * throw new RetryAfter('30s')
 */
export class RetryAfter extends SpaceshipError {
  /** Milliseconds. */
  readonly delay: number

  constructor(delay: Duration, message = `retry after ${delay}`, options: ErrorOptionsWithCause = {}) {
    super('retry-after', message, options)
    this.delay = milliseconds(delay)
  }
}

/** Give up at once: no repetition can succeed. The record is treated as exhausted. */
export class Permanent extends SpaceshipError {
  constructor(message: string, options: ErrorOptionsWithCause = {}) {
    super('permanent', message, options)
  }
}

/**
 * A dependency is down. This is an outage, not a poisonous record: it is not counted as an attempt and never
 * dead-lettered.
 */
export class Unavailable extends SpaceshipError {
  readonly dependency: string

  constructor(
    dependency: string,
    message = `${dependency} is unavailable`,
    options: ErrorOptionsWithCause = {},
  ) {
    super('unavailable', message, options)
    this.dependency = dependency
  }
}
