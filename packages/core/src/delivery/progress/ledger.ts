/**
 * Owns what is on the way: every record that was pushed and is not yet below the watermark, in stream order. Never decides
 * how a record ends.
 *
 * ```
 *            watermark                 highest
 *  done done |  open  done  done  open |  (not pushed yet)
 *            └── entries ─────────────┘
 *               first ─ next ─ next ─ last
 * ```
 *
 * A chain and no array: an array that is outgrown stays in the collector's old space with all that it held.
 */

import type { Position, StreamRecord } from '../../wire/index.ts'
import { Entry, type Task } from '../task.ts'
import type { Budget } from './budget.ts'

export interface Ledger {
  /** @param at when it was pushed, in milliseconds since 1970 */
  add(record: StreamRecord, at: number): Entry
  /** Says that all tasks of the entry are known. Until then it is open, whatever its tasks say. */
  seal(entry: Entry): void
  finish(task: Task): void
  readonly watermark: Position | undefined
  /** No entry is above the watermark. */
  readonly empty: boolean
  /** Entries above the watermark, in stream order. */
  entries(): Generator<Entry>
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
  let first: Entry | undefined
  let last: Entry | undefined
  let count = 0
  let bytes = 0
  let watermark: Position | undefined
  let lastTaken: Position | undefined
  let closed = false
  const waiting = new Set<() => void>()

  function advance(): void {
    let freed = 0
    let done: Entry | undefined
    for (let entry = first; entry !== undefined && entry.open === 0; entry = first) {
      done = entry
      freed += entry.record.data.length
      first = entry.next
      // Whoever still holds this one must not hold all that came after it.
      entry.next = undefined
      count -= 1
    }
    if (done !== undefined) watermark = positionOf(done)
    if (first === undefined) last = undefined
    if (freed > 0) hold(-freed)
    if (waiting.size > 0) for (const check of waiting) check()
  }

  function* entries(): Generator<Entry> {
    for (let entry = first; entry !== undefined; entry = entry.next) yield entry
  }

  function hold(more: number): void {
    if (closed) return
    bytes += more
    budget.add(more)
  }

  function settle(entry: Entry): void {
    entry.open -= 1
    if (entry.open === 0 && first === entry) advance()
  }

  function hasRoom(): boolean {
    if (closed || first === undefined) return true
    return count <= records && !budget.full && now() - opened - first.at <= age
  }

  return {
    add: (record, at) => {
      const entry = new Entry(record, Math.floor(at - opened))
      if (last === undefined) first = entry
      else last.next = entry
      last = entry
      count += 1
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
    get empty() {
      return first === undefined
    },
    entries,
    get lastTaken() {
      return lastTaken
    },
    unfinished: () => [...entries()].filter(({ open }) => open > 0).map(positionOf),
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
