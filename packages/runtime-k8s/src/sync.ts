/**
 * Owns the sync of shards: one that no lease leads to gets a row in the lease table.
 *
 * ```
 *  sync      ListShards + leases ─> shards that no lease is of or leads to ─> rows, free to take; ─> rows of ended shards that are deleted, by and by (`retained.ts`)
 *  children  `children.ts`
 * ```
 */

import { SpaceshipError } from '@spaceship/core'
import { inTime } from '@spaceship/core/adapter'
import { Audit } from './audit.ts'
import { leaseOf, leasesAfter } from './children.ts'
import {
  holeIn,
  type Lease,
  type LeaseScan,
  leadersOf,
  type NewLease,
  type Progress,
  SHARD_END,
  type StreamId,
} from './leases/index.ts'
import type { WorkerSettings } from './options.ts'
import { freshShards } from './parents.ts'
import { Retained } from './retained.ts'
import { childrenIn, listShards, type Missing, missingLeases, orphansIn, type Shard } from './shards/index.ts'
import type { StreamSettings, Streams } from './streams.ts'

export type SyncSettings = Pick<
  WorkerSettings,
  'clock' | 'closed' | 'failover' | 'kinesis' | 'leases' | 'logger' | 'me'
>

/** Turns between two looks of a worker that is not the leader. */
const OTHERS = 10

/**
 * Rows that are made at the same time. One after the other, those of a thousand shards took so long that a shard could end and its row be deleted
 * meanwhile: it was made again, and read again.
 */
const AT_ONCE = 16

/** Milliseconds. */
const PATIENCE = 60_000

/** The code of the error that says that a list of shards took too long to make rows by. */
export const LATE = 'stream-late'

const ENDED: Progress = { checkpoint: { sequence: SHARD_END, subSequence: 0 }, journal: undefined }

export class ShardSync {
  readonly #settings: SyncSettings
  readonly #streams: Streams
  readonly #audit: Audit
  readonly #retained: Retained
  #turns = 0
  /** Who looks after the shards, as far as is known. */
  #leader: string | undefined
  readonly #made: () => void
  #isBeaten = false

  /** @param made called when rows were made that nobody owns */
  constructor(settings: SyncSettings, streams: Streams, made: () => void) {
    this.#settings = settings
    this.#streams = streams
    this.#audit = new Audit(settings.logger)
    this.#retained = new Retained(settings)
    this.#made = made
  }

  /** At the last look another worker was making rows: what it leaves is to be looked for soon. */
  get isBeaten(): boolean {
    return this.#isBeaten
  }

  /** Takes in what somebody has read of the table: so most workers need not read it to learn that another one looks after the shards. */
  saw(leases: readonly Lease[]): void {
    this.#leader = leadersOf(leases)[0]
  }

