/**
 * Owns which leases a worker does not take, though they are free:
 *
 * | the lease of a shard that                                 | is left to others                                                               |
 * |-----------------------------------------------------------|---------------------------------------------------------------------------------|
 * | stood still here, or could not be opened                  | for longer than it takes until it is forgotten: in a fleet whose shares are     |
 * |                                                           | equal nobody takes it sooner                                                    |
 * | was lost, while handlers of it still run in this process  | until they have settled; those that ignore their signal are not waited for      |
 * |                                                           | longer than a shard may stand still                                             |
 */

import type { WorkerSettings } from './options.ts'

/** Lives of a lease after which a worker takes it whatever its share is. */
export const FORGOTTEN = 3

const SHUNNED = FORGOTTEN + 2

export class Avoided {
  readonly #settings: Pick<WorkerSettings, 'clock' | 'failover' | 'maxStandstill'>
  /** Until when, on the monotonic clock. */
  readonly #shunned = new Map<string, number>()
  readonly #running = new Map<string, Promise<void>>()

  constructor(settings: Pick<WorkerSettings, 'clock' | 'failover' | 'maxStandstill'>) {
    this.#settings = settings
  }

  has(key: string): boolean {
    const until = this.#shunned.get(key)
    if (until !== undefined && until <= this.#settings.clock.monotonic()) this.#shunned.delete(key)
    return this.#shunned.has(key) || this.#running.has(key)
  }

  shun(key: string): void {
    const { clock, failover } = this.#settings
    this.#shunned.set(key, clock.monotonic() + SHUNNED * failover)
  }

  /** @param drained resolves when no handler of the shard runs any more, and never rejects */
  running(key: string, drained: Promise<void>): void {
    const { clock, maxStandstill } = this.#settings
    const over = new AbortController()
    const gone = Promise.race([drained, clock.sleep(maxStandstill, over.signal)]).then(() => {
      over.abort()
      // A later one may have taken its place.
      if (this.#running.get(key) === gone) this.#running.delete(key)
    })
    this.#running.set(key, gone)
  }
}
