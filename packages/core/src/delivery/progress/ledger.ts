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

import type { Position, StreamRecord } from '../../wire/index.ts'
import type { Entry, Task } from '../task.ts'
import type { Budget } from './budget.ts'

export interface Ledger {
  /** @param at when it was pushed, in milliseconds since 1970 */
  add(record: StreamRecord, at: number): Entry
  /** Says that all tasks of the entry are known. Until then it is open, whatever its tasks say. */
  seal(entry: Entry): void
  finish(task: Task): void
  readonly watermark: Position | undefined
  /** Entries above the watermark, in stream order. */
  readonly entries: readonly Entry[]
  /** The last record whose tasks are known; those that were pushed after it are raw. */
  readonly lastTaken: Position | undefined
  unfinished(): Position[]
  /** Resolves once no more than this is on the way, or at once when the ledger is closed. */
  room(): Promise<void>
  close(): void
}

export interface Bounds {
  /** For this ledger. */
  readonly records: number
  /** Milliseconds that the oldest unfinished record may have been on the way while others are taken in. */
  readonly age: number
  /** For all ledgers of the process; one that holds nothing always has room, so that none starves. */
  readonly budget: Budget
}

export function createLedger({ records, age, budget }: Bounds, now: () => number): Ledger {
  const opened = now()
  let entries: (Entry | undefined)[] = []
  let head = 0
  let bytes = 0
  let watermark: Position | undefined
  let lastTaken: Position | undefined
  let closed = false
  const waiting = new Set<() => void>()

  function advance(): void {
    let freed = 0
    let last: Entry | undefined
    for (let entry = entries[head]; entry !== undefined && entry.open === 0; entry = entries[head]) {
      last = entry
      freed += entry.record.data.length
      // Let go at once: what dies young costs the collector least.
      entries[head] = undefined
      head += 1
    }
    if (last !== undefined) watermark = positionOf(last)
    // Dropping the front now and then keeps an advance at constant cost.
    if (head > 1_024 && head * 2 > entries.length) {
      entries = entries.slice(head)
      head = 0
    }
    if (freed > 0) hold(-freed)
    if (waiting.size > 0) for (const check of waiting) check()
  }

  function ahead(): Entry[] {
    return entries.slice(head).filter((entry) => entry !== undefined)
  }

  function hold(more: number): void {
    if (closed) return
    bytes += more
    budget.add(more)
  }

  function settle(entry: Entry): void {
    entry.open -= 1
    if (entry.open === 0 && entries[head] === entry) advance()
  }

  function hasRoom(): boolean {
    const oldest = entries[head]
    if (closed || oldest === undefined) return true
    return entries.length - head <= records && !budget.full && now() - opened - oldest.at <= age
  }

  return {
    add: (record, at) => {
      const entry: Entry = {
        record,
        at: Math.floor(at - opened),
        first: undefined,
        open: 1,
        letter: undefined,
      }
      entries.push(entry)
      hold(record.data.length)
      return entry
    },
    seal: (entry) => {
      lastTaken = entry.record
      for (let task = entry.first; task !== undefined; task = task.sibling) if (!task.done) entry.open += 1
      settle(entry)
    },
    finish: (task) => {
      if (task.done) return
      task.done = true
      // What was decoded is many times its bytes, and an entry may wait long for those before it.
      task.subject = undefined
      settle(task.entry)
    },
    get watermark() {
      return watermark
    },
    get entries() {
      return ahead()
    },
    get lastTaken() {
      return lastTaken
    },
    unfinished: () =>
      ahead()
        .filter((entry) => entry.open > 0)
        .map(positionOf),
    room: () => {
      if (hasRoom()) return Promise.resolve()
      return new Promise((resolve) => {
        const stop = budget.freed(check)
        waiting.add(check)
        function check() {
          if (!hasRoom()) return
          waiting.delete(check)
          stop()
          resolve()
        }
      })
    },
    close: () => {
      // What another owner will hold is no longer ours to count.
      hold(-bytes)
      closed = true
      for (const check of [...waiting]) check()
    },
  }
}

export function positionOf({ record }: Entry): Position {
  return { sequence: record.sequence, subSequence: record.subSequence }
}
