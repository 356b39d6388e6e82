/**
 * Owns the question whose leases have expired. The table holds no times: each worker sees a counter stand still on its own
 * monotonic clock. An owned lease that is seen for the first time counts as renewed just now, and so does one that was made again meanwhile: its counter may be
 * the same, and little else is.
 */

import type { Lease } from './lease.ts'

export interface Observer {
  /** Takes in a scan, and says which leases are free: unowned, or unrenewed for longer than the failover time. */
  free(leases: readonly Lease[], now: number): readonly Lease[]
  /** Of those of the last scan: for how many milliseconds nobody has written it. */
  still(lease: Lease, now: number): number
}

interface Sighting {
  readonly lease: Lease
  readonly since: number
}

export function observeLeases(failover: number): Observer {
  const seen = new Map<string, Sighting>()
  return {
    still: (lease, now) => {
      const known = seen.get(lease.key)
      return known !== undefined && isSame(known.lease, lease) ? now - known.since : 0
    },
    free: (leases, now) => {
      const present = new Set(leases.map((lease) => lease.key))
      for (const key of seen.keys()) if (!present.has(key)) seen.delete(key)
      return leases.filter((lease) => {
        const known = seen.get(lease.key)
        const stands = known !== undefined && isSame(known.lease, lease)
        if (!stands) seen.set(lease.key, { lease, since: now })
        return lease.owner === undefined || (stands && now - known.since > failover)
      })
    },
  }
}

function isSame(one: Lease, other: Lease): boolean {
  return (
    one.counter === other.counter &&
    one.owner === other.owner &&
    one.ownerSwitches === other.ownerSwitches &&
    one.checkpoint.sequence === other.checkpoint.sequence
  )
}
