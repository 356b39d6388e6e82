/**
 * Owns the choice which leases to take, as KCL 2.x does: up to an equal share, free ones first; only when none is free one
 * is stolen from whoever has most. Leases of ended shards count.
 */

import type { Lease } from './lease.ts'

export interface Scan {
  readonly leases: readonly Lease[]
  readonly free: readonly Lease[]
  readonly me: string
  /** Uniform in [0, 1). */
  readonly random: () => number
}

export function chooseLeases({ leases, free, me, random }: Scan): readonly Lease[] {
  const available = new Set(free)
  const loads = new Map<string, Lease[]>([[me, []]])
  for (const lease of leases) {
    if (lease.owner !== undefined && !available.has(lease))
      loads.set(lease.owner, [...(loads.get(lease.owner) ?? []), lease])
  }
  const mine = loads.get(me)?.length ?? 0
  const target = loads.size >= leases.length ? 1 : Math.ceil(leases.length / loads.size)
  const wanted = target - mine
  if (wanted <= 0) return []
  if (free.length > 0) return shuffled(free, random).slice(0, wanted)
  const [busiest] = [...loads.values()].sort((a, b) => b.length - a.length)
  if (busiest === undefined) return []
  const excess = busiest.length - target
  return excess > 0 || (excess === 0 && wanted > 1) ? shuffled(busiest, random).slice(0, 1) : []
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item)
}
