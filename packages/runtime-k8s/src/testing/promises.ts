/**
 * Owns which records the application is promised.
 *
 * Of what expires before it is read nothing is promised. Of the rest:
 *
 * | start          | all that                                                                                                    |
 * |----------------|-------------------------------------------------------------------------------------------------------------|
 * | `TRIM_HORIZON` | is put                                                                                                      |
 * | `AT_TIMESTAMP` | arrives then or later                                                                                       |
 * | `LATEST`       | is put into a shard whose lease was made at its beginning, as those of children are; of any other shard     |
 * |                | what is put after `firstPromised`                                                                           |
 */

import type { Item } from '../leases/lease.ts'
import { firstAt, type Put, type SimShard } from './kinesis.ts'

/** Where leases begin that are made on an empty table, and, of `AT_TIMESTAMP`, when that is. */
export interface FleetStart {
  readonly from: 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP'
  readonly at: number
}

export interface Promises {
  readonly start: FleetStart
  /** The place in a shard from which on its records are promised; infinite while none is. */
  firstPromised(shard: SimShard): number
  isPromised(shard: SimShard, put: Put): boolean
  /** A worker has made this row of a shard. */
  made(id: string, row: Item): void
  /** A worker takes the lease of a shard that was like this. */
  taken(id: string, row: Item): void
  /** The owner of a shard's lease has got an iterator at the newest record, which is at this place. */
  pointed(id: string, place: number): void
}

const LATEST = 'LATEST'
const NONE = Number.POSITIVE_INFINITY

export function createPromises(start: FleetStart, now: () => number): Promises {
  /** At `LATEST`, of shards that have had a lease. */
  const places = new Map<string, number>()
  /** Of these the lease is at the newest record, and names none that was read. */
  const newest = new Set<string>()
  let firstMadeAt = NONE

  /**
   * At `LATEST`: the place of the last iterator with which the owner of the lease began. A lease whose owner has had no answer to a read begins anew with the next
   * one: what is put between the two is passed over, as KCL does.
   */
  function firstPromised({ id, openedAt }: SimShard): number {
    if (start.from !== LATEST) return 0
    // Of a shard that was there before the first lease nothing is promised until it has one.
    return places.get(id) ?? (openedAt > firstMadeAt ? 0 : NONE)
  }

  function begun(id: string, { checkpoint, spaceshipFirst }: Item): void {
    newest.delete(id)
    if (checkpoint?.S !== LATEST) places.set(id, places.get(id) ?? 0)
    else if (spaceshipFirst === undefined) {
      newest.add(id)
      places.set(id, NONE)
    }
  }

  return {
    start,
    firstPromised,
    isPromised: (shard, put) => {
      if (start.from === 'AT_TIMESTAMP' && put.at < start.at) return false
      return firstAt(shard.puts, put.sequence) >= Math.max(shard.horizon, firstPromised(shard))
    },
    made: (id, row) => {
      firstMadeAt = Math.min(firstMadeAt, now())
      begun(id, row)
    },
    taken: begun,
    pointed: (id, place) => {
      // Each time: one that expires before its first read is answered is followed by one at a later place.
      if (newest.has(id)) places.set(id, place)
    },
  }
}
