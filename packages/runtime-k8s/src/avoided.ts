/**
 * Owns which leases a worker does not take, though they are free:
 *
 * | the lease of a shard that                                 | is left to others                                                               |
 * |-----------------------------------------------------------|---------------------------------------------------------------------------------|
 * | stood still here                                          | for longer than it takes until it is forgotten: in a fleet whose shares are     |
 * |                                                           | equal nobody takes it sooner                                                    |
 * | could not be opened                                       | for a life, for two the next time, then for as long: a store that is down for a |
 * |                                                           | moment keeps everybody from it                                                  |
 * | was lost or left, while handlers of it still run here     | until they have settled; those that ignore their signal are not waited for      |
 * |                                                           | longer than a shard may stand still                                             |
 */

import { FORGOTTEN } from './asks.ts'
import type { Lease } from './leases/index.ts'
import type { WorkerSettings } from './options.ts'

const SHUNNED = FORGOTTEN + 2

/** After the first time that a shard could not be opened, the second one, and all others. */
const UNOPENED = [1, 2, SHUNNED]

export class Avoided {
  readonly #settings: Pick<WorkerSettings, 'clock' | 'closed' | 'failover' | 'maxStandstill' | 'me'>
  /** Until when, on the monotonic clock. */
  readonly #shunned = new Map<string, number>()
  /** How often in a row a shard could not be opened. */
  readonly #unopened = new Map<string, number>()
  readonly #running = new Map<string, Promise<void>>()

  readonly #forgotten: (key: string) => void

  /** @param forgotten told of what could not be opened here, and is nothing to this worker any more */
  constructor(
    settings: Pick<WorkerSettings, 'clock' | 'closed' | 'failover' | 'maxStandstill' | 'me'>,
    forgotten: (key: string) => void,
  ) {
    this.#settings = settings
    this.#forgotten = forgotten
  }

  /** Takes in a scan: of leases that are there no more, or that another worker has taken, nothing is to be remembered. */
  look(leases: readonly Lease[]): void {
    if (this.#unopened.size + this.#shunned.size === 0) return
    const owners = new Map(leases.map(({ key, owner }) => [key, owner ?? this.#settings.me]))
    for (const key of this.#unopened.keys())
      if (owners.get(key) !== this.#settings.me) {
        this.#unopened.delete(key)
        this.#forgotten(key)
      }
    for (const key of this.#shunned.keys()) if (!owners.has(key)) this.#shunned.delete(key)
  }

  has(key: string): boolean {
    const until = this.#shunned.get(key)
    if (until !== undefined && until <= this.#settings.clock.monotonic()) this.#shunned.delete(key)
    return this.#shunned.has(key) || this.#running.has(key)
  }

  stoodStill(key: string): void {
    this.#shun(key, SHUNNED)
  }

  unopened(key: string): void {
    const times = this.#unopened.get(key) ?? 0
    this.#unopened.set(key, times + 1)
    this.#shun(key, UNOPENED[times] ?? SHUNNED)
  }

  opened(key: string): void {
    this.#unopened.delete(key)
  }

  #shun(key: string, lives: number): void {
    const { clock, failover } = this.#settings
    this.#shunned.set(key, clock.monotonic() + lives * failover)
  }

  /** @param drained resolves when no handler of the shard runs any more, and never rejects */
  running(key: string, drained: Promise<void>): void {
    const { clock, closed, maxStandstill } = this.#settings
    const over = new AbortController()
    const either = AbortSignal.any([over.signal, closed])
    const gone = Promise.race([drained, clock.sleep(maxStandstill, either)]).then(() => {
      over.abort()
      // A later one may have taken its place.
      if (this.#running.get(key) === gone) this.#running.delete(key)
    })
    this.#running.set(key, gone)
  }
}
