/**
 * Owns which leases follow on a shard that has ended, as KCL makes them: at the oldest record, with their parents and their hash range.
 *
 * ```
 *  named by the last read? ──┬─ yes ────────────────────────────────┐
 *                            └─ no ─> ListShards; is it closed? yes ─┤
 *                                                                    ▼
 *                     a child of two shards, without a lease: has its other parent one, or is that one gone? ─┬─ yes ─> leases
 *                                                                                                             └─ no ──> later
 * ```
 *
 * A shard's end asks for nothing but the rows of a merge: of a stream that is resharded as a whole, each end would list all of it.
 */

import { SpaceshipError } from '@spaceship/core'
import { type LeaseTable, leaseKey, type NewLease, type StreamId } from './leases/index.ts'
import type { Shard } from './shards/index.ts'

export interface Ended {
  readonly leases: Pick<LeaseTable, 'checkpointOf'>
  /** The shards of the stream. */
  readonly list: () => Promise<readonly Shard[]>
  readonly stream: StreamId
  readonly shard: string
  /** Children that the last read of the shard has named. */
  readonly named: readonly Shard[]
}

/**
 * @returns `later` while a child follows on another shard, too, whose lease is still to come: it could not wait for that one
 * @throws SpaceshipError `shard-open` if the shard has not ended
 */
export async function leasesAfter(ended: Ended): Promise<readonly NewLease[] | 'later'> {
  const { leases, stream, shard } = ended
  const isNamed = ended.named.length > 0 && ended.named.every(({ parents }) => parents.includes(shard))
  const children = isNamed ? ended.named : await listed(ended)
  for (const { id, parents } of children) {
    const others = parents.filter((parent) => parent !== shard)
    if (others.length === 0 || (await leases.checkpointOf(leaseKey(stream, id))) !== undefined) continue
    for (const other of others) if (await isAwaited(ended, other)) return 'later'
  }
  return children.map((child) => leaseOf(stream, child, 'TRIM_HORIZON'))
}

export function leaseOf(stream: StreamId, { id, parents, hashRange }: Shard, checkpoint: string): NewLease {
  return { stream, shard: id, checkpoint, parents, hashRange }
}

async function listed({ list, shard }: Ended): Promise<readonly Shard[]> {
  const shards = await list()
  // What is still written to has not ended, whatever a read has said.
  if (shards.some(({ id, open }) => id === shard && open))
    throw new SpaceshipError(
      'shard-open',
      `the shard '${shard}' is still open, and a read of it said that it had ended`,
    )
  return shards.filter(({ parents }) => parents.includes(shard))
}

/** What the stream has no more is not waited for. */
async function isAwaited({ leases, list, stream }: Ended, parent: string): Promise<boolean> {
  if ((await leases.checkpointOf(leaseKey(stream, parent))) !== undefined) return false
  return (await list()).some(({ id }) => id === parent)
}
