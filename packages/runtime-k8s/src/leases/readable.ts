/**
 * Owns the question which leases may be read: those of shards that have not ended, and whose parents have. A parent that has no row has ended; one whose row is
 * malformed has not, as far as anybody knows.
 */

import { type Lease, type MalformedRow, SHARD_END } from './lease.ts'

export function readableLeases(
  leases: readonly Lease[],
  malformed: readonly Pick<MalformedRow, 'place'>[],
): readonly Lease[] {
  const unended = leases.filter((lease) => lease.checkpoint.sequence !== SHARD_END)
  // Each worker asks at each look: pairs of thousands of leases would keep its event loop from all else.
  const nameOfShard = (stream: string, shard: string) => `${stream}/${shard}`
  const places = [...unended, ...malformed.flatMap(({ place }) => place ?? [])]
  const waited = new Set(places.map(({ stream, shard }) => nameOfShard(stream, shard)))
  return unended.filter(
    ({ stream, parents }) => !parents.some((parent) => waited.has(nameOfShard(stream, parent))),
  )
}
