/**
 * Owns whether an attempt of a route may start now, for all deliveries of the process: is the route paused, is something
 * down that it needs, is its rate or concurrency used up. Never runs an attempt.
 *
 * One breaker for each dependency:
 *
 * ```
 *            Unavailable                time passes, one attempt goes ahead
 *   closed ──────────────> open ─────────────────────────────────────────────> probing
 *     ▲                     ▲  Unavailable again, or deaf: a longer wait         │ │ │
 *     │                     ├────────────────────────────────────────────────────┘ │ │
 *     │                     │  no handler ran, or something else is down:          │ │
 *     │                     └──────────────────────────── the next one goes ahead ─┘ │
 *     └───────────────────────────────── any other end of an attempt ────────────────┘
 * ```
 *
 * An outage is not poison: attempts that end in it are not counted, and nothing is dead-lettered for it.
 */

import type { Settings } from '../configuration.ts'
import type { RoutePlan } from '../plan.ts'
import { backoff, SOONEST } from '../verdict.ts'

/** Undefined: go. A number: not before then, in milliseconds since 1970. A queue: ask again when told. */
export type Pass = number | Queue | undefined

export type Queue = Set<() => void>

/** What asks; it keeps the slot of its route's rate that it was given. */
export interface Comer {
  readonly plan: RoutePlan
  slot: number
}

export type Finish =
  | { readonly kind: 'unavailable'; readonly dependency: string; readonly error: unknown }
  /** It told nothing about what the route needs. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'answered' }

export const NOTHING: Finish = { kind: 'nothing' }
export const ANSWERED: Finish = { kind: 'answered' }

export interface Gate {
  enter(comer: Comer): Pass
  /** Once for each entry. */
  leave(comer: Comer, finish: Finish): void
  /** It will not come again: the slot that it was given is free for others. */
  forgo(comer: Comer): void
  /** It found that something is down before it could enter. */
  report(comer: Comer, dependency: string): void
  /** When the next attempt of who needs it may be made. */
  until(dependency: string): number
  pause(key: string): void
  resume(key: string): void
}

/** Of a dependency that is down; one that is up has none. It is open, or probing while it has a probe. */
interface Breaker {
  readonly since: number
  until: number
  outages: number
  alarmed: boolean
  probe: Probe | undefined
  readonly queue: Queue
}

interface Probe {
  readonly comer: Comer
  /** Aborted when it ends. */
  readonly over: AbortController
}

/** A slot that was not used in time is lost: after an outage all that had one would start at once. */
const LATE = 1_000

/** How long a probe may run beyond its timeout. Then its handler is deaf, and must not hold up all others until it settles. */
const DEAF = 5_000

/** Names that a route keeps though they are up again. One that makes them up as it goes, say per customer, forgets them. */
const LEARNED = 32

type GateSettings = Pick<Settings, 'plans' | 'clock' | 'random' | 'logger' | 'maxPause'>

