/** How an attempt can end: what its handler said, what is left to do, and what the lane sees. */

import type { DeadReason } from '../ports/index.ts'
import { ANSWERED, type Finish, NOTHING, STORED } from './admission.ts'
import type { LetterDraft } from './letters.ts'
import type { Step } from './steps.ts'

/** How an attempt ended. See `verdicts.ts` for the errors behind the middle rows. */
export type Verdict =
  | { readonly kind: 'done' }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'retry'; readonly error: unknown }
  | { readonly kind: 'retry-after'; readonly delay: number; readonly error: unknown }
  | { readonly kind: 'unavailable'; readonly dependency: string; readonly error: unknown }
  | { readonly kind: 'dead'; readonly reason: DeadReason; readonly error: unknown }

/** What makes a task wait; `until` in milliseconds since 1970. */
export type Waiting =
  | { readonly kind: 'held'; readonly until: number }
  | Extract<Verdict, { readonly kind: 'retry' | 'retry-after' | 'unavailable' }>

/** A verdict that ends the task. */
export type Final = Extract<Verdict, { readonly kind: 'done' | 'skip' | 'dead' }>

/** How an attempt ended, as the lane sees it. */
export type Outcome =
  | { readonly kind: 'ended'; readonly step: Step['step']; readonly detail: string | undefined }
  /** A part of the task has ended and the next one begins: a letter of a lane, a window of a schedule. */
  | { readonly kind: 'again'; readonly step: Step['step']; readonly detail: string | undefined }
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

/** What an end tells of the dependencies of the route. @param ran whether the attempt came as far as to a look-up or the handler */
export function finishOf(outcome: Outcome, ran: boolean): Finish {
  if (outcome.kind === 'unavailable') return outcome
  if (outcome.kind === 'held' || outcome.kind === 'abandoned') return NOTHING
  return ran ? ANSWERED : STORED
}
