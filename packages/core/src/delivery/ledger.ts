/**
 * Owns what is on the way: every record that was pushed and is not yet below the watermark, in stream order. Never decides
 * how a record ends.
 *
 * ```
 *            watermark                 highest
 *  done done |  open  done  done  open |  (not pushed yet)
 *            └── entries ─────────────┘
 * ```
 */

import type { Position, StreamRecord } from '../wire/index.ts'

/** One route's share of a record, and how far it is. */
export interface Share {
  /** `reactor/route`, or '' for a record that reached no route. */
  readonly key: string
  attempts: number
  /** Not to be tried before this moment, in milliseconds since 1970. */
  notBefore: number
  done: boolean
}

export interface Entry {
  readonly record: StreamRecord
  readonly shares: Share[]
  open: number
}

export interface Ledger {
  add(record: StreamRecord): Entry
  /** Says that all shares of the entry are known. Until then it is open, whatever its shares say. */
  seal(entry: Entry): void
  finish(entry: Entry, share: Share): void
  readonly watermark: Position | undefined
  /** Entries above the watermark, in stream order. */
  readonly entries: readonly Entry[]
  readonly lastPushed: Position | undefined
  unfinished(): Position[]
  /** Resolves once no more than this much is on the way, or at once when the ledger is closed. */
  room(bounds: { readonly records: number; readonly bytes: number }): Promise<void>
  close(): void
}

export function createLedger(): Ledger {
  let entries: Entry[] = []
  let head = 0
  let bytes = 0
  let watermark: Position | undefined
  let lastPushed: Position | undefined
  let closed = false
  const waiting = new Set<() => void>()

  function advance(): void {
    for (let entry = entries[head]; entry !== undefined && entry.open === 0; entry = entries[head]) {
      watermark = positionOf(entry)
      bytes -= entry.record.data.length
      head += 1
    }
    // Dropping the front now and then keeps an advance at constant cost.
    if (head > 1_024 && head * 2 > entries.length) {
      entries = entries.slice(head)
      head = 0
    }
    for (const check of waiting) check()
  }

  function settle(entry: Entry): void {
    entry.open -= 1
    if (entry.open === 0) advance()
  }

  return {
    add: (record) => {
      const entry: Entry = { record, shares: [], open: 1 }
      entries.push(entry)
      bytes += record.data.length
      lastPushed = positionOf(entry)
      return entry
    },
    seal: (entry) => {
      entry.open += entry.shares.filter((share) => !share.done).length
      settle(entry)
    },
    finish: (entry, share) => {
      if (share.done) return
      share.done = true
      settle(entry)
    },
    get watermark() {
      return watermark
    },
    get entries() {
      return entries.slice(head)
    },
    get lastPushed() {
      return lastPushed
    },
    unfinished: () =>
      entries
        .slice(head)
        .filter((entry) => entry.open > 0)
        .map(positionOf),
    room: (bounds) =>
      new Promise((resolve) => {
        const check = () => {
          if (!closed && (entries.length - head > bounds.records || bytes > bounds.bytes)) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    close: () => {
      closed = true
      for (const check of waiting) check()
    },
  }
}

export function positionOf({ record }: Entry): Position {
  return { sequence: record.sequence, subSequence: record.subSequence }
}
