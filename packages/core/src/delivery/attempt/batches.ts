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
import type { Comer, Finish, Gate, Queue, Quiet } from '../order/index.ts'
import type { RoutePlan } from '../plan.ts'
import { ofThrown } from '../verdict.ts'
import type { Surroundings } from './attempt.ts'
import { loggerOf, signalOf } from './context.ts'
import type { Run } from './deadlines.ts'

export interface Batches {
  /** What the batch handler said of this event; rejects with what failed. */
  join(plan: RoutePlan, batching: Batching, event: EventMeta): Promise<unknown>
  /** Nothing more will come: batches no longer wait to be full. */
  hurry(): void
}

interface Member {
  readonly event: EventMeta
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
    for (let wait = gate.enter(comer); wait !== undefined; wait = gate.enter(comer)) {
      const until = typeof wait === 'number' ? wait : Number.POSITIVE_INFINITY
      const wakes = members.map(() => quiet.asleep(until))
      const wake = () => {
        for (const each of wakes) each()
      }
      if (typeof wait === 'number') await clock.sleep(wait - clock.now(), stopped).then(wake)
      else await told(wait, stopped, wake)
      if (!mayStart()) {
        for (const { reject } of members) reject(stopped.reason)
        return
      }
    }
    gate.leave(comer, await run(plan, batching, members))
  }

  async function run(plan: RoutePlan, batching: Batching, members: readonly Member[]): Promise<Finish> {
    const events = members.map(({ event }) => event)
    try {
      if (!mayStart()) throw stopped.reason
      const answers = await call(plan, batching, events)
      for (const [i, member] of members.entries()) {
        const answer = Array.isArray(answers) ? answers[i] : answers
        if (answer instanceof Error) member.reject(answer)
        else member.resolve(isSkip(answer) ? answer : undefined)
      }
      return { kind: 'answered' }
    } catch (error) {
      const verdict = ofThrown(error)
      const several = members.length > 1 && mayStart()
      if (several && (verdict.kind === 'retry' || verdict.kind === 'dead')) {
        const half = Math.ceil(members.length / 2)
        const first = await run(plan, batching, members.slice(0, half))
        const second = await run(plan, batching, members.slice(half))
        return first.kind === 'unavailable' ? first : second
      }
      for (const { reject } of members) reject(error)
      return verdict.kind === 'unavailable' ? verdict : { kind: 'answered' }
    }
  }

  async function call(plan: RoutePlan, { handle }: Batching, events: readonly EventMeta[]): Promise<unknown> {
    const deadline = Math.min(clock.now() + plan.timeout, around.hardEnd)
    const run: Run = { deadline, signal: undefined, aborted: false, reported: false }
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
    join: (plan, batching, event) =>
      new Promise((resolve, reject) => {
        const batch = filling.get(plan) ?? fill(plan, batching)
        batch.members.push({ event, resolve, reject })
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
