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

import type { Admission, Comer, Finish, Wait } from './admission.ts'
import { createBreakers } from './breaker.ts'
import type { Settings } from './settings.ts'
import { createSlots } from './slots.ts'

export interface Gate {
  /** @param now on the clock's `monotonic` */
  enter(comer: Comer, now: number): Wait | undefined
  /** Once for each entry. */
  leave(comer: Comer, finish: Finish): void
  passOn(comer: Comer): void
  /** The comer found that a dependency is down before it could enter. */
  report(comer: Comer, dependency: string, error: unknown): void
  /** Milliseconds until the next attempt of a route that needs the dependency; less than none if it may start. */
  until(dependency: string): number
  pause(key: string): void
  resume(key: string): void
}

/** @param added the doorkeepers that capabilities put at the door of each route */
export function createGate(settings: Settings, added: readonly (readonly Admission[])[]): Gate {
  const { plans } = settings
  const slots = createSlots(plans.routes)
  const breakers = createBreakers(settings)
  const NO_MORE: readonly Admission[] = []
  const more = ({ plan }: Comer) => added[plan.index] ?? NO_MORE

  return {
    enter: (comer, now) => {
      const others = more(comer)
      let wait = slots.ask(comer) ?? breakers.ask(comer, now)
      for (const admission of others) wait ??= admission.ask(comer, now)
      if (wait !== undefined) return wait
      slots.take(comer)
      breakers.take(comer)
      for (const admission of others) admission.take(comer, now)
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
