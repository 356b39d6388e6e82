/**
 * Owns the streams of a worker, and the sync of their shards: a shard that no lease leads to gets a row in the lease table.
 *
 * ```
 *  identify  stream's name ─> DescribeStreamSummary ─> stream's id, which every lease of the stream carries
 *  sync      ListShards + leases ─> shards that no lease is of or leads to ─> rows, free to take
 *  children  ListShards ─> shards that follow one that ended ─> rows, which the consumer of that one writes
 * ```
 */

import type { NewLease, StreamId } from './leases/index.ts'
import type { WorkerSettings } from './options.ts'
import { identify, listShards, missingLeases, type Shard } from './shards/index.ts'

export type SyncSettings = Pick<WorkerSettings, 'kinesis' | 'leases' | 'streams'>

export class ShardSync {
  readonly #settings: SyncSettings
  readonly #names = new Map<StreamId, string>()

  constructor(settings: SyncSettings) {
    this.#settings = settings
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
  async identify(): Promise<void> {
    const { kinesis, streams } = this.#settings
    for (const { stream } of streams) this.#names.set(await identify(kinesis, stream), stream)
  }

  async sync(): Promise<void> {
    const { kinesis, leases: table, streams } = this.#settings
    const leases = await table.list()
    for (const { stream: name, start } of streams) {
      const [stream = ''] = [...this.#names].find(([, known]) => known === name) ?? []
      const leased = new Set(leases.filter((lease) => lease.stream === stream).map((lease) => lease.shard))
      for (const { shard, checkpoint } of missingLeases(await listShards(kinesis, name), leased, start))
        await table.create(leaseOf(stream, shard, checkpoint))
    }
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
