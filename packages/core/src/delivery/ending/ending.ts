/**
 * Owns what a verdict leads to: the steps that are left before a task has ended, and how it then counts. Never runs a handler.
 *
 * | verdict                       | steps, in order                                   | then                        |
 * |-------------------------------|---------------------------------------------------|-----------------------------|
 * | done, skip                    | complete the claim                                | `done`, `skipped`           |
 * | done, skip of a part          | complete the claim, remember that part            | the task's next part        |
 * | dead                          | write the letter, bury the claim                  | `dead-letter`, `discarded`  |
 * | dead, route parks             | park the lane, write the letter, bury the claim   | `parked`                    |
 * | dead, route halts             | release the claim                                 | `halted`                    |
 * | dead, of a letter             | bury the claim                                    | the letter stays            |
 * | anything else                 | release the claim                                 | the lane waits              |
 */

import { RetryAfter } from '../../verdicts.ts'
import type { Claim, Surroundings } from '../attempt/index.ts'
import type { Place, Subject } from '../match/index.ts'
import type { Step } from '../observe.ts'
import { type RoutePlan, unrouted } from '../plan.ts'
import type { Task } from '../task.ts'
import { describe, FULL, type Verdict, type Waiting } from '../verdict.ts'
import { bury, type Condemned, letterId } from './letters.ts'

/** How an attempt ended, as the lane sees it. */
export type Outcome =
  | { readonly kind: 'ended'; readonly step: Step['step']; readonly detail: string | undefined }
  /** A part of it has ended and the next one begins: a letter of a parked lane, a window of a schedule. */
  | { readonly kind: 'again'; readonly step: 'done' | 'skipped'; readonly detail: string | undefined }
  | { readonly kind: 'abandoned' }
  | { readonly kind: 'halt'; readonly detail: string }
  | Waiting

/** The verdict is final. Each step is dropped when it has succeeded, so that none is repeated. */
export interface Ending {
  readonly steps: (() => Promise<unknown>)[]
  readonly outcome: Outcome
}

export const DONE: Outcome = { kind: 'ended', step: 'done', detail: undefined }
export const ABANDONED: Outcome = { kind: 'abandoned' }

export function skipped(detail: string): Ending {
  return { steps: [], outcome: { kind: 'ended', step: 'skipped', detail } }
}

/** What the task is about in this attempt. */
export interface Matter {
  readonly subject: Subject
  /** To be done once it has been handled. */
  readonly handled?: (() => Promise<void>) | undefined
  /** To be done once it is kept as a dead letter. */
  readonly kept?: () => Promise<void>
  /** It is a part of the task, and others follow. */
  readonly more?: boolean
  /** What its letter holds instead of the record, and what tells it from those of other parts. */
  readonly part?: { readonly name: string; readonly data: string }
}

/** What follows from the verdict. */
export async function settle(
  task: Task,
  matter: Matter,
  verdict: Verdict,
  claim: Claim | undefined,
  around: Surroundings,
): Promise<Outcome | Ending> {
  switch (verdict.kind) {
    case 'done':
    case 'skip': {
      const steps = claim === undefined ? [] : [() => complete(claim, task, around)]
      if (matter.handled !== undefined) steps.push(matter.handled)
      const [step, detail] =
        verdict.kind === 'skip' ? (['skipped', verdict.reason] as const) : (['done', undefined] as const)
      if (matter.more) return { steps, outcome: { kind: 'again', step, detail } }
      return verdict.kind === 'skip' ? { ...skipped(verdict.reason), steps } : { steps, outcome: DONE }
    }
    case 'dead':
      return giveUp(task, matter, verdict, claim, around)
    default:
      // The verdict stands if the store fails; then the lease has to end by itself.
      await claim?.release().catch(() => false)
      return verdict
  }
}

