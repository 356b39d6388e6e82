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

import { finishedLeases, type Lease, type StreamId } from './leases/index.ts'
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

  /** Milliseconds for which rows may be made by a look, from its beginning. */
  get longest(): number {
    return LOOK * this.#settings.failover
  }

  /** Whether a look that began then is too old to make rows by. */
  isStale(began: number): boolean {
    return this.#settings.clock.monotonic() - began > this.longest
  }

  /**
   * Of rows that follow on each other all are seen at once: their times pass together, or a long line of ended shards would go one by one.
   *
   * @param leases all of the stream; `children` and `malformed` as `finishedLeases` takes them
   * @returns those that may be deleted, in this order: a parent before its children
   */
  over(
    stream: StreamId,
    leases: readonly Lease[],
    children: ReadonlyMap<string, readonly string[]>,
    malformed: ReadonlySet<string>,
  ): readonly Lease[] {
    const { clock, failover } = this.#settings
    const now = clock.monotonic()
    const before = this.#since.get(stream)
    const since = new Map<string, number>()
    const over: Lease[] = []
    const staying = new Set(malformed)
    for (let rest = leases; ; ) {
      const finished = new Set(finishedLeases(rest, children, malformed))
      if (finished.size === 0) break
      for (const lease of finished) {
        const first = before?.get(lease.key) ?? now
        since.set(lease.key, first)
        const isOver = now - first >= STAY * failover && !lease.parents.some((id) => staying.has(id))
        if (isOver) over.push(lease)
        else staying.add(lease.shard)
      }
      rest = rest.filter((lease) => !finished.has(lease))
    }
    this.#since.set(stream, since)
    return over
  }
}
