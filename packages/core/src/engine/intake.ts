/**
 * Owns the way of pages into lanes: records are looked at when it is nearly their turn, one after the other, so that lanes fill in
 * stream order even if a schema is asynchronous. An aggregate is unpacked when its turn comes, as far as there is room. Never runs a task.
 *
 * ```
 *  push ─ received ─ journal read once ─ places are near ─ unpacked, room ─┬─ match ─> ledger, tasks ─> lanes
 *                                                                          └─ suspect: all before it ended, charged ─ match ─> …
 * ```
 */

import { errorFields } from '../log/index.ts'
import {
  comparePositions,
  compareSequences,
  deaggregate,
  type Position,
  type StreamRecord,
  type UserRecord,
} from '../wire/index.ts'
import { refusedShare, type Share } from './content.ts'
import { type Journal, NOTHING_KNOWN, readJournal } from './journal.ts'
import type { Lanes } from './lanes.ts'
import type { Ledger } from './ledger.ts'
import { unrouted } from './plan.ts'
import type { Reporter } from './reporter.ts'
import type { Scope } from './scope.ts'
import type { Hold, Reason, Source } from './seam.ts'
import type { Place } from './settings.ts'
import type { SuffixJournal } from './suffix-journal.ts'
import { isSuspicious, type Suspects } from './suspects.ts'
import { type Entry, Task } from './task.ts'
import { placeFields, positionField } from './telling.ts'
import { NEVER, onAbort } from './within.ts'

/** What the journal's item holds, if its position was opened before without an outcome, or is suspected since. */
export interface Reopened {
  readonly first: Position
  readonly journal: string | undefined
  readonly suspicious: boolean
}

export interface IntakeWork {
  readonly scope: Scope
  readonly source: Source
  readonly hold: Hold
  readonly journal: SuffixJournal | undefined
  readonly suspects: Suspects
  readonly ledger: Ledger
  readonly lanes: Lanes
  readonly reporter: Reporter
}

/** Records that are taken in before timers and sockets get their turn. */
const AT_ONCE = 256

/** How long the intake waits for a state store that fails, or for a shard that is not held at the moment. */
const AGAIN = 1_000

export class Intake {
  readonly #work: IntakeWork
  readonly #place: Place
  readonly #waiting = new Backlog()
  #journal: Journal | undefined
  #reopened: Reopened | undefined
  /** Records that are still run one at a time, if their owners died by the lease's count. */
  #suspected: number
  /** However far the dead came: of what was done before they died nothing was kept. */
  #suspectsAll = false
  #order: Promise<unknown> = Promise.resolve()
  /** What was pushed waits for places; more may be pushed, within the bounds. */
  #sated = false
  /** The next record is run when all before it have ended. */
  #isNextAlone = false
  /** The next record is one of an aggregate. */
  #unpacking = false
  /** Told when the intake has to wait for places. */
  readonly #stalled = new Set<() => void>()
  /** A suspect record cannot be charged: the store fails. */
  #uncharged = false
  #taken = 0
  #leave: (() => void) | undefined

