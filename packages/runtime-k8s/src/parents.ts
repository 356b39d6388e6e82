/**
 * Owns the question whose parents' rows somebody has deleted. The row of a shard that has ended stays until something was read of all that follows it
 * (`leases/finished.ts`); so where a shard is still at `TRIM_HORIZON`, and a parent that the stream still has is without a row, that parent need not have been
 * read. KCL takes it for ended.
 *
 * | seen in a scan                           | by a read of the row alone           | then                                                  |
 * |------------------------------------------|--------------------------------------|-------------------------------------------------------|
 * | the shard is at `TRIM_HORIZON`, a parent | it still is                          | the parent gets a row again, and the shard waits      |
 * | has no row                               | it has been begun: a scan takes long | its parent has ended, and its row was deleted in order |
 *
 * A fleet that starts at `LATEST` has rows of open shards alone: there a parent without one says nothing.
 */

import { type Lease, type LeaseScan, type LeaseTable, leaseKey, type StreamId } from './leases/index.ts'
import { orphansIn, type Shard, type Start } from './shards/index.ts'

const UNREAD = 'TRIM_HORIZON'

/** Those whose parents are to be looked for before they are read, by their streams. */
export function unsureLeases(
  free: readonly Lease[],
  { leases, malformed }: Pick<LeaseScan, 'leases' | 'malformed'>,
): ReadonlyMap<StreamId, readonly Lease[]> {
  const fresh = free.filter(({ checkpoint, parents }) => checkpoint.sequence === UNREAD && parents.length > 0)
  if (fresh.length === 0) return new Map()
  const places = [...leases, ...malformed.flatMap(({ place }) => place ?? [])]
  const known = new Set(places.map(({ stream, shard }) => leaseKey(stream, shard)))
  const isUnsure = ({ stream, parents }: Lease) => parents.some((id) => !known.has(leaseKey(stream, id)))
  return Map.groupBy(fresh.filter(isUnsure), ({ stream }) => stream)
}

export interface Looking {
  readonly table: Pick<LeaseTable, 'checkpointOf'>
  readonly stream: StreamId
  readonly start: Start
  /** Of the stream, as a scan has shown them: what was written meanwhile may be among them, or not. */
  readonly leases: readonly Lease[]
  readonly shards: readonly Shard[]
  /** The shards that have a row, malformed ones included. */
  readonly leased: ReadonlySet<string>
}

/** The leased shards of which nothing is read. */
export async function freshShards(looking: Looking): Promise<ReadonlySet<string>> {
  const { table, stream, start, leases, shards, leased } = looking
  if (start === 'LATEST') return new Set()
  const unread = leases.filter(({ checkpoint }) => checkpoint.sequence === UNREAD)
  const fresh = new Set(unread.map(({ shard }) => shard))
  // Only where it matters: of a stream that starts anew all are at `TRIM_HORIZON`.
  for (const shard of orphansIn(shards, { all: leased, fresh }))
    if ((await table.checkpointOf(leaseKey(stream, shard))) !== UNREAD) fresh.delete(shard)
  return fresh
}
