/**
 * `batch({ size, bytes, within }, handler)`. Owns the batches that are being filled, one for each route with a batch handler, and runs them.
 * Never judges: each event gets an answer or an error, as if its own handler had returned or thrown it.
 *
 * ```
 *   attempts ── call ──> filling ── full, or its time is over ──> gate ──> handler ──┬─ returns: an answer for each
 *                                                                  ▲                ├─ throws, alone or an outage: an error for each
 *                                                                  └──── halves ────┴─ throws: poison among several
 * ```
 */

import { type BatchContext, type Batching, isSkip } from '../declare/handler.ts'
import { ANSWERED, type Comer, type Finish, NOTHING } from '../engine/admission.ts'
import { type Attempt, wallOf } from '../engine/attempt.ts'
import { loggerOfHandler } from '../engine/context.ts'
import { Run } from '../engine/deadlines.ts'
import { ofThrown } from '../engine/judge.ts'
import type { RoutePlan } from '../engine/plan.ts'
import type { Scope } from '../engine/scope.ts'
import type { Caller, Capability } from '../engine/stage.ts'
import { routeFields } from '../engine/telling.ts'
import { OVER, onAbort } from '../engine/within.ts'
import { codeOf } from '../errors.ts'
import { fieldOf, isThenable, promiseOf } from '../foreign.ts'
import { RetryAfter, Unavailable } from '../verdicts.ts'

export const batch: Capability = {
  name: 'batch',
  serves: { option: 'batching' },
  place: 'call',
  gathering: ({ batching }) => batching?.within ?? 0,
  // Made only for a route whose handler has `batching`: that is what it serves.
  caller: (plan, scope) => new Batches(plan, plan.handler.batching as Batching, scope),
}

interface Member {
  readonly attempt: Attempt
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Those that the handler gets together. Its lanes are asleep while it waits. */
interface Batch extends Comer {
  readonly members: readonly Member[]
  /** How many wait until it has ended: their lanes sleep when its lanes do. */
  readonly behind: number
}

interface Filling {
  readonly members: Member[]
  /** Bytes for which there is still room. */
  room: number
  readonly wakes: (() => void)[]
  readonly closed: AbortController
}

class Batches implements Caller {
  readonly #plan: RoutePlan
  readonly #batching: Batching
  readonly #scope: Scope
  #filling: Filling | undefined
  #hurried = false
  /** Batches that wait for the gate, woken when the delivery is over: a listener of each would make every wait a walk over all others. */
  readonly #waiting = new Set<() => void>()

