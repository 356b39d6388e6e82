/** Owns the question whether the leases of a stream cover all of its keys: what no lease covers is read by nobody. */

import { type Lease, SHARD_END } from './lease.ts'

/** From where to where, both of them included: decimals, as Kinesis writes hash keys. */
export interface Hole {
  readonly start: string
  readonly end: string
}

const LAST = 2n ** 128n - 1n

/** The first hole among the leases of one stream that have not ended. Overlaps are fine; a row without a range says nothing, and then nobody can tell. */
export function holeIn(leases: readonly Lease[]): Hole | undefined {
  const open = leases.filter(({ checkpoint }) => checkpoint.sequence !== SHARD_END)
  if (open.some(({ hashRange }) => hashRange === undefined)) return undefined
  const ranges = open
    .flatMap(({ hashRange }) => hashRange ?? [])
    .map(({ startingHashKey, endingHashKey }) => [BigInt(startingHashKey), BigInt(endingHashKey)] as const)
    .sort(([a], [b]) => (a < b ? -1 : Number(a > b)))
  let next = 0n
  for (const [start, end] of ranges) {
    if (start > next) return { start: String(next), end: String(start - 1n) }
    if (end >= next) next = end + 1n
  }
  return next > LAST ? undefined : { start: String(next), end: String(LAST) }
}