  constructor(work: IntakeWork) {
    const { scope, hold, journal } = work
    this.#work = work
    this.#place = scope.place
    this.#journal = journal === undefined ? readJournal(hold.journal) : undefined
    this.#suspected = hold.charges ? NEVER : 0
    if (isSuspicious(hold.crashes)) {
      this.#suspected = scope.settings.maxAhead.records
      this.#tellOfDeaths(hold.crashes)
    }
    onAbort(scope.stopped, () => void this.#leave?.())
  }

  /** Of the delivery before; undefined until it was read. */
  get journal(): Journal | undefined {
    return this.#journal
  }

  get reopened(): Reopened | undefined {
    return this.#reopened
  }

  /** What a record waits for whose tasks are not known yet. */
  get waitsFor(): Reason {
    return this.#uncharged ? 'unavailable' : 'unnamed'
  }

  /** Records that were received and whose turn has not come, in stream order. */
  get waiting(): readonly Position[] {
    return this.#waiting.rest()
  }

  /**
   * Resolves when nothing more is taken before a task ends: all that was pushed is in its lanes, or waits for places. Rejects if a page
   * could not be taken: later ones must not pass it.
   */
  stalled(): Promise<unknown> {
    if (this.isStalled) return Promise.resolve()
    return new Promise<void>((resolve, reject) => {
      this.#stalled.add(resolve)
      // One who asks again and again must not be kept each time. Never rejects: both ends are handled.
      this.#order.then(() => resolve(), reject).finally(() => this.#stalled.delete(resolve))
    })
  }

  /** Whether records wait for places, and there are none; or for all before them to end. */
  get isStalled(): boolean {
    return this.#isNextAlone ? !this.#work.scope.activity.isDrained : this.#sated && this.#isBlocked()
  }

  /** Whether records wait for their turn. */
  get isEmpty(): boolean {
    return this.#waiting.first === undefined
  }

  /** Resolves when the page is in its lanes, or waits for places: then more may be pushed. Rejects if it cannot be taken. */
  push(page: readonly StreamRecord[]): Promise<void> {
    const { hold, ledger } = this.#work
    const at = this.#work.scope.now()
    let count = 0
    for (const record of page) {
      // Of the record that was checkpointed in its midst, the rest is looked for when its turn has come.
      if (hold.after !== undefined && compareSequences(record.sequence, hold.after.sequence) < 0) continue
      ledger.receive(record)
      this.#waiting.add(record)
      count += 1
    }
    return new Promise<void>((resolve, reject) => {
      this.#order = this.#order.then(() => this.#take(count, at, resolve))
      this.#order.then(() => resolve(), reject)
      if (this.#sated) resolve()
    })
  }

  /** Gives a record more tasks. */
  spread(entry: Entry, shares: readonly Share[]): void {
    const first = this.#addTasks(entry, shares)
    this.#work.ledger.spread(entry, first)
    this.#begin(first)
  }

  /** @param enough called when the rest of the page has to wait for its turn */
  async #take(count: number, at: number, enough: () => void): Promise<void> {
    const { scope, ledger, lanes, source } = this.#work
    const { stopped, settings } = scope
    const { after } = this.#work.hold
    const first = this.#waiting.first
    if (first === undefined || count === 0 || stopped.aborted) return
    if (this.#journal === undefined) await this.#unlessStopped(this.#openJournal(first))
    for (let left = count; left > 0 && !stopped.aborted; left -= 1) {
      const whole = this.#waiting.first
      if (whole === undefined) return
      const isTooLarge = whole.data.length > settings.maxRecordBytes
      // Of an aggregate that was begun, and is too large for this owner, the rest is refused as a whole.
      const refused =
        after?.sequence === whole.sequence && after.subSequence > 0
          ? { ...whole, subSequence: after.subSequence + 1 }
          : whole
      for (const record of isTooLarge ? [refused] : (deaggregate(whole, source.hashRange) ?? [whole])) {
        if (after !== undefined && comparePositions(record, after) <= 0) continue
        if (++this.#taken % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve))
        this.#unpacking = record !== whole
        while (this.#isBlocked()) {
          enough()
          await this.#sate(lanes.full ? lanes.hungry() : ledger.roomForPart())
        }
        if (stopped.aborted) return
        const entry = ledger.add(record, at)
        const isSuspect = this.#suspectsAll || this.#suspected > 0
        const shares = isSuspect ? this.#alone(entry) : scope.match(record)
        // Awaited only where a schema needs it: an await per record would cost more than the rest.
        if (shares instanceof Promise)
          await this.#unlessStopped(shares.then((settled) => this.#enter(entry, settled)))
        else this.#enter(entry, shares)
      }
      this.#waiting.shift()
      ledger.unpack(whole)
    }
  }

  /** Whether the next record has to wait for others to end. */
  #isBlocked(): boolean {
    const { scope, lanes, ledger } = this.#work
    return !scope.stopped.aborted && (lanes.full || (this.#unpacking && !ledger.hasRoomForPart()))
  }

  async #sate(wait: Promise<void>): Promise<void> {
    this.#sated = true
    this.#tellStalled()
    await this.#unlessStopped(wait)
    this.#sated = false
  }

  #tellStalled(): void {
    for (const told of this.#stalled) told()
    this.#stalled.clear()
  }

  /** A store may be slow, and a schema may never answer. */
  #unlessStopped(work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#leave = resolve
      work.then(resolve, reject)
    })
  }