/** No attempt can help. */
async function giveUp(
  task: Task,
  { subject, kept, part }: Matter,
  { reason, error }: Extract<Verdict, { kind: 'dead' }>,
  claim: Claim | undefined,
  around: Surroundings,
): Promise<Outcome | Ending> {
  const { plan, lane, entry } = task
  const detail = typeof error === 'string' ? error : describe(error)
  const letter = 'letter' in subject ? subject.letter : undefined
  if (plan.whenExhausted === 'halt') {
    await claim?.release().catch(() => false)
    return { kind: 'halt', detail }
  }
  // A letter that is given up on again stays under the place where its record first stood.
  const { application, stream, shard } = { ...around.place, ...letter }
  const place: Place = { application, stream, shard }
  const whole = letter === undefined ? entry.record : { ...letter, arrivedAt: letter.at }
  const record = part === undefined ? whole : { ...whole, data: new TextEncoder().encode(part.data) }
  const again = letter?.reactor === plan.reactor && letter.route === plan.route && part === undefined
  const id = again ? letter.id : letterId(place, plan, record, part?.name)
  const condemned = { id, plan, record, lane, reason, detail, attempts: attemptsOf(task, reason) }
  const ending: Ending =
    plan.whenExhausted === 'park' && lane !== ''
      ? park(task, condemned, place, around, letter?.id ?? id)
      : {
          steps: [() => bury(around.settings, place, condemned)],
          outcome: { kind: 'ended', step: discards(around, condemned) ? 'discarded' : 'dead-letter', detail },
        }
  // Last: to who comes again after a crash, a claim that is dead says that all of this was done.
  if (claim !== undefined) ending.steps.push(() => claim.bury(id))
  if (kept !== undefined) ending.steps.push(kept)
  if (letter?.id === id) entry.letter = undefined
  return ending
}

/**
 * Keeps the record for when its lane is drained. Its letter comes last: without the lane there must be none of it. Whoever finds the
 * letter alone would redrive it out of order, and another attempt, by the next owner, would not know of it.
 */
function park(
  { plan, lane }: Task,
  condemned: Condemned,
  place: Place,
  { settings, parks }: Surroundings,
  known: string,
): Ending {
  const append = async () => {
    if (!(await parks.append(plan, lane, known))) throw fullOf(plan)
  }
  return {
    steps: [append, () => bury(settings, place, condemned)],
    outcome: { kind: 'ended', step: 'parked', detail: condemned.detail },
  }
}

/** A record of a lane that is parked already; or was parked for it, by an owner that died before it wrote the letter. */
export async function parkBehind(
  { plan, lane, entry }: Task,
  { settings, place, parks }: Surroundings,
): Promise<Outcome | Ending> {
  const { record } = entry
  const id = letterId(place, plan, record)
  if (!(await parks.append(plan, lane, id))) return { kind: 'full', error: fullOf(plan) }
  const detail = 'its lane is parked'
  const condemned = { id, plan, lane, record, reason: 'parked', detail, attempts: 0 } as const
  return {
    steps: [() => bury(settings, place, condemned)],
    outcome: { kind: 'ended', step: 'parked', detail },
  }
}

function fullOf({ key }: RoutePlan): Error {
  return new RetryAfter(FULL, `the parked lane of ${key} is full: drain it`)
}

/** Takes the steps that are left. A step that throws stays, and is taken again by the next attempt. */
export async function end(task: Task, { steps, outcome }: Ending, around: Surroundings): Promise<Outcome> {
  for (let step = steps[0]; step !== undefined; step = steps[0]) {
    if (!around.isHeld()) return ABANDONED
    await step()
    steps.shift()
  }
  if (!around.isHeld()) return ABANDONED
  if (outcome.kind === 'again') task.ending = undefined
  else await around.recordEnded(task)
  return outcome
}

async function complete(claim: Claim, { plan, entry }: Task, { settings }: Surroundings): Promise<void> {
  if (await claim.complete()) return
  const { sequence } = entry.record
  settings.logger.warn('a claim was taken over while its handler ran: the effect may be repeated', {
    route: plan.key,
    sequence,
  })
}

function attemptsOf(task: Task, reason: string): number {
  return reason === 'exhausted' || reason === 'permanent' ? Math.max(task.attempts, 1) : task.attempts
}

function discards({ settings }: Surroundings, { plan }: Condemned): boolean {
  return settings.deadLetters === undefined || (plan !== unrouted && plan.whenExhausted === 'discard')
}
