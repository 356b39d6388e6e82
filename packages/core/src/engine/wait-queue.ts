import type { Reason } from './seam.ts'
import { NEVER } from './within.ts'

/** Owns those who wait for one thing. Whoever leaves, or is woken, is out of it; each of both costs the same however many wait. */

export type Waiter<Comer> = { readonly comer: Comer; readonly wake: () => void }

export class WaitQueue<Comer = unknown> {
  readonly #waiting = new Set<Waiter<Comer>>()
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
    return this.#waiting.size
  }

  /** @returns takes the waiter out again */
  add(waiter: Waiter<Comer>): () => void {
    this.#waiting.add(waiter)
    return () => {
      if (this.#waiting.delete(waiter) && this.#waiting.size === 0) this.#emptied?.()
    }
  }

  /** The one that has waited longest. */
  peek(): Comer | undefined {
    for (const { comer } of this.#waiting) return comer
    return undefined
  }

  /** Wakes the one that has waited longest. */
  wakeOne(): void {
    for (const waiter of this.#waiting) {
      this.#waiting.delete(waiter)
      waiter.wake()
      return
    }
  }

  /** Wakes all who wait now, not those who come back meanwhile. */
  wakeAll(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const { wake } of waiting) wake()
  }
}
