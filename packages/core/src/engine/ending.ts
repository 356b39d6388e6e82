/**
 * Owns what a verdict leads to: the steps that are left before a task has ended, and how the task then counts. The stages of the chain
 * add their own. Never runs a handler.
 *
 * | verdict                 | the kernel's steps  | then                                 |
 * |-------------------------|---------------------|--------------------------------------|
 * | done, skip              | none                | `done`, `skipped`                    |
 * | dead                    | write the letter    | `dead-letter`, `discarded`           |
 * | dead, route halts       | none                | `halted`: the reactor waits          |
 * | anything else           | none                | the lane waits                       |
 */

import { describe } from '../foreign.ts'
import type { Attempt } from './attempt.ts'
import type { Verdict, Waiting } from './judge.ts'
import { draftOf, isDiscarded, type LetterDraft, writeLetter } from './letters.ts'
import type { Step } from './steps.ts'

/** How an attempt ended, as the lane sees it. */
export type Outcome =
  | { readonly kind: 'ended'; readonly step: Step['step']; readonly detail: string | undefined }
  /** A part of the task has ended and the next one begins: a letter of a lane, a window of a schedule. */
  | { readonly kind: 'again'; readonly step: 'done' | 'skipped'; readonly detail: string | undefined }
  | { readonly kind: 'abandoned' }
  | { readonly kind: 'halt'; readonly detail: string }
  | Waiting

/** The verdict is final. Each step is dropped when it has succeeded, so that none is repeated. */
export interface Ending {
  readonly steps: readonly (() => Promise<unknown>)[]
  readonly outcome: Outcome
  /** The letter that the first steps write. */
  readonly letter?: LetterDraft
}

const NO_STEPS: Ending['steps'] = []
export const DONE: Ending = { steps: NO_STEPS, outcome: { kind: 'ended', step: 'done', detail: undefined } }
export const ABANDONED: Outcome = { kind: 'abandoned' }

export function skipped(detail: string): Ending {
  return { steps: NO_STEPS, outcome: { kind: 'ended', step: 'skipped', detail } }
}

export type Final = Extract<Verdict, { readonly kind: 'done' | 'skip' | 'dead' }>

/** What follows from a final verdict, before the stages have added theirs. */
export function endingOf(attempt: Attempt, verdict: Final): Ending {
  if (verdict.kind === 'done') return DONE
  if (verdict.kind === 'skip') return skipped(verdict.reason)
  const detail = typeof verdict.error === 'string' ? verdict.error : describe(verdict.error)
  const { plan, scope } = attempt
  if (plan.whenExhausted === 'halt') return { steps: NO_STEPS, outcome: { kind: 'halt', detail } }
  const letter = draftOf(attempt, verdict.reason, detail)
  return {
    steps: [() => writeLetter(scope.settings, letter)],
    outcome: { kind: 'ended', step: isDiscarded(scope.settings, plan) ? 'discarded' : 'dead-letter', detail },
    letter,
  }
}

/** An ending with steps before or behind those that it has. */
export function extended(
  ending: Ending,
  {
    before = [],
    after = [],
    outcome,
  }: {
    readonly before?: Ending['steps']
    readonly after?: Ending['steps']
    readonly outcome?: Outcome
  },
): Ending {
  return { ...ending, steps: [...before, ...ending.steps, ...after], outcome: outcome ?? ending.outcome }
}
