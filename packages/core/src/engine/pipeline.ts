/**
 * Owns one attempt of one route at one record: through the stages of its chain, the handler, and back. Never waits for another attempt:
 * the lane does that.
 *
 * ```
 *  stages, from left to right ─> look-up, middleware, handler ─> verdict ─> stages, from right to left ─> steps ─> outcome
 *     │ held: the lane waits                                        │ retry, outage: what was taken is released
 *     └ skip, dead: straight to the verdict                         └ done, skip, dead: an ending
 * ```
 *
 * Once the verdict is final the handler is not run again, even if the store fails while the steps are taken. A route with an empty chain
 * and a synchronous handler runs without a promise between its turn and its end.
 */

import type { EventMeta } from '../declare/event.ts'
import { skip } from '../declare/handler.ts'
import { codeOf } from '../errors.ts'
import { isThenable, promiseOf } from '../foreign.ts'
import { Unavailable } from '../verdicts.ts'
import { Attempt, type Stage } from './attempt.ts'
import { type Chain, recall } from './chain.ts'
import type { Content, LookedUp } from './content.ts'
import { HandlerContext } from './context.ts'
import { endingOf } from './ending.ts'
import { ofReturn, ofThrown } from './judge.ts'
import { ABANDONED, DONE, type Ending, type Outcome, skipped, type Verdict } from './outcome.ts'
import type { Scope } from './scope.ts'
import type { Task } from './task.ts'

export interface AttemptWork {
  readonly started: (task: Task) => void
  /** Called when a task has ended, before it counts as that. */
  readonly closing: (task: Task) => Promise<void>
}

export class Pipeline {
  readonly #scope: Scope
  readonly #chain: Chain
  readonly #work: AttemptWork

  constructor(scope: Scope, chain: Chain, work: AttemptWork) {
    this.#scope = scope
    this.#chain = chain
    this.#work = work
  }

