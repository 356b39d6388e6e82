/**
 * Owns ticks that a worker hands to its reactors without the stream (`via: 'direct'`): an alarm must not sleep behind a stream that lags. Each
 * route has a delivery of its own for as long as the worker holds the shard on which its ticks would lie.
 *
 * ```
 *   holds the shard ──> open ── a tick at each window's end ──┬─ no longer held ──> revoke
 *                                                             └─ the worker drains ──> settle
 * ```
 *
 * Two owners of one moment do no harm: the route's watermark decides, as it does for ticks on the stream.
 */

import { type Delivery, type Engine, tickEnvelope } from '@spaceship/core/engine'
import type { Clock } from '@spaceship/core/ports'

export interface DirectOptions {
  readonly engine: Engine
  readonly clock: Clock
  /** Whether this worker holds the shard that takes records of the partition key. */
  readonly holds: (partitionKey: string) => boolean
  /** Told what a delivery refuses; it must not throw. */
  readonly failed: (route: string, error: unknown) => void
}

/** The place of such ticks in logs and dead letters; the shard is the route. */
const STREAM = 'direct'

export class DirectTicks {
  readonly #options: DirectOptions
  readonly #deliveries = new Map<string, Delivery>()

  constructor(options: DirectOptions) {
    this.#options = options
  }

  /** @param moment for which the tick was scheduled, in milliseconds since 1970 @throws SpaceshipError `tainted` as `engine.open` does */
  async put(route: string, moment: number): Promise<void> {
    const { engine, clock, holds, failed } = this.#options
    const isHeld = () => holds(route)
    const delivery =
      this.#deliveries.get(route) ??
      (await engine.open({ stream: STREAM, shard: route, redelivers: 'none' }, { isHeld }))
    this.#deliveries.set(route, delivery)
    const scheduled = new Date(moment).toISOString()
    const data = new TextEncoder().encode(tickEnvelope({ application: engine.application, route, scheduled }))
    const record = { partitionKey: route, data, subSequence: 0, arrivedAt: new Date(clock.now()) }
    // A route that is long at work holds up its own ticks, not the next look.
    delivery.push([{ ...record, sequence: String(moment) }]).catch((error: unknown) => failed(route, error))
  }

  /** The shard is another worker's now. */
  lost(route: string): void {
    this.#deliveries.get(route)?.revoke(new Error('the shard of the route is held no longer'))
    this.#deliveries.delete(route)
  }

  /** Waits for what runs, until then. */
  async drain(until: Date): Promise<void> {
    await Promise.all([...this.#deliveries.values()].map((delivery) => delivery.settle(until)))
  }
}