  async #openJournal(first: StreamRecord): Promise<void> {
    const opened = await this.#work.journal?.open(first)
    this.#journal = readJournal(opened?.journal)
    if (opened === undefined || opened.crashes === 0) return
    this.#suspectsAll = isSuspicious(opened.crashes)
    if (this.#suspectsAll) this.#tellOfDeaths(opened.crashes)
    this.#reopened = { first, journal: opened.journal, suspicious: this.#suspectsAll }
  }

  /** Whoever sees how slow the shard is must find the reason, which is not in the lines of those that died. */
  #tellOfDeaths(deaths = 0): void {
    this.#work.scope.settings.logger.warn(
      'suspect mode: owners of this shard died, so its records run one at a time',
      { ...placeFields(this.#place), details: { deaths } },
    )
  }

  /** Runs a record when all before it have ended, charged ahead of a look at its bytes. Undefined if that is not to be. */
  async #alone(entry: Entry): Promise<readonly Share[] | undefined> {
    const { scope, suspects } = this.#work
    const { settings, activity, stopped } = scope
    this.#suspected -= 1
    this.#isNextAlone = true
    this.#tellStalled()
    await activity.drained()
    this.#isNextAlone = false
    let isTold = false
    while (!stopped.aborted) {
      // It may be held again in a moment, and what comes after it must not pass it.
      if (!scope.mayStart()) {
        await settings.clock.sleep(AGAIN, stopped)
        continue
      }
      try {
        // A store that has failed and then never answers is no outage.
        this.#uncharged = false
        if (await suspects.charge(entry.record)) return scope.match(entry.record)
        return [refusedShare(unrouted, 'crashed', 'processes that ran it died')]
      } catch (error) {
        if (!isTold)
          settings.logger.warn('a suspect record waits for the state store', {
            ...placeFields(this.#place),
            position: positionField(entry.record),
            dependency: 'state',
            error: errorFields(error),
          })
        isTold = true
        this.#uncharged = true
        await settings.clock.sleep(AGAIN, stopped)
      }
    }
    return undefined
  }

  /** @param shares undefined if the record is to stay unfinished */
  #enter(entry: Entry, shares: readonly Share[] | undefined): void {
    if (shares === undefined) return
    const { ledger, reporter } = this.#work
    if (shares.length === 0) reporter.unwanted(entry)
    this.#addTasks(entry, shares)
    ledger.seal(entry)
    this.#begin(entry.first)
  }

  /** Hands a task and its siblings to their lanes. */
  #begin(first: Task | undefined): void {
    for (let task = first; task !== undefined; task = task.sibling) {
      if (task.done) continue
      this.#work.reporter.taken(task)
      this.#work.lanes.add(task)
    }
  }

  /** Links tasks behind those that the record has. @returns the first new one */
  #addTasks(entry: Entry, shares: readonly Share[]): Task | undefined {
    let last = entry.first
    while (last?.sibling !== undefined) last = last.sibling
    let added: Task | undefined
    for (const { plan, lane, content } of shares) {
      const past = this.#journal?.recall(entry.record, plan.keys) ?? NOTHING_KNOWN
      const task = new Task(entry, plan, lane, content, past)
      if (last === undefined) entry.first = task
      else last.sibling = task
      added ??= task
      last = task
    }
    return added
  }
}

/** Records in a row, of which those in front are taken away. */
class Backlog {
  #records: UserRecord[] = []
  #head = 0

  get first(): UserRecord | undefined {
    return this.#records[this.#head]
  }

  add(record: UserRecord): void {
    this.#records.push(record)
  }

  /** Half of the row is thrown away at once, so that a record costs the same in a long row as in a short one. */
  shift(): void {
    this.#head += 1
    if (this.#head < this.#records.length && (this.#head < 1_024 || this.#head * 2 < this.#records.length))
      return
    this.#records = this.#records.slice(this.#head)
    this.#head = 0
  }

  rest(): readonly UserRecord[] {
    return this.#records.slice(this.#head)
  }
}
