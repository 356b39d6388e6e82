/**
 * The one error base. Branch on `code`, never on the message and never with `instanceof`: a bundle may hold two copies
 * of a class.
 */

import { textIn } from './foreign.ts'

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
    super(
      'configuration',
      `${subject}: ${problems.length} problem(s)\n${problems.map((p) => `  - ${p}`).join('\n')}`,
    )
    this.problems = problems
  }
}

/** Throws a {@link ConfigurationError} that lists every problem, if there is one. */
export function refuse(subject: string, problems: readonly string[]): void {
  if (problems.length > 0) throw new ConfigurationError(subject, problems)
}

/** The `code` of an error of ours, from whatever copy of the package it came. Never throws, whatever it is given. */
export function codeOf(error: unknown): string | undefined {
  return textIn(error, 'code')
}
