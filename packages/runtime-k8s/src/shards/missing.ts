/**
 * Owns the question which leases a stream still needs, as KCL 2.x answers it. A child gets its lease when its parent ends; here only shards that
 * no lease leads to are found: at the first start, and after a gap.
 *
 * | the table has                              | a lease is made for                                     | at               |
 * |--------------------------------------------|---------------------------------------------------------|------------------|
 * | none of the stream, start `LATEST`         | the open shards                                         | `LATEST`         |
 * | none of the stream, start `TRIM_HORIZON`   | the oldest shards: those whose parents are gone         | `TRIM_HORIZON`   |
 * | none of the stream, start `AT_TIMESTAMP`   | the shards that were open then, which are all that is   | `AT_TIMESTAMP`   |
 * |                                            | looked at                                               |                  |
 * | some: an open shard that none leads to     | it, or but for `LATEST` its oldest ancestors that   | the start        |
 * |                                            | no leased shard follows: those were read                |                  |
 * | some: one whose parents are led to in part | the parents without a lease, or but for `LATEST`        | `TRIM_HORIZON`   |
 * |                                            | their oldest ancestors: it waits for both               |                  |
 *
 * https://github.com/awslabs/amazon-kinesis-client, `docs/lease-lifecycle.md`.
 */

import type { Shard } from './shard.ts'

/** Of a stream: where its first leases begin. `AT_TIMESTAMP` goes with a time. */
export type Start = 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP'

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
  const led = new Map<string, boolean>()
  const made = new Map<string, Missing>()

  /** The parents that the stream still has. */
  const parentsOf = (shard: Shard) => shard.parents.flatMap((id) => known.get(id) ?? [])

  /** Whether the end of a leased shard leads here. Remembered: a lineage is asked for by each of its descendants. */
  function isLed(shard: Shard): boolean {
    const told = led.get(shard.id)
    if (told !== undefined) return told
    const answer = leased.has(shard.id) || parentsOf(shard).some(isLed)
    led.set(shard.id, answer)
    return answer
  }

  function make(shard: Shard, checkpoint: Start): void {
    if (!leased.has(shard.id)) made.set(shard.id, { shard, checkpoint })
  }

  /** What a leased shard follows has been read to its end. */
  const passed = new Set<string>()
  function pass(shard: Shard): void {
    for (const parent of parentsOf(shard)) {
      if (passed.has(parent.id)) continue
      passed.add(parent.id)
      pass(parent)
    }
  }
  for (const shard of shards) if (leased.has(shard.id)) pass(shard)

  function makeOldest(shard: Shard): void {
    const parents = parentsOf(shard).filter(({ id }) => !passed.has(id))
    if (parents.length === 0) make(shard, start === 'AT_TIMESTAMP' ? start : 'TRIM_HORIZON')
    for (const parent of parents) makeOldest(parent)
  }

  /** A shard that is led to waits for all of its parents: one that nobody reads would keep it waiting for ever. */
  function completeParents(shard: Shard): void {
    if (leased.has(shard.id)) return
    for (const parent of parentsOf(shard)) {
      if (isLed(parent)) completeParents(parent)
      else if (start !== 'LATEST') makeOldest(parent)
      else make(parent, 'TRIM_HORIZON')
    }
  }

  if (leased.size === 0 && start === 'AT_TIMESTAMP')
    return shards.map((shard) => ({ shard, checkpoint: start }))
  for (const shard of shards.filter(({ open }) => open)) {
    if (isLed(shard)) completeParents(shard)
    else if (start !== 'LATEST') makeOldest(shard)
    else make(shard, start)
  }
  // In the order in which the stream lists them: the oldest first.
  return shards.flatMap(({ id }) => made.get(id) ?? [])
}