  constructor(plan: RoutePlan, batching: Batching, scope: Scope) {
    this.#plan = plan
    this.#batching = batching
    this.#scope = scope
    onAbort(scope.stopped, () => {
      this.hurry()
      for (const wake of [...this.#waiting]) wake()
    })
  }

  /** Resolves with what the batch handler said of this event; rejects with what failed. */
  call(attempt: Attempt): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const weight = (attempt.content.letter ?? attempt.task.entry.record).data.length
      if ((this.#filling?.room ?? weight) < weight) this.#close(this.#filling)
      const filling = this.#filling ?? this.#fill()
      filling.members.push({ attempt, resolve, reject })
      filling.room -= weight
      if (filling.members.length >= this.#batching.size) return this.#close(filling)
      const wait = this.#hurried ? 0 : this.#batching.within
      filling.wakes.push(this.#scope.activity.asleep(this.#scope.now() + wait))
    })
  }

  hurry(): void {
    this.#hurried = true
    this.#close(this.#filling)
  }

  #fill(): Filling {
    const filling: Filling = {
      members: [],
      room: this.#batching.bytes,
      wakes: [],
      closed: new AbortController(),
    }
    this.#filling = filling
    void this.#scope.settings.clock
      .sleep(this.#hurried ? 0 : this.#batching.within, filling.closed.signal)
      .then(() => this.#close(filling))
    return filling
  }

  #close(filling: Filling | undefined): void {
    if (filling === undefined || this.#filling !== filling) return
    this.#filling = undefined
    filling.closed.abort()
    for (const wake of filling.wakes) wake()
    this.#pass({ plan: this.#plan, members: filling.members, behind: 0 }, () => {})
  }

  /** Through the gate, or to the next time that it may be asked. @param ended called when every member has its answer */
  #pass(batch: Batch, ended: () => void, woken = false): void {
    const scope = this.#scope
    if (!scope.mayStart()) {
      for (const { reject } of batch.members) reject(scope.notHeld())
      if (woken) scope.gate.passOn(batch)
      ended()
      return
    }
    const wait = scope.gate.enter(batch, scope.now())
    if (wait === undefined) {
      // Never rejects, and neither the gate nor what comes next throws.
      void this.#run(batch).then(({ finish, rest }) => {
        scope.gate.leave(batch, finish)
        this.#next(rest, ended)
      })
      return
    }
    const { clock } = scope.settings
    const until = typeof wait === 'number' ? scope.now() + wait : wait.due
    const lanes = batch.members.length + batch.behind
    const busy = Array.from({ length: lanes }, () => scope.activity.asleep(until))
    const again = (byGate: boolean) => {
      if (!this.#waiting.delete(stop)) return
      for (const wake of busy) wake()
      this.#pass(batch, ended, byGate)
    }
    let forget = () => {}
    const over = new AbortController()
    const stop = () => {
      forget()
      over.abort(OVER)
      if (typeof wait !== 'number') again(false)
    }
    this.#waiting.add(stop)
    if (typeof wait === 'number') void clock.sleep(wait, over.signal).then(() => again(false))
    else forget = wait.add({ comer: batch, wake: () => again(true) })
    if (woken) scope.gate.passOn(batch)
  }

  /** The halves of a batch that failed, one after the other, each through the gate as a batch of its own. */
  #next([half, ...rest]: readonly Batch[], ended: () => void): void {
    if (half === undefined) ended()
    else this.#pass(half, () => this.#next(rest, ended))
  }

  /** Never rejects. @returns the halves to be run, if poison is to be isolated */
  async #run(batch: Batch): Promise<{ readonly finish: Finish; readonly rest: readonly Batch[] }> {
    const members = await this.#leased(batch.members)
    if (members.length === 0) return { finish: NOTHING, rest: [] }
    const refuse = (error: unknown, finish: Finish) => {
      for (const { reject } of members) reject(error)
      return { finish, rest: [] }
    }
    if (!this.#scope.mayStart()) return refuse(this.#scope.notHeld(), NOTHING)
    let answers: readonly Answer[]
    try {
      answers = await this.#call(members)
    } catch (error) {
      const verdict = ofThrown(error)
      const isPoison = verdict.kind === 'retry' || verdict.kind === 'dead'
      if (!isPoison || members.length === 1 || !this.#scope.mayStart())
        return refuse(error, verdict.kind === 'unavailable' ? verdict : ANSWERED)
      const middle = Math.ceil(members.length / 2)
      const [first, second] = [members.slice(0, middle), members.slice(middle)]
      const rest = [
        { ...batch, members: first, behind: batch.behind + second.length },
        { ...batch, members: second },
      ]
      return { finish: ANSWERED, rest }
    }
    let finish: Finish = ANSWERED
    for (const [i, { answer, failed }] of answers.entries()) {
      if (!failed) {
        members[i]?.resolve(isSkip(answer) ? answer : undefined)
        continue
      }
      const verdict = ofThrown(answer)
      if (verdict.kind === 'unavailable') finish = verdict
      members[i]?.reject(answer)
    }
    return { finish, rest: [] }
  }

  /** Those whose claims are theirs until the end: they may have waited for long. */
  async #leased(members: readonly Member[]): Promise<readonly Member[]> {
    const until = Math.min(this.#scope.now() + this.#plan.timeout, this.#scope.hardEnd)
    const isOurs = await Promise.all(
      members.map(async (member) => {
        const { lease, run } = member.attempt
        if (lease === undefined || run.deadline >= until) return true
        try {
          if (!this.#scope.isHeld()) throw this.#scope.notHeld()
          if (!(await lease.extend(wallOf(until, this.#scope)))) throw new RetryAfter(0, 'its claim was lost')
          run.deadline = until
          return true
        } catch (error) {
          member.reject(
            codeOf(error) === undefined ? new Unavailable('state', undefined, { cause: error }) : error,
          )
          return false
        }
      }),
    )
    return members.filter((_, i) => isOurs[i])
  }

  async #call(members: readonly Member[]): Promise<readonly Answer[]> {
    const { settings, stopped, deadlines, hardEnd } = this.#scope
    const plan = this.#plan
    const run = new Run(plan, Math.min(this.#scope.now() + plan.timeout, hardEnd), true)
    const context: BatchContext = {
      get signal() {
        return run.signal(stopped)
      },
      deadline: new Date(wallOf(run.deadline, this.#scope)),
      log: loggerOfHandler(settings.logger, () => routeFields(plan)),
      reactor: plan.reactor,
      route: plan.route,
    }
    const events: readonly unknown[] = members.map(({ attempt }) => attempt.event)
    // `on` and `route` tied the handler's event type to the definitions that these events were made from.
    const handle = async () => this.#batching.handle(events as readonly never[], context)
    // What a list promises is the handler's work, too: it has its deadline, and hears of it.
    const running = handle().then((answers) => answersOf(answers, members.length))
    for (const { attempt } of members) attempt.runs(run)
    deadlines.watch(run, running)
    try {
      return await running
    } finally {
      deadlines.settled(run)
    }
  }
}

interface Answer {
  readonly answer: unknown
  readonly failed: boolean
}

/** Answers that are looked at, of a list that is longer than its batch. */
const MOST = 10_000

/**
 * What a batch handler answered for each event. A list of another length tells nobody whose its answers are: its first failure is that
 * of the whole batch, and without one all are done, as what `Promise.all` made of a few bulk writes says.
 *
 * @throws the first failure in a list of the wrong length
 */
async function answersOf(answers: unknown, count: number): Promise<readonly Answer[]> {
  const { length } = Array.isArray(answers) ? answers : { length: count }
  const given = await Promise.all(
    Array.from({ length: Math.max(count, Math.min(length, MOST)) }, (_, i) => answerAt(answers, i)),
  )
  const stray = length === count ? undefined : given.find(({ failed }) => failed)
  if (stray !== undefined) throw stray.answer
  return given
}

/**
 * What a batch handler answered for one event. Whatever an answer does when it is looked at, it concerns its event alone; a list of
 * promises is taken for what they settle to, and so is what `Promise.allSettled` says of them.
 */
async function answerAt(answers: unknown, i: number): Promise<Answer> {
  try {
    const given: unknown = Array.isArray(answers) ? answers[i] : answers
    const settled = isThenable(given) ? await promiseOf(given) : given
    // A row that was stored may have a status of its own, and more fields.
    const kind = `${Object.keys(Object(settled))} ${String(fieldOf(settled, 'status'))}`
    if (kind === 'status,reason rejected') throw fieldOf(settled, 'reason')
    const answer = kind === 'status,value fulfilled' ? fieldOf(settled, 'value') : settled
    return { answer, failed: answer instanceof Error }
  } catch (error) {
    return { answer: error, failed: true }
  }
}
