/** Owns how fast a table is read: by the capacity that its pages have taken, whatever the size of its items. */

import type { Clock } from '../ports/index.ts'

export interface Pace {
  /** How many items the next page may look at, so that it takes about a second's worth. */
  readonly limit: number
  /** Resolves when the next page may be read. */
  turn(signal: AbortSignal): Promise<void>
  /** A page was read. */
  took(units: number, items: number): void
}

/** Items of a page: none holds more than a record's worth of work that a death would repeat. */
const LIMIT = { first: 100, most: 1_000 }

/** @param perSecond units; undefined: as fast as the reactor takes them */
export function createPace(perSecond: number | undefined, clock: Pick<Clock, 'monotonic' | 'sleep'>): Pace {
  let free = clock.monotonic()
  let limit = LIMIT.first
  return {
    get limit() {
      return limit
    },
    turn: async (signal) => {
      for (;;) {
        const left = free - clock.monotonic()
        if (left <= 0 || signal.aborted) return
        await clock.sleep(left, signal)
      }
    },
    took: (units, items) => {
      const now = clock.monotonic()
      if (perSecond === undefined) {
        limit = Math.min(LIMIT.most, limit * 2)
        return
      }
      free = Math.max(free, now) + (units / perSecond) * 1_000
      const each = units / Math.max(1, items)
      limit = Math.max(1, Math.min(LIMIT.most, limit * 2, Math.floor(perSecond / Math.max(each, 0.01))))
    },
  }
}
