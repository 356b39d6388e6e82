/**
 * Owns what is believed of the rows of a stream only when it was seen three times running, as in KCL: a row may have been made or ended while the table was
 * read, and a list of shards may be a little old.
 *
 * | seen                                                     | then                                                                 |
 * |----------------------------------------------------------|----------------------------------------------------------------------|
 * | a part of the stream that no lease covers                | told, once                                                           |
 * | an open shard whose lease is at its shard's end, or waits | told; the row is of a stream that was deleted and made again, and is |
 * | for a shard that is none of its parents, where a row does | made anew                                                            |
 * | not say of which stream it is (single-stream)            |                                                                      |
 */

import type { Log } from '@spaceship/core/log'
import { type Hole, type Lease, SHARD_END, SINGLE_STREAM } from './leases/index.ts'
import type { Shard } from './shards/index.ts'

const CONFIDENT = 3

export interface Reborn {
  readonly lease: Lease
  readonly shard: Shard
}

export class Audit {
  readonly #logger: Log
  /** By the stream's name: what was seen at the last look, and how often running. */
  readonly #seen = new Map<string, { readonly what: string; readonly times: number }>()

  constructor(logger: Log) {
    this.#logger = logger
  }

  hole(stream: string, hole: Hole | undefined): void {
    const times = this.#times(`${stream} hole`, hole && `${hole.start}-${hole.end}`)
    if (hole === undefined || times !== CONFIDENT) return
    this.#logger.error('no lease covers a part of a stream: nobody reads its records', {
      stream,
      details: {
        ...hole,
        advice:
          'delete the rows of the stream that nobody needs, so that they are made again; or tell us what led here',
      },
    })
  }

  /** @returns the shards whose leases are to be made anew, with those that they have */
  reborn(stream: string, leases: readonly Lease[], shards: readonly Shard[]): readonly Reborn[] {
    const known = new Map(shards.map((shard) => [shard.id, shard]))
    const reborn = leases.flatMap((lease) => {
      const shard = known.get(lease.shard)
      if (lease.stream !== SINGLE_STREAM || shard?.open !== true) return []
      // It would wait for that one until it ends, and longer.
      const isAstray = lease.parents.some((id) => known.has(id) && !shard.parents.includes(id))
      return isAstray || lease.checkpoint.sequence === SHARD_END ? { lease, shard } : []
    })
    const names = reborn.map(({ shard }) => shard.id)
    const times = this.#times(`${stream} reborn`, names.length === 0 ? undefined : names.join())
    if (times < CONFIDENT) return []
    this.#logger.error(
      'a stream was deleted and made again: shards that had ended, or that followed on others, are open, and are read from their oldest record',
      { stream, details: { shards: names } },
    )
    return reborn
  }

  /** @returns for how many looks running the same was seen; 0 for nothing */
  #times(key: string, what: string | undefined): number {
    const seen = this.#seen.get(key)
    this.#seen.delete(key)
    if (what === undefined) return 0
    const times = seen?.what === what ? seen.times + 1 : 1
    this.#seen.set(key, { what, times })
    return times
  }
}
