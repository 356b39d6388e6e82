/**
 * The one error base. Branch on `code`, never on the message and never with `instanceof`: a bundle may hold two copies
 * of a class.
 *
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

export interface ErrorOptionsWithCause {
  readonly cause?: unknown
}

export class SpaceshipError extends Error {
  /** Stable, in lower-case words joined by hyphens, grouped by area: `configuration`, `decode-schema`. */
  readonly code: string

  constructor(code: string, message: string, options: ErrorOptionsWithCause = {}) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** Wrong configuration. `problems` holds all of them, each with advice, so that one deployment fixes the lot. */
export class ConfigurationError extends SpaceshipError {
  readonly problems: readonly string[]

  constructor(subject: string, problems: readonly string[]) {
    super('configuration', `${subject}: ${problems.length} problem(s)\n${problems.map((p) => `  - ${p}`).join('\n')}`)
    this.problems = problems
  }
}

/** Throws a {@link ConfigurationError} that lists every problem, if there is one. */
export function refuse(subject: string, problems: readonly string[]): void {
  if (problems.length > 0) throw new ConfigurationError(subject, problems)
}

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

  constructor(dependency: string, message = `${dependency} is unavailable`, options: ErrorOptionsWithCause = {}) {
    super('unavailable', message, options)
    this.dependency = dependency
  }
}

/** The `code` of an error of ours, from whatever copy of the package it came. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
