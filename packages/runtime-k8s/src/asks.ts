/**
 * Owns how a lease goes from one worker that lives to another: the second asks for it, and the first finishes what it has read and gives it up, so that no
 * record is handled by both. Nothing comes of asking a dead one: its lease is free when its life is over.
 *
 * ```
 *   owned by another worker ── asked for ──> seen by its owner at the next renewal ──> what was read is finished ──> given up, for who asked
 *                                 │                                                                                    │          │
 *                                 └─ not given up within a life and a drain ──> taken as it is         not taken within │          └──> taken
 *                                                                                                            a life     └──> free for all
 * ```
 *
 * Whoever stops withdraws what it has asked for: an owner that has not seen it yet keeps its lease, and what was given up is free for all.
 *
 * Beside a KCL fleet leases are stolen as KCL steals them: its workers hear of nothing that is asked.
 */

import { LAST_WRITES } from './consume/index.ts'
import { chooseLeases, type Lease, nextWorkerOf, type Observer, type Scan } from './leases/index.ts'
import type { WorkerSettings } from './options.ts'

/** Lives of a lease after which a worker takes it whatever its share is. */
export const FORGOTTEN = 3

/** Milliseconds between two looks of a worker that has asked, on average. */
const SOON = 1_000

type AskSettings = Pick<
  WorkerSettings,
  'clock' | 'drainTimeout' | 'failover' | 'leases' | 'me' | 'migrate' | 'process' | 'random'
>

export interface Look {
  /** All that count for the share. */
  readonly leases: readonly Lease[]
  /** Those of them that this worker may read now. */
  readonly readable: readonly Lease[]
  /** Those of them that nobody has, or that nobody renews. */
  readonly free: readonly Lease[]
}

export interface Choice {
  /** Leases to be taken. */
  readonly takes: readonly Lease[]
  /** Leases to be asked for. */
  readonly asks: readonly Lease[]
  /** In how many milliseconds to look again, at the latest; undefined if this worker has its share. */
  readonly again: number | undefined
}

export class Asks {
  readonly #settings: AskSettings
  readonly #observer: Observer
  readonly #worker: string
  /** Since when, on the monotonic clock. */
  readonly #asked = new Map<string, number>()
  /** What is asked for at this moment. */
  #asking: Promise<unknown> = Promise.resolve()

  constructor(settings: AskSettings, observer: Observer) {
    this.#settings = settings
    this.#observer = observer
    this.#worker = settings.process ?? settings.me
  }

  /** Whether a free lease is kept for another worker, which has asked for it. */
  keeps(lease: Lease): boolean {
    const { clock, failover, migrate } = this.#settings
    if (migrate || lease.owner !== undefined || lease.wanted === undefined) return false
    return lease.wanted !== this.#worker && this.#observer.still(lease, clock.monotonic()) <= failover
  }

  /** What is due to this worker, by a look at the table that the observer has seen. */
  choose(look: Look): Choice {
    const { clock, failover, migrate, random } = this.#settings
    const now = clock.monotonic()
    const { readable, free } = look
    const isFree = new Set(free)
    if (migrate) {
      const chosen = chooseLeases(this.#scanOf(look, now))
      const takes = chosen.filter((lease) => isFree.has(lease) || this.#isSure(lease, now))
      return { takes, asks: [], again: chosen.length > 0 ? failover / 3 : undefined }
    }
    const own = readable.filter((lease) => lease.wanted === this.#worker)
    this.#remember(own, now)
    // They count for this worker since it has asked for them, and are its, whatever its share is by now.
    const due = own.filter((lease) => isFree.has(lease) || this.#isOverdue(lease, now))
    const others = { ...look, free: free.filter((lease) => lease.wanted !== this.#worker) }
    // Of a dead owner nothing comes of asking, and its lease is free once nobody has renewed it for a life.
    let isShort = false
    const steal = (theirs: readonly Lease[]) => {
      isShort = true
      return theirs.filter(isUnasked).slice(0, 1)
    }
    const chosen = chooseLeases({ ...this.#scanOf(others, now), ownerOf: nextWorkerOf, steal })
    const takes = [...due, ...chosen.filter((lease) => isFree.has(lease))]
    const asks = chosen.filter((lease) => !isFree.has(lease))
    // Others have asked for what it could have, or it takes the rest of its share after this.
    const rest = isShort || takes.length > 0 ? failover / 3 : undefined
    // Who gives a lease up tells nobody of it: all others would look at the whole table for what is none of theirs.
    const isAsking = own.length > due.length || asks.length > 0
    return { takes, asks, again: isAsking ? Math.min(failover / 3, (0.5 + random()) * SOON) : rest }
  }

  #scanOf({ leases, readable, free }: Look, now: number): Scan {
    const { failover, random } = this.#settings
    const forgotten = free.filter((lease) => this.#observer.still(lease, now) > FORGOTTEN * failover)
    return { leases, readable, free, forgotten, me: this.#worker, random }
  }

  /** @throws what the table refuses it with */
  async ask(lease: Lease): Promise<void> {
    const { clock, leases: table } = this.#settings
    const since = () => this.#asked.set(lease.key, clock.monotonic())
    // Before it is sent: its answer may be lost. And when it is over: a later attempt of the client may be the one that stands there.
    since()
    const asking = table.ask(lease, this.#worker).finally(since)
    this.#asking = Promise.allSettled([this.#asking, asking])
    if (!(await asking)) this.#asked.delete(lease.key)
  }

  /** For a worker that takes nothing any more. Never rejects: what cannot be withdrawn is kept for a life. @returns whether something stood there */
  async withdraw(): Promise<boolean> {
    await this.#asking
    const { leases: table } = this.#settings
    const keys = [...this.#asked.keys()]
    const ends = await Promise.allSettled(keys.map((key) => table.withdraw({ key }, this.#worker)))
    return ends.some((end) => end.status === 'fulfilled' && end.value)
  }

  /**
   * Who was not seen to live may be dead, and that counts. A second one would make a suspect of a shard whose owners live: it is taken when that is known.
   */
  #isSure(lease: Lease, now: number): boolean {
    return lease.ownerSwitches === 0 || this.#observer.lives(lease, now)
  }

  /** Its owner may be a worker of an earlier build, which hears nothing. Who hears it within a life has given it up by then, or lost it. */
  #isOverdue({ key }: Lease, now: number): boolean {
    const { drainTimeout, failover } = this.#settings
    const since = this.#asked.get(key)
    return since !== undefined && now - since > failover + drainTimeout + LAST_WRITES
  }

  /** A late view of the table may not show yet what was asked, and then it shows it for the first time. */
  #remember(own: readonly Lease[], now: number): void {
    const keys = new Set(own.map(({ key }) => key))
    for (const key of keys) if (!this.#asked.has(key)) this.#asked.set(key, now)
    for (const [key, since] of this.#asked)
      if (!keys.has(key) && now - since > this.#settings.failover) this.#asked.delete(key)
  }
}

const isUnasked = ({ wanted }: Lease): boolean => wanted === undefined
