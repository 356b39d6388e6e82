/**
 * Owns the choice which leases to take, as KCL 2.x does:
 *
 * | there are                                             | then                                                            |
 * |-------------------------------------------------------|-----------------------------------------------------------------|
 * | leases that nobody has renewed for three lives        | all of those: whoever should have taken them does not           |
 * | free leases, and fewer than an equal share are ours   | of those, at random, up to the share                            |
 * | no free leases, and somebody has more than the share  | one of theirs                                                   |
 * | neither                                               | nothing                                                         |
 *
 * The share is that of all leases among those who own some, and this worker.
 */

import { type Lease, workerOf } from './lease.ts'

export interface Scan {
  /** All that count for the share. */
  readonly leases: readonly Lease[]
  /** Those of them that may be read now: a shard that has not ended, and whose parents have. @default all */
  readonly readable?: readonly Lease[]
  readonly free: readonly Lease[]
  /** Those of the free ones that nobody has renewed for three lives. @default none */
  readonly forgotten?: readonly Lease[]
  /** This worker, as `workerOf` names it. */
  readonly me: string
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Whose share a lease counts for. @default workerOf */
  readonly ownerOf?: (lease: Lease) => string | undefined
  /** Which of somebody's leases, in a random order, to have. @default the first */
  readonly steal?: (theirs: readonly Lease[]) => readonly Lease[]
}

export function chooseLeases({
  leases,
  readable = leases,
  free,
  forgotten = [],
  me,
  random,
  ownerOf = workerOf,
  steal = (theirs) => theirs.slice(0, 1),
}: Scan): readonly Lease[] {
  if (forgotten.length > 0) return shuffled(forgotten, random)
  const available = new Set(free)
  const owned = leases.filter((lease) => ownerOf(lease) !== undefined && !available.has(lease))
  const loads = Map.groupBy(owned, (lease) => ownerOf(lease) ?? '')
  const mine = loads.get(me)?.length ?? 0
  if (mine === 0) loads.set(me, [])
  const target = loads.size >= leases.length ? 1 : Math.ceil(leases.length / loads.size)
  const wanted = target - mine
  if (wanted <= 0) return []
  if (free.length > 0) return shuffled(free, random).slice(0, wanted)
  // Of many with as much, those who look at one moment would all turn to the first in the table.
  const [busiest] = shuffled([...loads.values()], random).sort((a, b) => b.length - a.length)
  if (busiest === undefined) return []
  const excess = busiest.length - target
  if (excess < 0 || (excess === 0 && wanted < 2)) return []
  const theirs = new Set(readable)
  const candidates = busiest.filter((lease) => theirs.has(lease))
  return steal(shuffled(candidates, random))
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item)
}
