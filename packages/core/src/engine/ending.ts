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
import type { LogFields } from '../log/index.ts'
import type { DeadReason } from '../ports/index.ts'
import type { Attempt } from './attempt.ts'
import type { Content } from './content.ts'
import { isDiscarded, type LetterDraft, letterId, letterIdOf, writeLetter } from './letters.ts'
import { DONE, type Ending, type Final, type Outcome, skipped } from './outcome.ts'
import type { Place } from './settings.ts'
import { eventFields, positionField, taskFields } from './telling.ts'

/** What follows from a final verdict, before the stages have added theirs. */
export function endingOf(attempt: Attempt, verdict: Final): Ending {
  if (verdict.kind === 'done') return DONE
  if (verdict.kind === 'skip') return skipped(verdict.reason)
  const detail = describe(verdict.error)
  const { plan, scope } = attempt
  if (plan.whenExhausted === 'halt') return { steps: [], outcome: { kind: 'halt', detail } }
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

/** The letter of an attempt: a letter that is given up on again stays under the place where its record first stood. */
export function draftOf(attempt: Attempt, reason: DeadReason, detail: string): LetterDraft {
  const { task, plan, scope, content, found } = attempt
  const { letter } = content
  const { application, stream, shard } = { ...scope.place, ...letter }
  const place: Place = { application, stream, shard }
  const part = found?.letterPart
  const whole = letter === undefined ? task.entry.record : { ...letter, arrivedAt: letter.at }
  const record = part === undefined ? whole : { ...whole, data: new TextEncoder().encode(part.data) }
  const again = part === undefined && plan.keys.includes(`${letter?.reactor}/${letter?.route}`)
  // A record that may have to wait in a parked lane has a place there, whatever else says the same.
  const named = part === undefined && plan.whenExhausted !== 'park' ? fingerprintOf(content) : ''
  const fresh = named === '' ? letterId(place, plan, record, part?.name) : letterIdOf(place, plan, named)
  const id = (again && letter?.id) || fresh
  const counted = reason === 'exhausted' || reason === 'permanent'
  const attempts = counted ? Math.max(task.attempts, 1) : task.attempts
  const about: LogFields = {
    ...taskFields(task, place),
    position: positionField(record),
    attempt: attempts,
    ...eventFields(content, plan, scope.settings.plans),
  }
  return { id, plan, record, place, lane: task.lane, reason, detail, attempts, about, part: part?.name }
}

/** '' where it cannot be told, as of what is too deep to be read again. */
function fingerprintOf(content: Content): string {
  try {
    return content.fingerprint?.() ?? content.identity()
  } catch {
    return ''
  }
}
