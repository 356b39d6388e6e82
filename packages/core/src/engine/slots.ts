/**
 * Owns how many attempts of a route run at the same time in this process, and which routes are paused. One place that becomes free wakes
 * one waiter: of thousands that wait, all others would ask in vain.
 *
 * ```
 *   free ── take ──> taken ── leave ──> free, and one waiter is woken ─┬─ takes the place
 *                                                                      └─ does not enter: `passOn` wakes the next
 * ```
 */

import type { Comer } from './admission.ts'
import type { RoutePlan } from './plan.ts'
import { WaitQueue } from './wait-queue.ts'

export interface Slots {
  ask(comer: Comer): WaitQueue | undefined
  take(comer: Comer): void
  leave(comer: Comer): void
  passOn(comer: Comer): void
  /** @param key `reactor/route`, or a reactor */
  pause(key: string): void
  resume(key: string): void
}

interface RouteSlots {
  running: number
  readonly waiting: WaitQueue
}

export function createSlots(routes: readonly RoutePlan[]): Slots {
  const bounded = routes.map(({ concurrency }): RouteSlots | undefined =>
    Number.isFinite(concurrency) ? { running: 0, waiting: new WaitQueue(undefined, 'place') } : undefined,
  )
  const paused = new Map<string, WaitQueue>()

  function wakeOne(plan: RoutePlan): void {
    const slots = bounded[plan.index]
    if (slots !== undefined && slots.running < plan.concurrency) slots.waiting.wakeOne()
  }

  return {
    ask: ({ plan }) => {
      if (paused.size > 0) {
        const pause = paused.get(plan.key) ?? paused.get(plan.reactor)
        if (pause !== undefined) return pause
      }
      const slots = bounded[plan.index]
      return slots !== undefined && slots.running >= plan.concurrency ? slots.waiting : undefined
    },
    take: ({ plan }) => {
      const slots = bounded[plan.index]
      if (slots !== undefined) slots.running += 1
    },
    leave: ({ plan }) => {
      const slots = bounded[plan.index]
      if (slots === undefined) return
      slots.running -= 1
      wakeOne(plan)
    },
    passOn: ({ plan }) => wakeOne(plan),
    pause: (key) => {
      if (!paused.has(key)) paused.set(key, new WaitQueue())
    },
    resume: (key) => {
      const waiting = paused.get(key)
      paused.delete(key)
      waiting?.wakeAll()
    },
  }
}