  /**
   * Makes the rows that are missing, and deletes those that are finished. One worker does it at each turn, named by KCL's rule, and the others now
   * and then: a leader that cannot see its streams must not blind the fleet. Whoever has seen that rows are missing does it at once.
   *
   * @returns the streams that could not be looked at, by name, and why; undefined if it was not the turn of this worker
   */
  async sync(isDue = false): Promise<ReadonlyMap<string, unknown> | undefined> {
    // An account has few summaries of streams a second, and a large fleet has just asked for them at its start.
    const isSoon = isDue || this.#isBeaten || this.#turns === 0
    // Whoever makes rows may die before the last one.
    const turn = isDue || this.#isBeaten ? 0 : this.#turns % OTHERS
    if (!isDue) this.#turns += 1
    if (turn !== 0 && this.#isOthers()) return undefined
    let seen = await this.#look()
    this.#isBeaten = false
    // Rows of ours would stand among those of KCL 3.
    if (seen.movedOn !== undefined) return undefined
    this.saw(seen.leases)
    if (turn !== 0 && this.#isOthers()) return undefined
    const failures = new Map(isSoon ? [] : await this.#streams.allAgain())
    for (const [id, stream] of this.#streams.current) {
      try {
        // Another stream may have been waited for meanwhile: one that never answers keeps no row from the others.
        if (this.#retained.isStale(seen.since)) seen = await this.#look()
        if (seen.movedOn !== undefined) return failures
        const { leases, since } = seen
        await this.#syncOne(id, this.#startOf(id, stream, leases), { ...rowsOf(id, seen), since })
      } catch (error) {
        // One stream that cannot be looked at does not hide the others.
        failures.set(stream.name, error)
      }
    }
    return failures
  }

  async #look(): Promise<LeaseScan & { readonly since: number }> {
    const { clock, leases } = this.#settings
    const since = clock.monotonic()
    return { ...(await leases.scan()), since }
  }

  /** A stream that was made again is read from its oldest record. */
  #startOf(id: StreamId, stream: StreamSettings, leases: readonly Lease[]): StreamSettings {
    const isRemade = leases.some((lease) => this.#streams.formerOf(lease.stream) === id)
    return isRemade ? remade(stream) : stream
  }

  #isOthers(): boolean {
    return this.#leader !== undefined && this.#leader !== this.#settings.me
  }

  async #syncOne(
    id: StreamId,
    { stream, name, start, startAt }: StreamSettings,
    { leases, malformed, leased, since }: Rows & { readonly since: number },
  ): Promise<void> {
    const { leases: table } = this.#settings
    const openAt = leased.size === 0 ? startAt : undefined
    const then = await this.#listed(stream, openAt)
    // All that was open then has expired: all that is there came later.
    const shards = openAt !== undefined && then.length === 0 ? await this.#listed(stream) : then
    const over = leases.filter(({ checkpoint }) => checkpoint.sequence === SHARD_END)
    const ended = new Set(over.map((lease) => lease.shard))
    const reborn = this.#audit.reborn(name, leases, shards)
    for (const { lease, shard } of reborn) {
      // Only the row of a shard that has ended is deleted. Whoever dies in between leaves one that is seen at the next look.
      const isOver = lease.checkpoint.sequence === SHARD_END
      if (!isOver && (await table.checkpoint(lease, ENDED)) === undefined) continue
      await table.remove(lease)
      await table.create(leaseOf(id, shard, 'TRIM_HORIZON'))
    }
    if (reborn.length > 0) return this.#made()
    const looking = { table, stream: id, start, leases, shards, leased }
    const missing = missingLeases(shards, { all: leased, ended, fresh: await freshShards(looking) }, start)
    if (missing.length > 0) return this.#make(id, missing, since)
    // A malformed row may be what covers it, and is told by itself.
    this.#audit.hole(name, malformed.size > 0 ? undefined : holeIn(leases))
    for (const lease of this.#retained.over(id, leases, childrenIn(shards), malformed))
      await table.remove(lease)
  }

  /**
   * Of workers that start at one moment each would make all rows: who makes the first one makes the others, too, until another worker is ahead.
   *
   * @param since when the look began that shows no row of them
   */
  async #make(id: StreamId, missing: readonly Missing[], since: number): Promise<void> {
    const { leases: table } = this.#settings
    for (let from = 0, size = 1; from < missing.length; from += size, size = AT_ONCE) {
      if (this.#retained.isStale(since)) {
        this.#isBeaten = true
        // Those that were made are there at the next look, which has fewer to make. Of none it would be the same again.
        if (from === 0) throw this.#tooLate(since)
        return
      }
      const some = missing.slice(from, from + size)
      const made = await Promise.all(
        some.map(({ shard, checkpoint }) => table.create(leaseOf(id, shard, checkpoint))),
      )
      if (made.includes(true)) continue
      this.#isBeaten = true
      return
    }
    this.#made()
  }

  /** Told if it happens again and again: no shard that comes to the stream is read meanwhile. */
  #tooLate(since: number): SpaceshipError {
    const took = Math.round(this.#settings.clock.monotonic() - since)
    return new SpaceshipError(
      LATE,
      `the shards of the stream were listed within ${took} ms, and no rows were made for new ones: expected at most ${this.#retained.longest} ms, which is twice the failover. Look at what slows ListShards and the lease table (throttling, the network, a worker without CPU); if nothing does, set a longer \`failover\``,
    )
  }

  /**
   * Those that may not be read, since somebody has deleted the row of a parent that nobody is known to have read. It is made again.
   *
   * @param unsure as `unsureLeases` has found them in what was seen
   */
  async orphans(
    unsure: ReadonlyMap<StreamId, readonly Lease[]>,
    seen: LeaseScan,
  ): Promise<ReadonlySet<Lease>> {
    const { leases: table } = this.#settings
    const orphans = new Set<Lease>()
    for (const [id, current] of this.#streams.current) {
      const some = unsure.get(id) ?? []
      if (some.length === 0) continue
      const { stream, start } = this.#startOf(id, current, seen.leases)
      const { leases, leased } = rowsOf(id, seen)
      const shards = await this.#listed(stream)
      const fresh = await freshShards({ table, stream: id, start, leases, shards, leased })
      const waiting = new Set(orphansIn(shards, { all: leased, fresh }))
      for (const lease of some) if (waiting.has(lease.shard)) orphans.add(lease)
    }
    if (orphans.size > 0) await this.sync(true)
    return orphans
  }

  /** The leases that follow on a shard that has ended. */
  leasesAfter(
    stream: StreamId,
    shard: string,
    named: readonly Shard[],
  ): Promise<readonly NewLease[] | 'later'> {
    const list = () => this.#listed(this.#streams.readingOf(stream).stream)
    return leasesAfter({ leases: this.#settings.leases, list, stream, shard, named })
  }

  /** Not waited for without end: a worker that waits looks for no shard any more. */
  #listed(stream: string, openAt?: Date): Promise<readonly Shard[]> {
    const { clock, closed: signal, kinesis } = this.#settings
    const late = `Kinesis did not list the shards within ${PATIENCE} ms`
    return inTime(() => listShards(kinesis, stream, openAt), { within: PATIENCE, clock, late, signal })
  }
}

/** Of a stream. */
interface Rows {
  readonly leases: readonly Lease[]
  /** Shards whose rows are. */
  readonly malformed: ReadonlySet<string>
  /** Shards that have a row. */
  readonly leased: ReadonlySet<string>
}

function rowsOf(id: StreamId, { leases, malformed }: LeaseScan): Rows {
  const rows = leases.filter((lease) => lease.stream === id)
  const spoilt = new Set(malformed.flatMap(({ place }) => (place?.stream === id ? [place.shard] : [])))
  // A malformed row is somebody's: its shard gets no other, and has not ended.
  const leased = new Set([...rows.map((lease) => lease.shard), ...spoilt])
  return { leases: rows, malformed: spoilt, leased }
}

/** What came to it since it was made is nobody's yet. */
function remade(stream: StreamSettings): StreamSettings {
  return { ...stream, start: 'TRIM_HORIZON', startAt: undefined }
}
