/**
 * Owns the batches that are being filled, one for each route with a batch handler, and runs them. Never judges: each
 * event gets an answer or an error, as if its own handler had returned or thrown it.
 *
 * ```
 *   lanes ── join ──> filling ── full, or its time is over ──> gate ──> handler ──┬─ returns: an answer for each
 *                                                                  ▲             ├─ throws, alone or an outage: an error for each
 *                                                                  └── halves ───┴─ throws: poison among several
 * ```
 */

import type { BatchContext, Batching } from '../../domain/batch.ts'
import type { EventMeta } from '../../domain/event.ts'
import { isSkip } from '../../domain/handler.ts'
import { codeOf } from '../../errors.ts'
import { RetryAfter, Unavailable } from '../../verdicts.ts'
import {
  ANSWERED,
  type Comer,
  type Finish,
  type Gate,
  NOTHING,
  type Queue,
  type Quiet,
} from '../order/index.ts'
import type { RoutePlan } from '../plan.ts'
import { ofThrown } from '../verdict.ts'
import { notHeld, type Surroundings } from './attempt.ts'
import type { Claim } from './claim.ts'
import { loggerOf, signalOf } from './context.ts'
import { Run } from './deadlines.ts'

export interface Batches {
  /** What the batch handler said of this event; rejects with what failed. */
  join(plan: RoutePlan, batching: Batching, about: Joining): Promise<unknown>
  /** Nothing more will come: batches no longer wait to be full. */
  hurry(): void
}

export interface Joining {
  readonly event: EventMeta
  /** Its deadline is the end of the claim's lease. */
  readonly run: Run
  readonly claim: Claim | undefined
}

interface Member extends Joining {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: unknown) => void
}

interface Filling {
  readonly plan: RoutePlan
  readonly batching: Batching
  readonly members: Member[]
  readonly wakes: (() => void)[]
  readonly closed: AbortController
}

export function createBatches(around: Surroundings, gate: Gate, quiet: Quiet): Batches {
  const { settings, stopped, mayStart } = around
  const { clock } = settings
  const filling = new Map<RoutePlan, Filling>()
  let hurried = false

  function fill(plan: RoutePlan, batching: Batching): Filling {
    const batch: Filling = { plan, batching, members: [], wakes: [], closed: new AbortController() }
    filling.set(plan, batch)
    void clock.sleep(hurried ? 0 : batching.within, batch.closed.signal).then(() => close(batch))
    return batch
  }

  function close(batch: Filling): void {
    if (filling.get(batch.plan) !== batch) return
    filling.delete(batch.plan)
    batch.closed.abort()
    for (const wake of batch.wakes) wake()
    void pass(batch)
  }

  async function pass({ plan, batching, members }: Filling): Promise<void> {
    const comer: Comer = { plan, slot: 0 }
    for (;;) {
      if (!mayStart()) {
        gate.forgo(comer)
        refuse(members, notHeld(around), NOTHING)
        return
      }
      const wait = gate.enter(comer)
      if (wait === undefined) break
      const until = typeof wait === 'number' ? wait : Number.POSITIVE_INFINITY
      const wakes = members.map(() => quiet.asleep(until))
      const wake = () => {
        for (const each of wakes) each()
      }
      if (typeof wait === 'number') await clock.sleep(wait - clock.now(), stopped).then(wake)
      else await told(wait, stopped, wake)
    }
    gate.leave(comer, await claimed(plan, batching, members))
  }

  async function run(plan: RoutePlan, batching: Batching, members: readonly Member[]): Promise<Finish> {
    if (!mayStart()) return refuse(members, notHeld(around), NOTHING)
    try {
      const answers = await call(plan, batching, members)
      let finish: Finish = ANSWERED
      for (const [i, member] of members.entries()) {
        const answer = Array.isArray(answers) ? answers[i] : answers
        if (!(answer instanceof Error)) {
          member.resolve(isSkip(answer) ? answer : undefined)
          continue
        }
        const verdict = ofThrown(answer)
        if (verdict.kind === 'unavailable') finish = verdict
        member.reject(answer)
      }
      return finish
    } catch (error) {
      const verdict = ofThrown(error)
      const several = members.length > 1 && mayStart()
      if (several && (verdict.kind === 'retry' || verdict.kind === 'dead')) {
        const half = Math.ceil(members.length / 2)
        const first = await claimed(plan, batching, members.slice(0, half))
        const second = await claimed(plan, batching, members.slice(half))
        return first.kind === 'unavailable' ? first : second
      }
      return refuse(members, error, verdict.kind === 'unavailable' ? verdict : ANSWERED)
    }
  }

  function refuse(members: readonly Member[], error: unknown, finish: Finish): Finish {
    for (const { reject } of members) reject(error)
    return finish
  }

  /** Runs those whose claims are theirs until the end: they may have waited for long. */
  async function claimed(plan: RoutePlan, batching: Batching, members: readonly Member[]): Promise<Finish> {
    const until = Math.min(clock.now() + plan.timeout, around.hardEnd)
    const short = members.filter(({ claim, run }) => claim !== undefined && run.deadline < until)
    if (short.length === 0) return run(plan, batching, members)
    const lost = new Set<Member>()
    await Promise.all(
      short.map(async (member) => {
        try {
          if (!around.isHeld()) throw notHeld(around)
          if (!(await member.claim?.extend(until))) throw new RetryAfter(0, 'its claim was lost as it waited')
          member.run.deadline = until
        } catch (error) {
          lost.add(member)
          member.reject(
            codeOf(error) === undefined ? new Unavailable('state', undefined, { cause: error }) : error,
          )
        }
      }),
    )
    const rest = members.filter((member) => !lost.has(member))
    return rest.length === 0 ? NOTHING : run(plan, batching, rest)
  }

  async function call(plan: RoutePlan, { handle }: Batching, members: readonly Member[]): Promise<unknown> {
    const events: readonly EventMeta[] = members.map(({ event }) => event)
    const deadline = Math.min(clock.now() + plan.timeout, around.hardEnd)
    const run = new Run(deadline, false)
    const context: BatchContext = {
      get signal() {
        return signalOf(run, around)
      },
      deadline: new Date(deadline),
      log: loggerOf(settings.logger, plan),
      reactor: plan.reactor,
      route: plan.route,
    }
    // `on` and `route` tied the handler's event type to the definitions that these events were made from.
    const called = Promise.resolve().then(() => handle(events as readonly never[], context))
    around.deadlines.watch(run, called)
    return called.finally(() => around.deadlines.settled(run))
  }

  function hurry(): void {
    hurried = true
    for (const batch of [...filling.values()]) close(batch)
  }
  stopped.addEventListener('abort', hurry)

  return {
    hurry,
    join: (plan, batching, about) =>
      new Promise((resolve, reject) => {
        const batch = filling.get(plan) ?? fill(plan, batching)
        batch.members.push({ ...about, resolve, reject })
        if (batch.members.length >= batching.size) return close(batch)
        batch.wakes.push(quiet.asleep(clock.now() + (hurried ? 0 : batching.within)))
      }),
  }
}

function told(queue: Queue, stopped: AbortSignal, wake: () => void): Promise<void> {
  return new Promise((resolve) => {
    const again = () => {
      queue.delete(again)
      stopped.removeEventListener('abort', again)
      wake()
      resolve()
    }
    queue.add(again)
    stopped.addEventListener('abort', again)
  })
}
