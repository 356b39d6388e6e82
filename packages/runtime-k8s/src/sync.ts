/**
 * Owns the streams of a worker, and the sync of their shards: a shard that no lease leads to gets a row in the lease table.
 *
 * ```
 *  identify  stream's name ─> DescribeStreamSummary ─> stream's id, which every lease of the stream carries; none in single-stream layout
 *  sync      ListShards + leases ─> shards that no lease is of or leads to ─> rows, free to take; ─> rows of ended shards that are deleted
 *  children  ListShards ─> shards that follow one that ended ─> rows, which the consumer of that one writes
 * ```
 */

import {
  finishedLeases,
  type Hole,
  holeIn,
  type Layout,
  type Lease,
  leadersOf,
  type NewLease,
  SINGLE_STREAM,
  type StreamId,
} from './leases/index.ts'
import type { WorkerSettings } from './options.ts'
import { identify, listShards, missingLeases, type Shard, type Start } from './shards/index.ts'

export type SyncSettings = Pick<WorkerSettings, 'kinesis' | 'leases' | 'logger' | 'me' | 'streams'>

/** Turns between two looks of a worker that is not the leader. */
const OTHERS = 10

/** Times running that the same hole is seen before it is told, as in KCL. */
const CONFIDENT = 3

export class ShardSync {
  readonly #settings: SyncSettings
  readonly #names = new Map<StreamId, string>()
  readonly #holes = new Map<string, { readonly hole: Hole; readonly times: number }>()
  #turns = 0
  /** Who looks after the shards, as far as is known. */
  #leader: string | undefined
  readonly #made: () => void

  /** @param made called when rows were made that nobody owns */
  constructor(settings: SyncSettings, made: () => void) {
    this.#settings = settings
    this.#made = made
  }

  /** The streams' names. */
  get streams(): readonly string[] {
    return [...this.#names.values()]
  }

  isOurs(stream: StreamId): boolean {
    return this.#names.has(stream)
  }

  nameOf(stream: StreamId): string {
    return this.#names.get(stream) ?? ''
  }

  /** @throws whatever Kinesis says about a stream that it does not know */
  async identify(layout: Layout): Promise<void> {
    const { kinesis, streams } = this.#settings
    const [only] = streams
    if (layout === 'single-stream' && only !== undefined) {
      this.#names.set(SINGLE_STREAM, only.stream)
      return
    }
    for (const { stream } of streams) this.#names.set(await identify(kinesis, stream), stream)
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
    const { leases: table, streams } = this.#settings
    const isTurn = this.#turns % OTHERS === 0
    this.#turns += 1
    if (!isTurn && this.#isOthers()) return
    const { leases, movedOn } = await table.scan()
    // Rows of ours would stand among those of KCL 3.
    if (movedOn !== undefined) return
    this.saw(leases)
    if (!isTurn && this.#isOthers()) return
    for (const { stream: name, start } of streams) {
      const [stream = ''] = [...this.#names].find(([, known]) => known === name) ?? []
      await this.#syncOne(
        stream,
        { name, start },
        leases.filter((lease) => lease.stream === stream),
      )
    }
  }

  #isOthers(): boolean {
    return this.#leader !== undefined && this.#leader !== this.#settings.me
  }

  async #syncOne(
    stream: StreamId,
    { name, start }: { readonly name: string; readonly start: Start },
    leases: readonly Lease[],
  ): Promise<void> {
    const { kinesis, leases: table } = this.#settings
    const shards = await listShards(kinesis, name)
    const leased = new Set(leases.map((lease) => lease.shard))
    const missing = missingLeases(shards, leased, start)
    for (const { shard, checkpoint } of missing) await table.create(leaseOf(stream, shard, checkpoint))
    if (missing.length > 0) return this.#made()
    this.#audit(name, holeIn(leases))
    for (const lease of finishedLeases(leases, childrenIn(shards))) await table.remove(lease)
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

  async childrenOf(stream: StreamId, shard: string): Promise<NewLease[]> {
    const shards = await listShards(this.#settings.kinesis, this.nameOf(stream))
    return shards
      .filter((child) => child.parents.includes(shard))
      .map((child) => leaseOf(stream, child, 'TRIM_HORIZON'))
  }
}

function leaseOf(stream: StreamId, { id, parents, hashRange }: Shard, checkpoint: string): NewLease {
  return { stream, shard: id, checkpoint, parents, hashRange }
}

function childrenIn(shards: readonly Shard[]): ReadonlyMap<string, readonly string[]> {
  const children = new Map<string, string[]>(shards.map(({ id }) => [id, []]))
  for (const { id, parents } of shards) for (const parent of parents) children.get(parent)?.push(id)
  return children
}
