/**
 * Owns which dependencies are down, and the routes that wait for them. An outage is not poison: attempts that end in one are not counted,
 * and nothing is dead-lettered for it. One breaker for each dependency:
 *
 * ```
 *            Unavailable                time passes, one attempt goes ahead
 *   closed ──────────────> open ─────────────────────────────────────────────> probing
 *     ▲                     ▲  Unavailable again, or deaf: a longer wait         │ │ │
 *     │                     ├────────────────────────────────────────────────────┘ │ │
 *     │                     │  no handler ran, or another dependency is down:      │ │
 *     │                     └──────────────────────────── the next one goes ahead ─┘ │
 *     └───────────────────────────────── any other end of an attempt ────────────────┘
 * ```
 */

import { errorFields, type LogFields } from '../log/index.ts'
import { setUpOf } from '../verdicts.ts'
import type { Comer, Finish, Wait } from './admission.ts'
import { backoff, SOONEST } from './judge.ts'
import type { RoutePlan } from './plan.ts'
import type { Settings } from './settings.ts'
import { WaitQueue } from './wait-queue.ts'

export interface Breakers {
  ask(comer: Comer, now: number): Wait | undefined
  take(comer: Comer): void
  /** @returns those to be woken once all else is decided */
  leave(comer: Comer, finish: Finish): readonly WaitQueue[] | undefined
  report(comer: Comer, dependency: string, error: unknown): void
  until(dependency: string): number
}

/** Of a dependency that is down; one that is up has none. It is open, or probing while it has a probe. Times are monotonic. */
interface Breaker {
  readonly since: number
  until: number
  outages: number
  alarmed: boolean
  probe: { readonly comer: Comer; readonly over: AbortController } | undefined
  readonly waiting: WaitQueue
}

/** How long a probe may run beyond its timeout. Then its handler is deaf, and must not hold up all others until it settles. */
const DEAF = 5_000

/** What attempts ask that reach no handler: a repeat that is skipped tells nothing of what the handler needs. */
const STORES: ReadonlySet<string> = new Set(['state', 'dead-letters'])

/** Names that a route keeps though they are up again. A route that makes names up as it goes, say per customer, forgets them. */
const LEARNED = 32

const WAITING = 'the routes that need it wait'

type BreakerSettings = Pick<Settings, 'plans' | 'clock' | 'random' | 'logger' | 'maxPause'>

export function createBreakers({ plans, clock, random, logger, maxPause }: BreakerSettings): Breakers {
  const breakers = new Map<string, Breaker>()
  const needs = plans.routes.map(({ dependencies }) => new Set(dependencies))
  /** Records that reached no route need the dead-letter store. */
  const unrouted = new Set<string>()
  const needsOf = ({ plan }: Comer) => needs[plan.index] ?? unrouted

  function trip(dependency: string, { plan }: Comer, error?: unknown): void {
    const now = clock.monotonic()
    let breaker = breakers.get(dependency)
    if (breaker === undefined) {
      tellDown(dependency, error)
      const waiting = new WaitQueue()
      breaker = { since: now, until: 0, outages: 0, alarmed: false, probe: undefined, waiting }
      breakers.set(dependency, breaker)
    }
    breaker.outages += 1
    breaker.until = now + Math.max(SOONEST, backoff(breaker.outages, plan, random))
    if (breaker.alarmed || now - breaker.since < maxPause) return
    breaker.alarmed = true
    logger.error(`a dependency is still down: ${WAITING}`, {
      ...fieldsOf(dependency, error),
      durationMs: Math.round(now - breaker.since),
    })
  }

  /** Once for each outage: what waits for it says nothing. */
  function tellDown(dependency: string, error: unknown): void {
    const setup = setUpOf(error)
    const fields = fieldsOf(dependency, error)
    if (setup === undefined) logger.warn(`a dependency is down: ${WAITING}`, fields)
    else
      logger.error(`the set-up of a dependency is wrong: ${WAITING} until it is mended`, {
        ...fields,
        reason: setup.reason,
        details: { resource: setup.resource, advice: setup.advice },
      })
  }

  function fieldsOf(dependency: string, error: unknown): LogFields {
    return error === undefined ? { dependency } : { dependency, error: errorFields(error) }
  }

  function probe(dependency: string, breaker: Breaker, comer: Comer): void {
    const { timeout, gathering } = comer.plan
    const over = new AbortController()
    breaker.probe = { comer, over }
    void clock.sleep(gathering + timeout + DEAF, over.signal).then(() => {
      if (over.signal.aborted) return
      breaker.probe = undefined
      trip(dependency, comer)
      breaker.waiting.wakeAll()
    })
  }

  return {
    ask: (comer, now) => {
      // Most processes know of no outage.
      if (breakers.size === 0) return undefined
      for (const dependency of needsOf(comer)) {
        const breaker = breakers.get(dependency)
        if (breaker?.probe !== undefined) return breaker.waiting
        if (breaker !== undefined && now < breaker.until) return breaker.until - now
      }
      return undefined
    },
    take: (comer) => {
      if (breakers.size === 0) return
      for (const dependency of needsOf(comer)) {
        const breaker = breakers.get(dependency)
        if (breaker !== undefined) probe(dependency, breaker, comer)
      }
    },
    leave: (comer, finish) => {
      const needed = needsOf(comer)
      if (finish.kind !== 'unavailable' && (breakers.size === 0 || needed.size === 0)) return undefined
      const woken: WaitQueue[] = []
      if (finish.kind === 'unavailable') needed.add(finish.dependency)
      for (const dependency of needed) {
        const down = finish.kind === 'unavailable' && finish.dependency === dependency
        const breaker = breakers.get(dependency)
        if (breaker?.probe?.comer === comer) {
          breaker.probe.over.abort()
          breaker.probe = undefined
          if (down) trip(dependency, comer, finish.error)
          else if (finish.kind === 'answered' || (finish.kind === 'stored' && STORES.has(dependency))) {
            const durationMs = Math.round(clock.monotonic() - breaker.since)
            logger.info('a dependency is back', { dependency, durationMs })
            breakers.delete(dependency)
          }
          // A probe that learned nothing, or came no further than to another dependency, lets the next one ask at once.
          woken.push(breaker.waiting)
        } else if (down && breaker === undefined) trip(dependency, comer, finish.error)
        if (!breakers.has(dependency) && isForgotten(dependency, needed, comer.plan))
          needed.delete(dependency)
      }
      return woken
    },
    report: (comer, dependency, error) => {
      const breaker = breakers.get(dependency)
      needsOf(comer).add(dependency)
      const due = breaker?.probe === undefined && (breaker?.until ?? 0) <= clock.monotonic()
      if (due) trip(dependency, comer, error)
    },
    until: (dependency) => (breakers.get(dependency)?.until ?? 0) - clock.monotonic(),
  }
}

function isForgotten(dependency: string, needs: ReadonlySet<string>, { dependencies }: RoutePlan): boolean {
  return needs.size > LEARNED + dependencies.length && !dependencies.includes(dependency)
}
