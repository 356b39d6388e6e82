/**
 * `rate: '10/s'`. Owns the even spacing of a route's starts in this process.
 *
 * ```
 *   start ── spacing ──> due ─┬─ nobody waits: the next to come starts at once
 *                             └─ one timer wakes whoever has waited longest ─┬─ starts
 *                                                                            ├─ does not: the next one is woken
 *                                                                            └─ has no place: whoever asks first starts
 * ```
 *
 * A moment that nobody used is lost: after an outage all that waited would start at once.
 */

import { spacing } from '../duration.ts'
import type { Admission, Comer } from '../engine/admission.ts'
import type { Capability } from '../engine/stage.ts'
import { WaitQueue } from '../engine/wait-queue.ts'
import { NEVER, OVER } from '../engine/within.ts'
import type { Clock } from '../ports/index.ts'

export const rate: Capability = {
  name: 'rate',
  serves: { option: 'rate' },
  place: 'turn',
  admission: ({ options }, clock) => new Rate(options.rate === undefined ? 0 : spacing(options.rate), clock),
}

class Rate implements Admission {
  readonly #spacing: number
  readonly #clock: Clock
  readonly #waiting = new WaitQueue<Comer>(() => this.#timer?.abort(OVER))
  /** On the clock's `monotonic`. */
  #next = -NEVER
  /** Woken, and to start ahead of all others; null if nobody who waited could start, and the turn is of whoever asks first. */
  #granted: Comer | null | undefined
  #timer: AbortController | undefined

  constructor(spacing: number, clock: Clock) {
    this.#spacing = spacing
    this.#clock = clock
  }

  ask(comer: Comer, now: number): WaitQueue | undefined {
    const isTurn = this.#isTurnOf(comer) || (this.#granted === undefined && this.#waiting.isEmpty)
    if (now >= this.#next && isTurn) return undefined
    if (now < this.#next) this.#arm(now)
    return this.#waiting as WaitQueue // it holds comers of this route only, as every queue of the gate does
  }

  take(_comer: Comer, now: number): void {
    this.#granted = undefined
    // A start that comes a little late does not move those after it.
    this.#next = (now - this.#next < this.#spacing ? this.#next : now) + this.#spacing
    this.#waiting.due = this.#next
    if (!this.#waiting.isEmpty) this.#arm(now)
  }

  passOn(comer: Comer): void {
    if (this.#isTurnOf(comer)) this.#wake()
  }

  #isTurnOf(comer: Comer): boolean {
    return this.#granted === comer || this.#granted === null
  }

  #arm(now: number): void {
    if (this.#timer !== undefined && !this.#timer.signal.aborted) return
    const timer = new AbortController()
    this.#timer = timer
    void this.#clock.sleep(Math.max(1, Math.ceil(this.#next - now)), timer.signal).then(() => {
      if (this.#timer === timer) this.#timer = undefined
      if (!timer.signal.aborted) this.#wake()
    })
  }

  #wake(): void {
    this.#granted = undefined
    // Set before the waiter asks, which it may do at once.
    this.#waiting.wakeOne((comer) => {
      this.#granted = comer ?? null
    })
  }
}
