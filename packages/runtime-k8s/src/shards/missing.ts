/**
 * Owns the question which leases a stream still needs. A child gets its lease when its parent ends; here only shards that
 * no lease leads to are found: at the first start, and after a gap.
 *
 * | start          | leases of a stream without any                         | position        |
 * |----------------|--------------------------------------------------------|-----------------|
 * | `TRIM_HORIZON` | the oldest shards: those whose parents are gone        | `TRIM_HORIZON`  |
 * | `LATEST`       | the open shards                                        | `LATEST`        |
 */

import type { Shard } from './shard.ts'

export type Start = 'TRIM_HORIZON' | 'LATEST'

export interface Missing {
  readonly shard: Shard
  readonly checkpoint: Start
}

/** @param leased ids of the shards that have a lease, ended ones included */
export function missingLeases(
  shards: readonly Shard[],
  leased: ReadonlySet<string>,
  start: Start,
): readonly Missing[] {
  const known = new Map(shards.map((shard) => [shard.id, shard]))
  const first = leased.size === 0

  /** Whether the end of a leased shard will lead here. */
  function isAwaited(shard: Shard): boolean {
    return shard.parents.some((id) => {
      const parent = known.get(id)
      return leased.has(id) || (parent !== undefined && isAwaited(parent))
    })
  }

  function hasLeasedChild(id: string): boolean {
    return shards.some(
      (child) => child.parents.includes(id) && (leased.has(child.id) || hasLeasedChild(child.id)),
    )
  }

  if (first && start === 'LATEST')
    return shards.filter((shard) => shard.open).map((shard) => ({ shard, checkpoint: start }))
  return shards
    .filter((shard) => !leased.has(shard.id) && !isAwaited(shard) && !hasLeasedChild(shard.id))
    .filter(
      (shard) => shard.parents.every((id) => !known.has(id)) || (!first && start === 'LATEST' && shard.open),
    )
    .map((shard) => ({ shard, checkpoint: first ? start : 'TRIM_HORIZON' }))
}
