/**
 * Owns how a command ends.
 *
 * | exit code | means                                                                                                |
 * |-----------|------------------------------------------------------------------------------------------------------|
 * | 0         | done                                                                                                 |
 * | 1         | it failed: what was asked could not be done, or not all of it                                        |
 * | 2         | it was asked wrongly: a command, flag, argument or config that makes no sense, an item that does not fit |
 * | 3         | what it needs is not there: a project, a running ship, a letter, a reminder                                    |
 * | 130       | Control-C                                                                                            |
 */

import { codeOf, SpaceshipError } from '@spaceship/core'

export const EXIT = { done: 0, failed: 1, usage: 2, absent: 3, interrupted: 130 } as const

const USAGE = new Set(['configuration', 'usage', 'bundle', 'schema'])
const ABSENT = new Set(['no-project', 'no-ship', 'no-letter', 'no-reminder'])

/** The exit code for an error. */
export function exitOf(error: unknown): number {
  const code = codeOf(error) ?? ''
  if (USAGE.has(code)) return EXIT.usage
  return ABSENT.has(code) ? EXIT.absent : EXIT.failed
}

/** What people read: an error of ours speaks for itself, all others are faults of somebody's code and show where. */
export function messageOf(error: unknown): string {
  if (codeOf(error) !== undefined) {
    const { message, cause } = Object(error)
    const because = codeOf(error) === 'bundle' || cause === undefined ? '' : `\n  because: ${textOf(cause)}`
    return `${message}${because}`
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** A wrong argument. */
export const usage = (message: string): SpaceshipError => new SpaceshipError('usage', message)
