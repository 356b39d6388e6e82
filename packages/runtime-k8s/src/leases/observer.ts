/**
 * Owns the question whose leases have expired. The table holds no times: each worker sees a counter stand still on its own
 * monotonic clock. An owned lease that is seen for the first time counts as renewed just now.
 */

import type { Lease } from './lease.ts'

export interface Observer {
  /** Takes in a scan, and says which leases are free: unowned, or unrenewed for longer than the failover time. */
  free(leases: readonly Lease[], now: number): readonly Lease[]
  /** Of those of the last scan: for how many milliseconds nobody has written it. */
  still(lease: Lease, now: number): number
}

export function observeLeases(failover: number): Observer {
  const seen = new Map<string, { readonly counter: number; readonly since: number }>()
  return {
    still: ({ key, counter }, now) => {
      const known = seen.get(key)
      return known?.counter === counter ? now - known.since : 0
    },
    free: (leases, now) => {
      const present = new Set(leases.map((lease) => lease.key))
      for (const key of seen.keys()) if (!present.has(key)) seen.delete(key)
      return leases.filter((lease) => {
        const known = seen.get(lease.key)
        if (known?.counter !== lease.counter) seen.set(lease.key, { counter: lease.counter, since: now })
        return lease.owner === undefined || (known?.counter === lease.counter && now - known.since > failover)
      })
    },
  }
}