export function createGate({ plans, clock, random, logger, maxPause }: GateSettings): Gate {
  const breakers = new Map<string, Breaker>()
  const routes = plans.routes.map(({ dependencies }) => stateOf(dependencies))
  /** Of records that reached no route: they need the dead-letter store. */
  const unrouted = stateOf([])
  const paused = new Map<string, Queue>()

  function trip(dependency: string, { plan }: Comer): void {
    const now = clock.now()
    let breaker = breakers.get(dependency)
    if (breaker === undefined) {
      breaker = { since: now, until: 0, outages: 0, alarmed: false, probe: undefined, queue: new Set() }
      breakers.set(dependency, breaker)
    }
    breaker.outages += 1
    breaker.until = now + Math.max(SOONEST, backoff(breaker.outages, plan, random))
    if (breaker.alarmed || now - breaker.since < maxPause) return
    breaker.alarmed = true
    logger.error('a dependency is down: the routes that need it wait', {
      dependency,
      since: new Date(breaker.since).toISOString(),
    })
  }

  function probe(dependency: string, breaker: Breaker, comer: Comer): void {
    const { timeout, batching } = comer.plan
    const over = new AbortController()
    breaker.probe = { comer, over }
    void clock.sleep((batching?.within ?? 0) + timeout + DEAF, over.signal).then(() => {
      if (over.signal.aborted) return
      breaker.probe = undefined
      trip(dependency, comer)
      tell(breaker.queue)
    })
  }

  return {
    enter: (comer) => {
      const { plan } = comer
      const route = routes[plan.index] ?? unrouted
      if (paused.size > 0) {
        const hold = paused.get(plan.key) ?? paused.get(plan.reactor)
        if (hold !== undefined) return hold
      }
      // Most routes have met no outage yet.
      for (const dependency of breakers.size === 0 ? [] : route.needs) {
        const breaker = breakers.get(dependency)
        if (breaker?.probe !== undefined) return breaker.queue
        if (breaker !== undefined && clock.now() < breaker.until) return breaker.until
      }
      if (route.running >= plan.concurrency) return route.queue
      if (plan.spacing > 0) {
        const now = clock.now()
        if (comer.slot < now - LATE) comer.slot = slotOf(route, plan, now)
        if (comer.slot > now) return comer.slot
        comer.slot = 0
      }
      for (const dependency of route.needs) {
        const breaker = breakers.get(dependency)
        if (breaker !== undefined) probe(dependency, breaker, comer)
      }
      route.running += 1
      return undefined
    },
    leave: (comer, finish) => {
      const route = routes[comer.plan.index] ?? unrouted
      route.running -= 1
      if (finish.kind !== 'unavailable' && route.needs.size === 0) return offer(route, comer.plan)
      // Told last: who is told asks at once, and must find everything decided.
      const told: Queue[] = []
      if (finish.kind === 'unavailable') route.needs.add(finish.dependency)
      for (const dependency of route.needs) {
        const down = finish.kind === 'unavailable' && finish.dependency === dependency
        const breaker = breakers.get(dependency)
        if (breaker?.probe?.comer === comer) {
          breaker.probe.over.abort()
          breaker.probe = undefined
          if (down) trip(dependency, comer)
          else if (finish.kind === 'answered') {
            logger.info('a dependency is back', { dependency })
            breakers.delete(dependency)
          }
          // If this one learned nothing, or came no further than to something else, the next one is asked at once.
          told.push(breaker.queue)
        } else if (down && breaker === undefined) trip(dependency, comer)
        if (!breakers.has(dependency) && isForgotten(dependency, route, comer.plan))
          route.needs.delete(dependency)
      }
      for (const queue of told) tell(queue)
      offer(route, comer.plan)
    },
    forgo: ({ plan, slot }) => {
      const route = routes[plan.index]
      if (route === undefined || slot <= clock.now()) return
      route.forgone.push(slot)
      route.sorted = false
    },
    report: (comer, dependency) => {
      const breaker = breakers.get(dependency)
      const route = routes[comer.plan.index] ?? unrouted
      route.needs.add(dependency)
      const due = breaker?.probe === undefined && (breaker?.until ?? 0) <= clock.now()
      if (due) trip(dependency, comer)
    },
    until: (dependency) => breakers.get(dependency)?.until ?? 0,
    pause: (key) => {
      if (!paused.has(key)) paused.set(key, new Set())
    },
    resume: (key) => {
      const waiting = paused.get(key)
      paused.delete(key)
      if (waiting !== undefined) tell(waiting)
    },
  }
}

type RouteState = ReturnType<typeof stateOf>

function isForgotten(dependency: string, { needs }: RouteState, { dependencies }: RoutePlan): boolean {
  return needs.size > LEARNED + dependencies.length && !dependencies.includes(dependency)
}

function stateOf(dependencies: readonly string[]) {
  const queue: Queue = new Set()
  const forgone: number[] = []
  return { needs: new Set(dependencies), running: 0, nextSlot: 0, forgone, sorted: true, queue }
}

/** The earliest one that is free: a shard that is lost, or an invocation that ends, must not take the slots of its lanes with it. */
function slotOf(route: RouteState, { spacing }: RoutePlan, now: number): number {
  // Latest first, so that the earliest is taken from the end; they come many at once.
  if (!route.sorted) route.forgone.sort((a, b) => b - a)
  route.sorted = true
  for (let slot = route.forgone.pop(); slot !== undefined; slot = route.forgone.pop())
    if (slot >= now) return slot
  const slot = Math.max(now, route.nextSlot)
  route.nextSlot = slot + spacing
  return slot
}

/** All of them: each asks again, and who may not go yet waits again. */
function tell(queue: Queue): void {
  if (queue.size === 0) return
  const waiting = [...queue]
  queue.clear()
  for (const again of waiting) again()
}

/** Offers the free places, to one after the other: of thousands that wait, all would ask for the one that became free. */
function offer(route: RouteState, { concurrency }: RoutePlan): void {
  for (const again of route.queue) {
    if (route.running >= concurrency) return
    route.queue.delete(again)
    again()
  }
}