  /** Never throws and never rejects. @param now on the clock's `monotonic` */
  attempt(task: Task, now: number): Outcome | Promise<Outcome> {
    const { content, plan } = task
    task.ran = false
    if (task.ending !== undefined) return this.#finish(task)
    if (content?.event !== undefined && this.#chain.isEmpty(plan) && !isUsedUp(task))
      return this.#handle(new Attempt(task, content, this.#scope, now), content.event)
    return this.#enter(task, now)
  }

  async #enter(task: Task, now: number): Promise<Outcome> {
    let attempt: Attempt | undefined
    try {
      const content = task.content ?? (await this.#contentOf(task))
      if (content === undefined) return await this.#end(task, skipped('its route no longer wants it'))
      if (!this.#scope.mayStart()) return ABANDONED
      attempt = new Attempt(task, content, this.#scope, now)
      // From here on something is awaited, so the start of the handler has to be asked for.
      attempt.entered = []
      const { before, ahead } = this.#chain.stages(task.plan)
      const kept = await this.#through(attempt, content.recall === undefined ? before : [...before, recall])
      if (kept !== undefined) return kept
      const { refusal } = attempt.content
      if (refusal !== undefined)
        return await this.#conclude(attempt, { kind: 'dead', reason: refusal.reason, error: refusal.detail })
      const taken = await this.#through(attempt, ahead)
      if (taken !== undefined) return taken
      if (isUsedUp(task)) return await this.#conclude(attempt, USED_UP)
      return await this.#handle(attempt, attempt.content.event)
    } catch (error) {
      // The handler is judged in `#handle`: what arrives here is a store that failed. The attempt is not counted.
      if (attempt === undefined) return outageOf(error)
      // A store that takes nothing of this record will not take it later: to wait would hold its lane for ever.
      if (codeOf(error) === 'permanent') return this.#conclude(attempt, ofThrown(error))
      await this.#release(attempt)
      return outageOf(error)
    }
  }

  /** @returns the outcome, if a stage kept the attempt from going on */
  async #through(attempt: Attempt, stages: readonly Stage[]): Promise<Outcome | undefined> {
    for (const stage of stages) {
      const answer = await stage.enter(attempt)
      if (answer?.kind === 'held') return this.#wait(attempt, answer)
      if (answer?.kind === 'ending') return this.#end(attempt.task, answer.ending)
      if (answer?.kind === 'conclude') return this.#conclude(attempt, answer.verdict)
      attempt.entered = [...(attempt.entered ?? []), stage]
      if (!this.#scope.mayStart()) return this.#wait(attempt, ABANDONED)
    }
    return undefined
  }

  /** What a task is about whose content was forgotten; undefined if its route no longer wants the record. */
  async #contentOf({ entry, plan }: Task): Promise<Content | undefined> {
    return (await this.#scope.match(entry.record)).find((share) => share.plan === plan)?.content
  }

  /** @param event undefined if a look-up has to find it */
  #handle(attempt: Attempt, event: EventMeta | undefined): Outcome | Promise<Outcome> {
    const { scope, task } = attempt
    let running: Promise<unknown>
    try {
      const { plan } = task
      const plain = event !== undefined && plan.middleware.length === 0 && !plan.gathers
      if (plain) {
        const why = attempt.entered === undefined ? undefined : this.#whyNot(attempt)
        if (why !== undefined) throw why
        task.ran = true
        this.#work.started(task)
      }
      // `route()` tied the handler's event type to the definitions that its kind made this event from.
      const returned = plain
        ? plan.handler(event as never, new HandlerContext(attempt))
        : this.#around(attempt, event)
      if (isThenable(returned)) running = promiseOf(returned)
      else if (attempt.beginnings === undefined) return this.#conclude(attempt, ofReturn(returned))
      else running = Promise.resolve(returned)
    } catch (error) {
      return this.#conclude(attempt, ofThrown(error))
    }
    const { run } = attempt
    attempt.runs(run)
    scope.deadlines.watch(run, running)
    const settled = (given: Verdict) => {
      attempt.runs(undefined)
      scope.deadlines.settled(run)
      return this.#conclude(attempt, given)
    }
    const failed = (error: unknown) => settled(ofThrown(error))
    return running.then((value) => {
      const { beginnings } = attempt
      const done = () => settled(ofReturn(value))
      return beginnings === undefined ? done() : beginnings.end().then(done, failed)
    }, failed)
  }

  /** The look-up, the user's middleware, and the call in their midst. */
  async #around(attempt: Attempt, known: EventMeta | undefined): Promise<unknown> {
    const { plan } = attempt
    let event = known
    attempt.task.ran = true
    if (event === undefined) {
      // A content without an event has its look-up, as its table says.
      const found = (await attempt.content.lookUp?.(this.#scope.settings)) as LookedUp
      if ('skip' in found) return skip(found.skip)
      event = found.event
    }
    const handled = event
    attempt.event = event
    const early = this.#whyNot(attempt)
    if (early !== undefined) throw early
    this.#work.started(attempt.task)
    let running: Promise<unknown> | undefined
    let answer: unknown = skip('next was not called')
    let refusal: { readonly why: unknown } | undefined
    const context = new HandlerContext(attempt)
    const start = async () => {
      answer = undefined
      const why = this.#whyNot(attempt)
      if (why !== undefined) {
        refusal = { why }
        throw why
      }
      return plan.gathers ? this.#chain.caller(plan).call(attempt) : plan.handler(handled as never, context) // as in `#handle`
    }
    /** What returns nothing leaves the answer as it was. */
    const answered = async (ask: () => Promise<unknown>) => {
      answer = (await ask()) ?? answer
      return answer
    }
    // As a publication that nobody awaits: it fails the attempt, and does not end the process.
    const inner = () => {
      running ??= answered(start)
      return attempt.begin(running)
    }
    try {
      if (plan.middleware.length === 0) return await start()
      const wrapped = plan.middleware.reduceRight<() => Promise<unknown>>(
        (next, wrap) => () => attempt.begin(answered(async () => wrap(handled, context, next))),
        inner,
      )
      try {
        await wrapped()
      } finally {
        // Middleware that did not wait for its handler must not let the next attempt start beside it.
        await Promise.allSettled([running])
      }
      // Middleware may make an answer of its own, but not one for a handler that was kept from starting.
      if (refusal !== undefined) throw refusal.why
      return answer
    } catch (error) {
      throw refusal === undefined ? error : refusal.why
    }
  }

  /** "May this start?" is asked at the call of the handler itself, whatever was awaited before. */
  #whyNot({ plan, lease, deadline, scope }: Attempt): unknown {
    if (!scope.mayStart()) return scope.notHeld()
    // Once its lease is over another owner may run the same.
    if (lease !== undefined && scope.now() >= deadline)
      return new Unavailable('state', `the store took longer than the timeout of ${plan.key}`)
    return undefined
  }

  #conclude(attempt: Attempt, given: Verdict): Outcome | Promise<Outcome> {
    const { task } = attempt
    const verdict = this.#judge(task, given)
    if (verdict.kind === 'retry' || verdict.kind === 'retry-after' || verdict.kind === 'unavailable')
      return this.#wait(attempt, verdict)
    let ending = endingOf(attempt, verdict)
    const { outcome } = ending
    // The other routes of the record have their turn before the reactor waits: a release takes a moment.
    if (outcome.kind === 'halt') return this.#release(attempt).then(() => outcome)
    if (attempt.entered !== undefined)
      for (const stage of attempt.entered.toReversed())
        ending = stage.leave?.(attempt, verdict, ending) ?? ending
    // A letter that is given up on again stays.
    if (ending.letter !== undefined && ending.letter.id === task.entry.letter) task.entry.letter = undefined
    return this.#end(task, ending)
  }

  /** A counted failure that was the last one becomes final; a failure that our own stop caused is not counted. */
  #judge(task: Task, verdict: Verdict): Verdict {
    if (verdict.kind !== 'retry' || !this.#scope.mayStart()) return verdict
    task.attempts += 1
    return task.attempts < task.plan.attempts
      ? verdict
      : { kind: 'dead', reason: 'exhausted', error: verdict.error }
  }

  #wait<T extends Outcome>(attempt: Attempt, outcome: T): T | Promise<T> {
    return attempt.entered === undefined ? outcome : this.#release(attempt).then(() => outcome)
  }

