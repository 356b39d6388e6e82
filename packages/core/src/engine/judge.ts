/** Owns what the end of an attempt means. Never waits and never writes. */

import { isSkip } from '../declare/handler.ts'
import { codeOf } from '../errors.ts'
import { fieldOf, ignoreRejection, isError, textIn } from '../foreign.ts'
import type { Verdict, Waiting } from './outcome.ts'
import type { Settings } from './settings.ts'
import type { Task } from './task.ts'

const DONE: Verdict = { kind: 'done' }

export function ofReturn(value: unknown): Verdict {
  if (isSkip(value)) return { kind: 'skip', reason: textIn(value, 'reason') ?? 'skip() was given no text' }
  // As in the answers of a batch.
  return isError(value) ? ofThrown(value) : DONE
}

export function ofThrown(error: unknown): Verdict {
  // Somebody may throw a promise, which nobody waits for.
  ignoreRejection(error)
  switch (codeOf(error)) {
    case 'retry-after':
      return { kind: 'retry-after', delay: delayIn(error), error }
    case 'unavailable':
      return { kind: 'unavailable', dependency: textIn(error, 'dependency') ?? 'unknown', error }
    case 'permanent':
      return { kind: 'dead', reason: 'permanent', error }
    case 'schema':
    case 'attributes':
      return { kind: 'dead', reason: 'schema', error }
    default:
      return { kind: 'retry', error }
  }
}

/** The longest wait doubles with each attempt; the actual one is uniform below it, so that retries do not march in step. */
export function backoff(
  attempt: number,
  { base, max }: { readonly base: number; readonly max: number },
  random: () => number,
): number {
  return random() * Math.min(max, base * 2 ** Math.min(attempt - 1, 30))
}

/** The shortest wait of what is not counted: a server that says "after 0 s" must not make a loop that starves the process. */
export const SOONEST = 100

/** Milliseconds until the next attempt. */
export function waitOf(
  outcome: Waiting,
  { plan, attempts }: Pick<Task, 'plan' | 'attempts'>,
  { clock, random }: Pick<Settings, 'clock' | 'random'>,
  /** Milliseconds until a dependency may be asked again; less than none if it is up. */
  backIn: (dependency: string) => number,
): number {
  switch (outcome.kind) {
    case 'held':
      return Math.max(0, outcome.until - clock.now()) + random() * 250
    case 'retry-after':
      return Math.max(SOONEST, outcome.delay)
    case 'unavailable':
      // A moment later than all others who wait for it: they have their turn as the one that goes ahead, too.
      return Math.max(SOONEST, backIn(outcome.dependency) + 1)
    case 'retry':
      return backoff(attempts, plan, random)
  }
}

function delayIn(error: unknown): number {
  const value = fieldOf(error, 'delay')
  return typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY ? value : 0
}
