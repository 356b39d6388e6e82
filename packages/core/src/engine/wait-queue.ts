import type { Reason } from './seam.ts'
import { NEVER } from './within.ts'

/** Owns those who wait for one thing. Whoever leaves, or is woken, is out of it; each of both costs the same however many wait. */

/** `wake` answers false if the waiter cannot use its turn now; then it has left for good, and the turn is the next one's. */
export type Waiter<Comer> = { readonly comer: Comer; readonly wake: () => unknown }

export class WaitQueue<Comer = unknown> {
  /** Those who had their turn and could not use it, ahead of the others. */
  readonly #waiting = [new Set<Waiter<Comer>>(), new Set<Waiter<Comer>>()] as const
  readonly #emptied: (() => void) | undefined
  /** What those in it wait for. */
  readonly reason: Reason

  /** When time wakes the next one, on the clock's `monotonic`; infinite if somebody has to. */
  due = NEVER

  /** @param emptied called when the last waiter has left without having been woken */
  constructor(emptied?: () => void, reason: Reason = 'gate') {
    this.#emptied = emptied
    this.reason = reason
  }

  get size(): number {
    const [ahead, others] = this.#waiting
    return ahead.size + others.size
  }

  /** @returns takes the waiter out again */
  add(waiter: Waiter<Comer>, isAhead = false): () => void {
    const waiting = this.#waiting[isAhead ? 0 : 1]
    waiting.add(waiter)
    return () => {
      if (waiting.delete(waiter) && this.size === 0) this.#emptied?.()
    }
  }

  /**
   * Wakes the one that has waited longest, of those that can use their turn.
   *
   * @param offered called with each, before it is woken
   * @returns whether there is one
   */
  wakeOne(offered?: (comer: Comer) => void): boolean {
    for (const waiting of this.#waiting)
      for (const waiter of waiting) {
        waiting.delete(waiter)
        offered?.(waiter.comer)
        if (waiter.wake() !== false) return true
      }
    return false
  }

  /** Wakes all who wait now, not those who come back meanwhile. */
  wakeAll(): void {
    const waiting = this.#waiting.flatMap((each) => [...each])
    for (const each of this.#waiting) each.clear()
    for (const { wake } of waiting) wake()
  }
}