  /** The outcome stands if the store fails; then what was taken ends by itself. */
  async #release(attempt: Attempt): Promise<void> {
    for (const stage of attempt.entered?.toReversed() ?? []) {
      try {
        await stage.release?.(attempt)
      } catch {
        // A lease that cannot be given back ends at its time.
      }
    }
  }

  /** Where nothing is to be written the task ends at once. */
  #end(task: Task, ending: Ending): Outcome | Promise<Outcome> {
    const { content, entry } = task
    const isPlain = ending.steps.length === 0 && entry.letter === undefined && content?.closing === undefined
    if (isPlain && this.#scope.isHeld()) return ending.outcome
    // If the shard is held again in a moment, the handler is not asked again.
    task.ending = ending
    return isPlain ? ABANDONED : this.#finish(task)
  }

  /** Takes the steps that are left. A step that throws stays, and is taken again by the next attempt. */
  async #finish(task: Task): Promise<Outcome> {
    const { steps = [], outcome } = task.ending ?? DONE
    try {
      for (let taken = 0; taken < steps.length; taken += 1) {
        if (!this.#scope.isHeld()) return ABANDONED
        await steps[taken]?.()
        task.ending = { steps: steps.slice(taken + 1), outcome }
      }
      if (!this.#scope.isHeld()) return ABANDONED
      if (outcome.kind === 'again') task.ending = undefined
      else await this.#work.closing(task)
      return outcome
    } catch (error) {
      return outageOf(error)
    }
  }
}

const USED_UP: Verdict = {
  kind: 'dead',
  reason: 'exhausted',
  error: 'its owner ended before its last attempt did',
}

/** The attempt that was the last one failed, and what it led to was not written. A route that waits for someone to act may try again. */
function isUsedUp({ plan, attempts }: Task): boolean {
  return attempts >= plan.attempts && plan.whenExhausted !== 'halt'
}

/** A store that failed is an outage, unless it says more. */
function outageOf(error: unknown): Outcome {
  const judged = ofThrown(error)
  return judged.kind === 'unavailable' || judged.kind === 'retry-after'
    ? judged
    : { kind: 'unavailable', dependency: 'state', error }
}
