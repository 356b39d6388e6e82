/**
 * Owns the look for leases whose owners are dead, or that are kept for a worker which does not come, of which a few workers free what they do not take
 * themselves, and tell the others. Beside a KCL fleet, and while nobody seems to look, everybody does.
 */

import { type Lease, leadersOf, workerOf } from './leases/index.ts'
import type { Notices } from './notices.ts'
import type { WorkerSettings } from './options.ts'

/** Workers that look for dead ones. */
const WATCHERS = 3

/** Leases that are taken, or of dead workers freed, at the same time. */
export const AT_ONCE = 16

type WatchSettings = Pick<WorkerSettings, 'clock' | 'failover' | 'leases' | 'me' | 'migrate' | 'process'>

export class Watch {
  readonly #settings: WatchSettings
  readonly #notices: Pick<Notices, 'tell' | 'beat' | 'silent'>
  #beatenAt = Number.NEGATIVE_INFINITY

  constructor(settings: WatchSettings, notices: Pick<Notices, 'tell' | 'beat' | 'silent'>) {
    this.#settings = settings
    this.#notices = notices
  }

  /**
   * @param leases all that the table has
   * @param expired those of them that nobody has renewed for a life, or that nobody has and that are kept for none, whichever stream they are of: KCL's rule
   *   would name a dead owner to look after the shards
   * @returns whether this worker looks
   */
  async look(leases: readonly Lease[], expired: readonly Lease[]): Promise<boolean> {
    const { clock, failover, leases: table, me, migrate, process } = this.#settings
    if (migrate) return true
    const rank = leadersOf(leases).indexOf(me)
    const watches = (rank >= 0 && rank < WATCHERS) || this.#notices.silent
    if (!watches) return false
    const dead = expired.filter((lease) => lease.owner !== undefined && workerOf(lease) !== (process ?? me))
    // As if it were taken: the owner counts as dead.
    for (let from = 0; from < dead.length; from += AT_ONCE)
      await Promise.all(dead.slice(from, from + AT_ONCE).map((lease) => table.release(lease, true)))
    const left = await this.#letGo(expired)
    if (dead.length > 0 || left) await this.#notices.tell()
    const now = clock.monotonic()
    if (rank === 0 && now - this.#beatenAt >= failover) {
      this.#beatenAt = now
      await this.#notices.beat()
    }
    return true
  }

  /** Those that have seen such a lease later would keep it for longer. @returns whether there were some */
  async #letGo(expired: readonly Lease[]): Promise<boolean> {
    const { leases: table } = this.#settings
    let some = false
    for (const lease of expired)
      if (lease.owner === undefined && lease.wanted !== undefined)
        some = (await table.withdraw(lease, lease.wanted)) || some
    return some
  }
}
