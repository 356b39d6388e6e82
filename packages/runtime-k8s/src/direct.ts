/**
 * Owns ticks that a worker hands to its reactors without the stream (`via: 'direct'`): an alarm must not sleep behind a stream that lags. Each
 * route has a delivery of its own for as long as the worker holds the shard on which its ticks would lie.
 *
 * ```
 *   holds the shard ──> open ── a tick at each window's end ──┬─ no longer held ──> revoke
 *                                                             └─ the worker drains, or another one asks for the shard ──> settle,
 *                                                                then the shard is given up
 * ```
 *
 * Two owners of one moment do no harm: the route's watermark decides, as it does for ticks on the stream.
 */

import { inTime } from '@spaceship/core/adapter'
import { type Delivery, type Engine, tickEnvelope } from '@spaceship/core/engine'
import type { Clock } from '@spaceship/core/ports'

export interface DirectOptions {
  readonly engine: Engine
  readonly clock: Clock
  /** Whether this worker holds the shard that takes records of the partition key. */
  readonly holds: (partitionKey: string) => boolean
  /** Whether this worker is about to give that shard up. */
  readonly leaves: (partitionKey: string) => boolean
  /** Told what a delivery refuses; it must not throw. */
  readonly failed: (route: string, error: unknown) => void
}

/** Ticks that run without the stream: the shards of their routes are kept until they have ended. */
export interface DirectDrain {
  readonly stream: string
  readonly routes: readonly string[]
  readonly ended: Promise<unknown> | undefined
}

/** The place of such ticks in logs and dead letters; the shard is the route. */
const STREAM = 'direct'

/** Milliseconds. No other tick of the route is put meanwhile. */
const PATIENCE = 10_000

export class DirectTicks {
  readonly #options: DirectOptions
  readonly #deliveries = new Map<string, Delivery>()
  #isDraining = false

  constructor(options: DirectOptions) {
    this.#options = options
  }

  /**
   * @param moment for which the tick was scheduled, in milliseconds since 1970
   * @returns false where the next owner of the shard puts it
   * @throws what the delivery cannot be opened for
   */
  async put(route: string, moment: number, signal: AbortSignal): Promise<boolean> {
    if (this.#isEnding(route)) return false
    const { engine, clock, holds, failed } = this.#options
    const isHeld = () => holds(route)
    // No lease counts the owners of a route: a tick that ends its process would be put by the next owner, and end that as well, for ever.
    const hold = { isHeld, charges: true }
    const open = () => engine.open({ stream: STREAM, shard: route, redelivers: 'none' }, hold)
    const late = `the delivery of the route's ticks could not be opened within ${PATIENCE} ms: a store does not answer`
    const opening = { within: PATIENCE, clock, late, signal }
    const delivery = this.#deliveries.get(route) ?? (await inTime(open, opening))
    // Nobody would settle it.
    if (this.#isEnding(route)) return false
    this.#deliveries.set(route, delivery)
    const scheduled = new Date(moment).toISOString()
    const data = new TextEncoder().encode(tickEnvelope({ application: engine.application, route, scheduled }))
    const record = { partitionKey: route, data, subSequence: 0, arrivedAt: new Date(clock.now()) }
    // A route that is long at work holds up its own ticks, not the next look. The chain never rejects.
    void delivery
      .push([{ ...record, sequence: String(moment) }])
      .then(() => delivery.quiet())
      // What waits for its next attempt may end that one.
      .then(() => (holds(route) && delivery.complete ? delivery.absolve() : undefined))
      .catch((error: unknown) => failed(route, error))
    return true
  }

  #isEnding(route: string): boolean {
    return this.#isDraining || this.#options.leaves(route)
  }

  /** The shard is another worker's now. */
  lost(route: string): void {
    this.#deliveries.get(route)?.revoke(new Error('the shard of the route is held no longer'))
    this.#deliveries.delete(route)
  }

  /** Whose ticks run, or have run here. */
  get routes(): readonly string[] {
    return [...this.#deliveries.keys()]
  }

  /** Their shard is given up, as `leaves` says: waits for what runs, until then. Never rejects: what fails is put again by the next owner. */
  async leave(routes: readonly string[], until: Date): Promise<void> {
    const settling = routes.map(async (route) => {
      const delivery = this.#deliveries.get(route)
      await delivery?.settle(until)
      if (this.#deliveries.get(route) === delivery) this.#deliveries.delete(route)
    })
    await Promise.allSettled(settling)
  }

  /** Waits for what runs, until then. @returns how many ticks have not ended: the next owner of their shards puts them again */
  async drain(until: Date): Promise<number> {
    this.#isDraining = true
    const settled = [...this.#deliveries.values()].map((delivery) => delivery.settle(until))
    return (await Promise.all(settled)).reduce((sum, unfinished) => sum + unfinished.length, 0)
  }
}
