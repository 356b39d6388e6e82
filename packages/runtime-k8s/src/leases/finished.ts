/**
 * Owns the question which leases of ended shards are not needed any more, as KCL 2.x deletes them:
 *
 * | the lease of an ended shard                                  | then                                                       |
 * |--------------------------------------------------------------|------------------------------------------------------------|
 * | has a child without a lease, or one that has read nothing    | stays: it says that the child may be read                  |
 * | the child has none, but a child of it has read something     | as if the child had: its row was deleted by hand           |
 * | has a parent with a lease, or with a malformed row           | stays until that one is deleted                            |
 * | all children have leases with a position of their own        | is deleted                                                 |
 * | its shard is not in the stream any more, nor are children    | is deleted: its records have expired                       |
 */

import { type Lease, SHARD_END } from './lease.ts'

const UNREAD: ReadonlySet<string> = new Set(['TRIM_HORIZON', 'AT_TIMESTAMP', 'LATEST'])

/**
 * @param leases of one stream
 * @param children of each shard that the stream still has, by the shard's id
 * @param malformed shards of the stream whose rows are
 */
export function finishedLeases(
  leases: readonly Lease[],
  children: ReadonlyMap<string, readonly string[]>,
  malformed: ReadonlySet<string> = new Set(),
): readonly Lease[] {
  const byShard = new Map(leases.map((lease) => [lease.shard, lease]))
  // By the rows' own word: the stream says nothing of a shard that is gone.
  const descended = Map.groupBy(
    leases.flatMap(({ shard, parents }) => parents.map((parent) => ({ shard, parent }))),
    ({ parent }) => parent,
  )
  const parentsOf = Map.groupBy(
    [...children].flatMap(([parent, of]) => of.map((child) => ({ parent, child }))),
    ({ child }) => child,
  )
  const begun = new Set(
    leases.flatMap(({ shard, checkpoint }) => (UNREAD.has(checkpoint.sequence) ? [] : shard)),
  )
  // Children wait for their parents: a shard without a lease, above one that is being read, had ended. What is added is visited, too.
  for (const shard of begun)
    for (const { parent } of parentsOf.get(shard) ?? [])
      if (!byShard.has(parent) && !malformed.has(parent)) begun.add(parent)
  const isBegun = (shard: string) => begun.has(shard)
  return leases.filter(({ shard, checkpoint, parents }) => {
    if (checkpoint.sequence !== SHARD_END) return false
    if (parents.some((parent) => byShard.has(parent) || malformed.has(parent))) return false
    const known = children.get(shard)
    if (known !== undefined) return known.length > 0 && known.every(isBegun)
    // A shard that is gone may still have children that are there.
    return (descended.get(shard) ?? []).every((child) => isBegun(child.shard))
  })
}
