/**
 * Owns the question who looks after the shards of a whole fleet: KCL 2.x names one owner of leases, the same for all who look at the same table, and
 * Java workers leave it to that one, whoever runs it.
 *
 * https://github.com/awslabs/amazon-kinesis-client, `DeterministicShuffleShardSyncLeaderDecider.java`: the owners, sorted, shuffled by
 * `java.util.Random` from the seed 1947; the first is the leader.
 */

import type { Lease } from './lease.ts'

const SEED = 1947

/** All owners in the order of KCL: the first is the leader. Leases of ended shards count. */
export function leadersOf(leases: readonly Pick<Lease, 'owner'>[]): readonly string[] {
  // By UTF-16 code units, as Java sorts texts.
  const owners = [...new Set(leases.flatMap(({ owner }) => owner ?? []))].sort()
  const next = javaRandom(SEED)
  for (let left = owners.length; left > 1; left -= 1) {
    const other = next(left)
    const [a, b] = [owners[left - 1], owners[other]]
    if (a === undefined || b === undefined) continue
    owners[left - 1] = b
    owners[other] = a
  }
  return owners
}

const MULTIPLIER = 0x5deece66dn
const MASK = (1n << 48n) - 1n

/** https://docs.oracle.com/javase/8/docs/api/java/util/Random.html, `nextInt(bound)`, for bounds far below 2^31. */
function javaRandom(seed: number): (bound: number) => number {
  let state = (BigInt(seed) ^ MULTIPLIER) & MASK
  const bits = () => {
    state = (state * MULTIPLIER + 0xbn) & MASK
    return Number(state >> 17n)
  }
  return (bound) => {
    if ((bound & -bound) === bound) return Number((BigInt(bound) * BigInt(bits())) >> 31n)
    for (;;) {
      const drawn = bits()
      const value = drawn % bound
      if (drawn - value + (bound - 1) < 2 ** 31) return value
    }
  }
}
