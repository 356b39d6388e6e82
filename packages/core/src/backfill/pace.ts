/**
 * Owns how fast a table is read: by the capacity that its pages have taken, whatever the size of its items. A page reserves what it will
 * probably take, so that segments which read at the same time stay within the rate together; what it took is counted in its place.
 */

import type { Clock } from '../ports/index.ts'

export interface Pace {
  /** Resolves when the next page may be read, or at once if the signal is aborted. */
  turn(signal: AbortSignal): Promise<Turn>
}

/** A page's leave to be read. */
export interface Turn {
  /** How many items it may look at, so that it takes about a second's worth. */
  readonly limit: number
  /** It was read. */
  took(units: number, items: number): void
}

/** Items of a page: none holds more than a record's worth of work that a death would repeat. */
const LIMIT = { first: 100, most: 1_000 }

/** @param perSecond units; undefined: as fast as the reactor takes them */
export function createPace(perSecond: number | undefined, clock: Pick<Clock, 'monotonic' | 'sleep'>): Pace {
  let free = clock.monotonic()
  let limit = LIMIT.first
  /** Units of an item, as the last page had them. */
  let each: number | undefined

  function book(units: number): void {
    if (perSecond !== undefined) free += (units / perSecond) * 1_000
  }

  return {
    turn: async (signal) => {
      for (;;) {
        const left = free - clock.monotonic()
        if (left <= 0 || signal.aborted) break
        await clock.sleep(left, signal)
      }
      free = Math.max(free, clock.monotonic())
      // Nobody knows the items before the first page: it may take a second's worth.
      const reserved = each === undefined ? (perSecond ?? 0) : limit * each
      book(reserved)
      return {
        limit,
        took: (units, items) => {
          book(units - reserved)
          each = units / Math.max(1, items)
          const most = Math.min(LIMIT.most, limit * 2)
          limit =
            perSecond === undefined
              ? most
              : Math.max(1, Math.min(most, Math.floor(perSecond / Math.max(each, 0.01))))
        },
      }
    },
  }
}
