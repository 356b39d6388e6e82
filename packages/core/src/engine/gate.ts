/**
 * Owns the question whether an attempt of a route may start now, for all deliveries of the process. Four doorkeepers answer it, each in a
 * file of its own: pauses and slots (`slots.ts`), breakers (`breaker.ts`), and what capabilities add. Never runs an attempt.
 *
 * | answer       | means                                                                                        |
 * |--------------|----------------------------------------------------------------------------------------------|
 * | undefined    | go: the place is taken, and `leave` gives it back                                              |
 * | a number     | ask again after so many milliseconds                                                           |
 * | a queue      | wait in it; whoever is woken asks again, and one who then does not enter says so by `passOn`    |
 */

import { createBreakers } from './breaker.ts'
import type { Settings } from './options.ts'
import type { RoutePlan } from './plan.ts'
import { createSlots } from './slots.ts'
import type { WaitQueue } from './wait-queue.ts'

/** What asks to start: an attempt's task, or the events that a handler gets together. */
export interface Comer {
  readonly plan: RoutePlan
}

/** Why not now. */
export type Wait = number | WaitQueue

/** How the work ended that had entered. */
export type Finish =
  | { readonly kind: 'unavailable'; readonly dependency: string; readonly error: unknown }
  /** It told nothing about the dependencies of the route. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'answered' }

export const NOTHING: Finish = { kind: 'nothing' }
export const ANSWERED: Finish = { kind: 'answered' }

/** A doorkeeper. Nothing is taken until all of them let the comer in. */
export interface Admission {
  ask(comer: Comer, now: number): Wait | undefined
  take(comer: Comer, now: number): void
  leave?(comer: Comer, finish: Finish): void
  /** The comer was woken, and does not enter: the next one may. */
  passOn?(comer: Comer): void
}

export interface Gate {
  /** @param now on the clock's `monotonic` */
  enter(comer: Comer, now: number): Wait | undefined
  /** Once for each entry. */
  leave(comer: Comer, finish: Finish): void
  passOn(comer: Comer): void
  /** The comer found that a dependency is down before it could enter. */
  report(comer: Comer, dependency: string): void
  /** Milliseconds until the next attempt of a route that needs the dependency. */
  until(dependency: string): number
  pause(key: string): void
  resume(key: string): void
}

export function createGate(settings: Settings): Gate {
  const { plans, clock } = settings
  const slots = createSlots(plans.routes)
  const breakers = createBreakers(settings)
  const own = plans.routes.map((plan) =>
    plan.capabilities.flatMap(({ admission }) => admission?.(plan, clock) ?? []),
  )
  const NO_MORE: readonly Admission[] = []
  const more = ({ plan }: Comer) => own[plan.index] ?? NO_MORE

  return {
    enter: (comer, now) => {
      const added = more(comer)
      let wait = slots.ask(comer) ?? breakers.ask(comer, now)
      for (const admission of added) wait ??= admission.ask(comer, now)
      if (wait !== undefined) return wait
      slots.take(comer)
      breakers.take(comer)
      for (const admission of added) admission.take(comer, now)
      return undefined
    },
    leave: (comer, finish) => {
      // Waiters are woken last: they ask at once, and must find everything decided.
      const woken = breakers.leave(comer, finish)
      for (const admission of more(comer)) admission.leave?.(comer, finish)
      slots.leave(comer)
      if (woken !== undefined) for (const queue of woken) queue.wakeAll()
    },
    passOn: (comer) => {
      slots.passOn(comer)
      for (const admission of more(comer)) admission.passOn?.(comer)
    },
    report: breakers.report,
    until: breakers.until,
    pause: slots.pause,
    resume: slots.resume,
  }
}
