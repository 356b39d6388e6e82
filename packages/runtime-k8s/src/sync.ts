/**
 * Owns the streams of a worker, and the sync of their shards: a shard that no lease leads to gets a row in the lease table.
 *
 * ```
 *  identify  stream's name ─> stream's id, which every lease of the stream carries; none in single-stream layout
 *  sync      ListShards + leases ─> shards that no lease is of or leads to ─> rows, free to take; ─> rows of ended shards that are deleted
 *  children  `children.ts`
 * ```
 */

import { leaseOf, leasesAfter } from './children.ts'
import {
  finishedLeases,
  type Hole,
  holeIn,
  type Layout,
  type Lease,
  leadersOf,
  type NewLease,
  SHARD_END,
  SINGLE_STREAM,
  type StreamId,
} from './leases/index.ts'
import type { WorkerSettings } from './options.ts'
import { inTime } from './patience.ts'
import { childrenIn, listShards, type Missing, missingLeases, type Shard } from './shards/index.ts'

export type SyncSettings = Pick<WorkerSettings, 'clock' | 'kinesis' | 'leases' | 'logger' | 'me' | 'streams'>

/** Turns between two looks of a worker that is not the leader. */
const OTHERS = 10

/**
 * Rows that are made at the same time. One after the other, those of a thousand shards took so long that a shard could end and its row be deleted
 * meanwhile: it was made again, and read again.
 */
const AT_ONCE = 16

/** Milliseconds. */
const PATIENCE = 60_000

/** Times running that the same hole is seen before it is told, as in KCL. */
const CONFIDENT = 3

export class ShardSync {
  readonly #settings: SyncSettings
  readonly #streams = new Map<StreamId, WorkerSettings['streams'][number]>()
  readonly #holes = new Map<string, { readonly hole: Hole; readonly times: number }>()
  #turns = 0
  /** Who looks after the shards, as far as is known. */
  #leader: string | undefined
  readonly #made: () => void
  #isBeaten = false

  /** @param made called when rows were made that nobody owns */
  constructor(settings: SyncSettings, made: () => void) {
    this.#settings = settings
    this.#made = made
  }

  /** The streams' names. */
  get streams(): readonly string[] {
    return [...this.#streams.values()].map(({ name }) => name)
  }

  isOurs(stream: StreamId): boolean {
    return this.#streams.has(stream)
  }

  nameOf(stream: StreamId): string {
    return this.#streams.get(stream)?.name ?? ''
  }

  /** At the last look another worker was making rows: what it leaves is to be looked for soon. */
  get isBeaten(): boolean {
    return this.#isBeaten
  }

  /** As the options name it, and from when on it is read if its leases say `AT_TIMESTAMP`. */
  readingOf(stream: StreamId): { readonly stream: string; readonly startAt: Date | undefined } {
    const known = this.#streams.get(stream)
    return { stream: known?.stream ?? '', startAt: known?.startAt }
  }

  /** @param identities of the streams, by what the options name them */
  identify(layout: Layout, identities: ReadonlyMap<string, StreamId>): void {
    const { streams } = this.#settings
    for (const each of streams) {
      const identity = layout === 'single-stream' ? SINGLE_STREAM : identities.get(each.stream)
      if (identity !== undefined) this.#streams.set(identity, each)
    }
  }

  /** Takes in what somebody has read of the table: so most workers need not read it to learn that another one looks after the shards. */
  saw(leases: readonly Lease[]): void {
    this.#leader = leadersOf(leases)[0]
  }

  /**
   * Makes the rows that are missing, and deletes those that are finished. One worker does it at each turn, named by KCL's rule, and the others now
   * and then: a leader that cannot see its streams must not blind the fleet.
   */
  async sync(): Promise<void> {
    // Whoever makes rows may die before the last one.
    const turn = this.#isBeaten ? 0 : this.#turns % OTHERS
    this.#turns += 1
    if (turn !== 0 && this.#isOthers()) return
    const { leases, malformed, movedOn } = await this.#settings.leases.scan()
    this.#isBeaten = false
    // Rows of ours would stand among those of KCL 3.
    if (movedOn !== undefined) return
    this.saw(leases)
    if (turn !== 0 && this.#isOthers()) return
    for (const [id, stream] of this.#streams)
      await this.#syncOne(
        id,
        stream,
        leases.filter((lease) => lease.stream === id),
        new Set(malformed.flatMap(({ place }) => (place?.stream === id ? [place.shard] : []))),
      )
  }

  #isOthers(): boolean {
    return this.#leader !== undefined && this.#leader !== this.#settings.me
  }

  async #syncOne(
    id: StreamId,
    { stream, name, start, startAt }: WorkerSettings['streams'][number],
    leases: readonly Lease[],
    malformed: ReadonlySet<string>,
  ): Promise<void> {
    const { leases: table } = this.#settings
    // A malformed row is somebody's: its shard gets no other, and has not ended.
    const leased = new Set([...leases.map((lease) => lease.shard), ...malformed])
    const openAt = leased.size === 0 ? startAt : undefined
    const shards = await this.#listed(stream, openAt)
    const over = leases.filter(({ checkpoint }) => checkpoint.sequence === SHARD_END)
    const ended = new Set(over.map((lease) => lease.shard))
    const missing = missingLeases(shards, leased, start, ended)
    if (missing.length > 0) return this.#make(id, missing)
    // A malformed row may be what covers it, and is told by itself.
    this.#audit(name, malformed.size > 0 ? undefined : holeIn(leases))
    for (const lease of finishedLeases(leases, childrenIn(shards), malformed)) await table.remove(lease)
  }

  /** Of workers that start at one moment each would make all rows: who makes the first one makes the others, too, until another worker is ahead. */
  async #make(id: StreamId, missing: readonly Missing[]): Promise<void> {
    const { leases: table } = this.#settings
    for (let from = 0, size = 1; from < missing.length; from += size, size = AT_ONCE) {
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

  /** A row may have been made or ended while the table was read: what is seen three times running is no such moment. */
  #audit(name: string, hole: Hole | undefined): void {
    const seen = this.#holes.get(name)
    const isSame = hole !== undefined && seen?.hole.start === hole.start && seen.hole.end === hole.end
    const times = isSame ? seen.times + 1 : 1
    if (hole === undefined) this.#holes.delete(name)
    else this.#holes.set(name, { hole, times })
    if (hole === undefined || times !== CONFIDENT) return
    this.#settings.logger.error('no lease covers a part of a stream: nobody reads its records', {
      stream: name,
      details: {
        ...hole,
        advice:
          'delete the rows of the stream that nobody needs, so that they are made again; or tell us what led here',
      },
    })
  }

  /** The leases that follow on a shard that has ended. */
  leasesAfter(
    stream: StreamId,
    shard: string,
    named: readonly Shard[],
  ): Promise<readonly NewLease[] | undefined> {
    const list = () => this.#listed(this.readingOf(stream).stream)
    return leasesAfter({ leases: this.#settings.leases, list, stream, shard, named })
  }

  /** Not waited for without end: a worker that waits looks for no shard any more. */
  #listed(stream: string, openAt?: Date): Promise<readonly Shard[]> {
    const { clock, kinesis } = this.#settings
    const late = `Kinesis did not list the shards within ${PATIENCE} ms`
    return inTime(() => listShards(kinesis, stream, openAt), { within: PATIENCE, clock, late })
  }
}
