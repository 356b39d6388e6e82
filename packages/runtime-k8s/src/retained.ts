/**
 * Owns how long the row of a shard that has ended stays after nobody needs it. A worker that has seen the table without the row may still make it, in a
 * request that is on its way: the shard would be read again.
 *
 * ```
 *  a look shows no row ─── at most 2 lives ───> the row is asked for ─── at most 1 life ───> it is made, or refused since it is there
 *          the row is made, the shard ends, a look shows that nobody needs it ─── at least 3 lives ───> the row is deleted
 * ```
 *
 * A life is the failover. After a look that is older no row is asked for: another look comes first.
 */

import type { Lease, StreamId } from './leases/index.ts'
import type { WorkerSettings } from './options.ts'

/** Lives. */
const LOOK = 2
const STAY = 3

export class Retained {
  readonly #settings: Pick<WorkerSettings, 'clock' | 'failover'>
  /** Of a stream: since when a row was seen that nobody needs, by its key. */
  readonly #since = new Map<StreamId, ReadonlyMap<string, number>>()

  constructor(settings: Pick<WorkerSettings, 'clock' | 'failover'>) {
    this.#settings = settings
  }

  /** Whether a look that began then is too old to make rows by. */
  isStale(began: number): boolean {
    const { clock, failover } = this.#settings
    return clock.monotonic() - began > LOOK * failover
  }

  /** @param finished all rows of the stream that a look has shown to be needed by nobody @returns those that may be deleted */
  over(stream: StreamId, finished: readonly Lease[]): readonly Lease[] {
    const { clock, failover } = this.#settings
    const now = clock.monotonic()
    const before = this.#since.get(stream)
    const since = new Map(finished.map(({ key }) => [key, before?.get(key) ?? now]))
    this.#since.set(stream, since)
    return finished.filter(({ key }) => now - (since.get(key) ?? now) >= STAY * failover)
  }
}
