/**
 * Owns what is on the way: every record that was taken and is not yet below the watermark, in stream order. Never decides how a record
 * ends.
 *
 * ```
 *            watermark                   top
 *  done done |  open  done  done  open   done  open |  (received, not taken yet)
 *            └── entries, linked by `next` ─────────┘
 * ```
 *
 * A chain and no array: an array that is outgrown stays in the collector's old space with all that it held. What has ended is taken out
 * of the middle of the chain when somebody walks along it, so that a walk costs as much as is open.
 */

import type { Position, UserRecord } from '../wire/index.ts'
import type { Budget } from './budget.ts'
import { changed, type Watchers, when } from './condition.ts'
import { Entry, positionOf, type Task } from './task.ts'

export interface Bounds {
  /** For this ledger. */
  readonly records: number
  /** Milliseconds that the oldest unfinished record may have been on the way while others are taken in. */
  readonly age: number
  /** For all ledgers of the process; one that holds nothing always has room, so that none starves. */
  readonly budget: Budget
}

/** What a record inside an aggregate weighs at the least: of empty ones an aggregate has as many as it has bytes. */
const LEAST_PART = 200

export class Ledger {
  readonly #bounds: Bounds
  /** The clock's `monotonic`. */
  readonly #now: () => number
  readonly #opened: number
  #first: Entry | undefined
  #last: Entry | undefined
  /** Entries above the watermark, and records that were received and are not taken yet. */
  #count = 0
  #received = 0
  #bytes = 0
  #order = 0
  #watermark: Position | undefined
  #lastTaken: Position | undefined
  #top: Entry | undefined
  #changes = 0
  #closed = false
  readonly #watchers: Watchers = new Set()

  constructor(bounds: Bounds, now: () => number) {
    this.#bounds = bounds
    this.#now = now
    this.#opened = now()
  }

  /** The highest position below which everything is done or kept. */
  get watermark(): Position | undefined {
    return this.#watermark
  }

  /** The last record whose tasks are known. */
  get lastTaken(): Position | undefined {
    return this.#lastTaken
  }

  /** The highest record of which a task has ended or was attempted. */
  get top(): Position | undefined {
    return this.#top && positionOf(this.#top)
  }

  /** Grows with each change that a journal shows. */
  get changes(): number {
    return this.#changes
  }

  /** Nothing is above the watermark. */
  get empty(): boolean {
    return this.#first === undefined && this.#received === 0
  }

  /** A record has come, and waits for its turn. */
  receive(record: UserRecord): void {
    this.#received += 1
    this.#hold(record.data.length)
  }

  /** The record's turn has come: its bytes are those of its entries from here on. */
  unpack(record: UserRecord): void {
    this.#received -= 1
    this.#hold(-record.data.length)
  }

  /** @param at when it was pushed, on the clock's `monotonic` */
  add(record: UserRecord, at: number): Entry {
    const entry = new Entry(record, Math.max(0, Math.floor(at - this.#opened)), ++this.#order)
    if (this.#last === undefined) this.#first = entry
    else this.#last.next = entry
    this.#last = entry
    this.#count += 1
    this.#hold(weightOf(entry))
    return entry
  }

  /** Says that all tasks of the entry are known. Until then it is open, whatever its tasks say. */
  seal(entry: Entry): void {
    this.#lastTaken = entry.record
    this.#changes += 1
    for (let task = entry.first; task !== undefined; task = task.sibling)
      if (!task.done) entry.unfinished += 1
    this.#countDown(entry)
  }

  /** The entry gets more tasks: counted before any of them runs, since a handler may end at once. */
  spread(entry: Entry, tasks: Task | undefined): void {
    for (let task = tasks; task !== undefined; task = task.sibling) if (!task.done) entry.unfinished += 1
  }

  finish(task: Task): void {
    if (task.done) return
    task.done = true
    this.touch(task)
    this.#countDown(task.entry)
  }

  /** Of this task something is to be remembered. */
  touch({ entry }: Task): void {
    this.#changes += 1
    if (this.#top === undefined || entry.order > this.#top.order) this.#top = entry
  }

  /** Entries that have not ended, in stream order. */
  *open(): Generator<Entry> {
    let before: Entry | undefined
    for (let entry = this.#first; entry !== undefined; ) {
      const { next } = entry
      if (entry.unfinished > 0) {
        yield entry
        before = entry
      } else if (next !== undefined) {
        // An entry that has ended is counted by the one behind it from here on.
        const { below } = entry
        next.below = {
          position: positionOf(entry),
          records: 1 + (below?.records ?? 0) + (next.below?.records ?? 0),
          bytes: weightOf(entry) + (below?.bytes ?? 0) + (next.below?.bytes ?? 0),
        }
        if (before === undefined) this.#first = next
        else before.next = next
      }
      entry = next
    }
  }

  unfinished(): Position[] {
    return [...this.open()].map(positionOf)
  }

  /** Whether more records may be pushed. */
  hasRoom(): boolean {
    if (this.#closed || this.empty) return true
    const { records, age, budget } = this.#bounds
    const waits = this.#first === undefined ? 0 : this.#now() - this.#opened - this.#first.at
    return this.#count + this.#received <= records && budget.room >= 0 && waits <= age
  }

  /** Resolves once more records may be pushed, or at once when the ledger is closed. */
  room(): Promise<void> {
    return this.#when(() => this.hasRoom())
  }

  /** Whether another record of an aggregate may be taken: there may be more of them than a ledger holds. */
  hasRoomForPart(): boolean {
    if (this.#closed || this.#first === undefined) return true
    return this.#count < this.#bounds.records && this.#bounds.budget.room >= 0
  }

  /** Resolves once another record of an aggregate may be taken, or at once when the ledger is closed. */
  roomForPart(): Promise<void> {
    return this.#when(() => this.hasRoomForPart())
  }

  /** What another owner will hold is no longer ours to count. */
  close(): void {
    this.#hold(-this.#bytes)
    this.#closed = true
    changed(this.#watchers)
  }

  #when(condition: () => boolean): Promise<void> {
    return when(condition, this.#watchers, this.#bounds.budget.watchers)
  }

  #countDown(entry: Entry): void {
    entry.unfinished -= 1
    if (entry.unfinished === 0 && this.#first === entry) this.#advance()
  }

  #advance(): void {
    let freed = 0
    let done: Entry | undefined
    for (let entry = this.#first; entry !== undefined && entry.unfinished === 0; entry = this.#first) {
      done = entry
      freed += weightOf(entry) + (entry.below?.bytes ?? 0)
      this.#count -= 1 + (entry.below?.records ?? 0)
      this.#first = entry.next
      // Whoever still holds this one must not hold all that came after it.
      entry.next = undefined
    }
    if (done !== undefined) this.#watermark = this.#first?.below?.position ?? positionOf(done)
    if (this.#first === undefined) this.#last = undefined
    if (freed > 0) this.#hold(-freed)
    changed(this.#watchers)
  }

  #hold(more: number): void {
    if (this.#closed) return
    this.#bytes += more
    this.#bounds.budget.add(more)
  }
}

function weightOf({ record }: Entry): number {
  return record.subSequence === 0 ? record.data.length : Math.max(record.data.length, LEAST_PART)
}
