/**
 * Owns those who wait for one thing. Their owners have turns one after the other, and an owner's waiters in the order in which they came:
 *
 * ```
 *   a turn ──┬─ the next owner that takes it ──> its first waiter is woken, and the turn is that one's
 *            └─ nobody takes it ──────────────> one is woken, and the turn is of whoever asks first
 * ```
 *
 * Whoever leaves, or is woken, is out of the queue; each of both costs the same however many wait of an owner.
 */

import type { Reason } from './seam.ts'
import { NEVER } from './within.ts'

/** Whoever brought a waiter: a shard, whose places may all be taken. */
export interface Owner {
  /** Asked when it is its turn. */
  takes(): boolean
}

export interface Waiter<Comer> {
  readonly comer: Comer
  /** @param isIts the turn is its own, and others wait until it is used */
  readonly wake: (isIts: boolean) => void
  /** @default none: it can always use its turn */
  readonly owner?: Owner
}

export class WaitQueue<Comer = unknown> {
  readonly #waiting = new Map<Owner | undefined, Set<Waiter<Comer>>>()
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

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  /** @returns takes the waiter out again */
  add(waiter: Waiter<Comer>): () => void {
    const { owner } = waiter
    this.#waiting.set(owner, (this.#waiting.get(owner) ?? new Set()).add(waiter))
    return () => {
      const waiters = this.#waiting.get(owner)
      if (!waiters?.delete(waiter)) return
      if (waiters.size === 0) this.#waiting.delete(owner)
      if (this.isEmpty) this.#emptied?.()
    }
  }

  /** @param offered told, before anybody is woken, whose the turn is: nobody's yet if no owner takes it */
  wakeOne(offered?: (comer: Comer | undefined) => void): void {
    const all = [...this.#waiting]
    const at = all.findIndex(([owner]) => owner?.takes() ?? true)
    const isIts = at >= 0
    const [owner, waiters] = all[isIts ? at : 0] ?? []
    const [waiter] = waiters ?? []
    if (waiter === undefined) return
    // The next turn is another owner's.
    this.#waiting.delete(owner)
    waiters?.delete(waiter)
    if (waiters?.size) this.#waiting.set(owner, waiters)
    offered?.(isIts ? waiter.comer : undefined)
    waiter.wake(isIts)
  }

  /** Wakes all who wait now, not those who come back meanwhile. */
  wakeAll(): void {
    const waiting = [...this.#waiting.values()].flatMap((waiters) => [...waiters])
    this.#waiting.clear()
    for (const { wake } of waiting) wake(false)
  }
}
