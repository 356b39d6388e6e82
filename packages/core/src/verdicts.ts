/**
 * A *verdict* says what the end of an attempt means for the record. A handler throws one (or an adapter does, having
 * classified its own error); anything else that is thrown means "retry".
 *
 * | thrown                 | counted as an attempt | then                                                   |
 * |------------------------|-----------------------|--------------------------------------------------------|
 * | any other value        | yes                   | retry with backoff, until the attempts are exhausted   |
 * | `RetryAfter(delay)`    | no                    | retry once `delay` has passed                          |
 * | `Unavailable(name)`    | no                    | retry with backoff, for as long as it lasts, or until      |
 * |                        |                       | somebody mends the set-up that it names                |
 * | `Permanent(message)`   | -                     | exhausted at once                                      |
 */

import { type Duration, milliseconds } from './duration.ts'
import { codeOf, type ErrorOptionsWithCause, SpaceshipError } from './errors.ts'
import { fieldOf, textIn } from './foreign.ts'

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

/** What stands against a dependency in its set-up. Waiting mends nothing: somebody has to grant, make or choose something. */
export interface SetUp {
  /**
   * | reason              | the dependency says                                                       |
   * |---------------------|---------------------------------------------------------------------------|
   * | `denied`            | the credentials are missing, wrong or over, or lack an action             |
   * | `not-found`         | the table, stream, index or channel does not exist                        |
   * | `unknown-operation` | what answers is not the service, or one that does not know the operation  |
   */
  readonly reason: 'denied' | 'not-found' | 'unknown-operation'
  /** What the request was about, for people: `table 'state'`. */
  readonly resource: string
  /** What to do: `grant dynamodb:PutItem on the table 'state'`. */
  readonly advice: string
}

/**
 * A dependency is down. This is an outage, not a poisonous record: it is not counted as an attempt and never
 * dead-lettered. With `setup` it is down until somebody mends its set-up; the engine waits all the same, and nothing is lost.
 *
 * @example
 * throw new Unavailable('billing', 'billing answered 503')
 */
export class Unavailable extends SpaceshipError {
  readonly dependency: string
  /** What is wrong with the set-up; undefined for an outage. */
  readonly setup: SetUp | undefined

  constructor(dependency: string, message?: string, options: UnavailableOptions = {}) {
    const { setup, ...rest } = options
    const why = setup === undefined ? `${dependency} is unavailable` : `${dependency}: ${setup.advice}`
    super('unavailable', message ?? why, rest)
    this.dependency = dependency
    this.setup = setup
  }
}

export interface UnavailableOptions extends ErrorOptionsWithCause {
  readonly setup?: SetUp
}

/** The `setup` of an `Unavailable`, from whatever copy of the package it came. Never throws, whatever it is given. */
export function setUpOf(error: unknown): SetUp | undefined {
  if (codeOf(error) !== 'unavailable') return undefined
  const setup = fieldOf(error, 'setup')
  const [reason, resource, advice] = [
    textIn(setup, 'reason'),
    textIn(setup, 'resource'),
    textIn(setup, 'advice'),
  ]
  if (resource === undefined || advice === undefined) return undefined
  return isReason(reason) ? { reason, resource, advice } : undefined
}

function isReason(reason: unknown): reason is SetUp['reason'] {
  return reason === 'denied' || reason === 'not-found' || reason === 'unknown-operation'
}
