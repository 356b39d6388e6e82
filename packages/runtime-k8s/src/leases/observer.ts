/**
 * Owns the question whose leases have expired. The table holds no times: each worker sees a counter stand still on its own
 * monotonic clock. An owned lease that is seen for the first time counts as renewed just now, and so does one that was made again meanwhile: its counter may be
 * the same, and little else is.
 */

import { isWrittenSince, type Lease, writerOf } from './lease.ts'

export interface Observer {
  /** Takes in a scan, and says which leases are free: unowned, or unrenewed for longer than the failover time. */
  free(leases: readonly Lease[], now: number): readonly Lease[]
  /** Of those of the last scan: whether its owner was seen to write it, within the failover time. */
  lives(lease: Lease, now: number): boolean
  /** Of those of the last scan: for how many milliseconds nobody has written it. */
  still(lease: Lease, now: number): number
}

interface Sighting {
  readonly lease: Lease
  readonly since: number
  /** Its owner has written it since it was seen first. */
  readonly isWritten: boolean
}

export function observeLeases(failover: number): Observer {
  const seen = new Map<string, Sighting>()
  const still = (lease: Lease, now: number) => {
    const known = seen.get(lease.key)
    return known !== undefined && isSame(known.lease, lease) ? now - known.since : 0
  }
  return {
    lives: (lease, now) => seen.get(lease.key)?.isWritten === true && still(lease, now) <= failover,
    still,
    free: (leases, now) => {
      const present = new Set(leases.map((lease) => lease.key))
      for (const key of seen.keys()) if (!present.has(key)) seen.delete(key)
      return leases.filter((lease) => {
        const known = seen.get(lease.key)
        const stands = known !== undefined && isSame(known.lease, lease)
        if (!stands) {
          const isWritten = known !== undefined && isWrittenSince(known.lease, lease, writerOf(known.lease))
          seen.set(lease.key, { lease, since: now, isWritten })
        }
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
