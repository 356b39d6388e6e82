/**
 * Owns the law of a lease, seen from outside: the rows of the lease table alone tell whether one is renewed while its shard, to which records come all along,
 * makes no progress. Nothing that the workers say of themselves is believed.
 */

import { takenBy } from '@spaceship/core/engine'
import type { Item } from '../../src/leases/lease.ts'

/** How long a shard of a chaos run may stand still without a name, in lives of a lease. */
export const STANDSTILL = 3

export interface Law {
  /** @param now on a clock that is monotonic, in milliseconds */
  look(rows: readonly Item[], now: number): void
  /** Leases that were renewed without progress, each once. */
  readonly broken: readonly string[]
}

interface Seen {
  readonly owner: string
  readonly progress: string
  readonly since: number
  readonly counter: string
}

/**
 * @param keys all partition keys, to each of which records come
 * @param bound how long a lease may be renewed without progress, in milliseconds
 */
export function watchLaw(keys: readonly string[], bound: number): Law {
  const taken = keys.map((key) => takenBy(key))
  const seen = new Map<string, Seen>()
  const broken = new Set<string>()

  function isUsed({ startingHashKey: start, endingHashKey: end }: Item): boolean {
    if (start?.S === undefined || end?.S === undefined) return false
    const range = { startingHashKey: start.S, endingHashKey: end.S }
    return taken.some((isTakenBy) => isTakenBy(range))
  }

  return {
    look: (rows, now) => {
      for (const row of rows) {
        const [key, owner, counter] = [row.leaseKey?.S ?? '', row.leaseOwner?.S, row.leaseCounter?.N ?? '']
        const before = seen.get(key)
        if (owner === undefined || row.checkpoint?.S === 'SHARD_END' || !isUsed(row)) {
          seen.delete(key)
          continue
        }
        const progress = JSON.stringify([
          ...[row.checkpoint, row.checkpointSubSequenceNumber, row.spaceshipJournal, row.spaceshipFirst],
        ])
        const isStill = before?.owner === owner && before.progress === progress
        const since = isStill ? before.since : now
        seen.set(key, { owner, progress, since, counter })
        // Who does not renew any more is dead, or cut off, and breaks no law.
        const isRenewed = before !== undefined && before.counter !== counter
        if (isStill && isRenewed && now - since > bound) broken.add(`${key} of ${owner}`)
      }
    },
    get broken() {
      return [...broken]
    },
  }
}
