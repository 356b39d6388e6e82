/**
 * Owns the way of pages into lanes: aggregates are opened when a page comes, records are looked at when it is nearly their turn,
 * one after the other, so that lanes fill in stream order even if a schema is asynchronous. Never runs a task.
 *
 * ```
 *  push ─ aggregates ─> ledger ─ journal read once ─ places are near ─┬─ match ─> tasks ─> lanes
 *                                                                     └─ suspect: all before it ended, charged ─ match ─> …
 * ```
 */

import { comparePositions, deaggregate, type Position, type StreamRecord } from '../wire/index.ts'
import { GRACE } from './attempt/index.ts'
import type { Settings } from './configuration.ts'
import { dead, match, type Place, type Work } from './match/index.ts'
import type { Lanes, Quiet } from './order/index.ts'
import { unrouted } from './plan.ts'
import {
  createSuspects,
  isSuspicious,
  type Journal,
  type Journals,
  type Ledger,
  NOTHING_KNOWN,
  readJournal,
} from './progress/index.ts'
import type { Hold, Source } from './seam.ts'
import { type Entry, Task } from './task.ts'
import type { Telling } from './telling.ts'
import { describe } from './verdict.ts'

export interface Intake {
  /** Resolves when the page is in its lanes, or waits for places: then more may be pushed. Rejects if it cannot be taken. */
  push(page: readonly StreamRecord[]): Promise<void>
  /** Resolves when all that was pushed is in its lanes; rejects if a page could not be taken: later ones must not pass it. */
  taken(): Promise<unknown>
  /** Gives a record more tasks. */
  spread(entry: Entry, works: readonly Work[]): void
  /** Of the delivery before; undefined until it was read. */
  readonly journal: Journal | undefined
  /** What the journal's item holds, if its batch was opened before without an outcome, or is suspected since. */
  readonly reopened: Reopened | undefined
  /** Says that no record of this delivery killed its process. */
  absolve(): Promise<void>
}

interface Reopened {
  readonly first: Position
  readonly journal: string | undefined
  readonly crashes: number
}

export interface Taking {
  readonly settings: Settings
  readonly place: Place
  readonly source: Source
  readonly hold: Hold
  readonly journals: Journals | undefined
  readonly ledger: Ledger
  readonly lanes: Lanes
  readonly quiet: Quiet
  readonly telling: Telling
  readonly stopped: AbortSignal
  readonly mayStart: () => boolean
}

/** Records that are taken in before timers and sockets get their turn. */
const AT_ONCE = 256

export function createIntake(taking: Taking): Intake {
  const { settings, place, source, hold, journals, ledger, lanes, quiet, telling, stopped, mayStart } = taking
  const suspects = createSuspects(settings, source)
  let journal: Journal | undefined = journals === undefined ? readJournal(hold.journal) : undefined
  let reopened: Reopened | undefined
  /** So many records are still run one at a time. */
  let suspicious = isSuspicious(hold.crashes) ? settings.maxAhead.records : 0
  /** What was pushed waits for places; more may be pushed, within the bounds. */
  let sated = false
  let order: Promise<unknown> = Promise.resolve()
  let leave = () => {}
  stopped.addEventListener('abort', () => leave())

  /** The page's records, those of aggregates apart: they are on the way from here on, before anyone looks at them. */
  function receive(page: readonly StreamRecord[]): readonly Entry[] {
    const entries: Entry[] = []
    const at = settings.clock.now()
    for (const whole of page) {
      const readable = whole.data.length <= settings.maxRecordBytes
      for (const record of (readable && deaggregate(whole, source.hashRange)) || [whole])
        if (hold.after === undefined || comparePositions(record, hold.after) > 0)
          entries.push(ledger.add(record, at))
    }
    return entries
  }

  /** @param enough called when the rest of the page has to wait for its turn */
  async function take(entries: readonly Entry[], enough: () => void): Promise<void> {
    const [first] = entries
    if (first === undefined || stopped.aborted) return
    if (journal === undefined) await unlessStopped(openJournal(first.record))
    let taken = 0
    for (const entry of entries) {
      if (++taken % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve))
      const hungry = lanes.hungry()
      if (hungry !== undefined) {
        enough()
        sated = true
        await hungry
        sated = false
      }
      if (stopped.aborted) return
      // Awaited only where a schema needs it: an await per record would cost more than the rest.
      const matching = takeOne(entry)
      if (matching !== undefined) await unlessStopped(matching)
    }
  }

  /** A store may be slow, and a schema may never answer. */
  function unlessStopped(work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      leave = resolve
      work.then(resolve, reject)
    })
  }

  async function openJournal(first: StreamRecord): Promise<void> {
    const opened = await journals?.open(first)
    journal = readJournal(opened?.journal)
    if (opened !== undefined && opened.crashes > 0) reopened = { first, ...opened }
    // However far it came: of what was done before it died nothing was kept.
    if (isSuspicious(opened?.crashes)) suspicious = Number.POSITIVE_INFINITY
  }

  function takeOne(entry: Entry): Promise<void> | undefined {
    const works = suspicious > 0 ? alone(entry) : match(entry.record, place, settings)
    if (works instanceof Promise) return works.then((settled) => enter(entry, settled))
    enter(entry, works)
  }

  /** Runs a record when all before it have ended, charged ahead of a look at its bytes. Undefined if that is not to be. */
  async function alone(entry: Entry): Promise<readonly Work[] | undefined> {
    suspicious -= 1
    await quiet.drained()
    while (!stopped.aborted) {
      // It may be held again in a moment, and what comes after it must not pass it.
      if (!mayStart()) {
        await settings.clock.sleep(GRACE, stopped)
        continue
      }
      try {
        if (await suspects.charge(entry.record)) return match(entry.record, place, settings)
        return [dead(unrouted, 'crashed', 'processes that ran it died')]
      } catch (error) {
        settings.logger.warn('the state store failed: waiting', { ...place, error: describe(error) })
        await settings.clock.sleep(GRACE, stopped)
      }
    }
    return undefined
  }

  /** @param works undefined if the record is to stay unfinished */
  function enter(entry: Entry, works: readonly Work[] | undefined): void {
    if (works === undefined) return
    if (works.length === 0) telling.unwanted(entry)
    addTasks(entry, works)
    ledger.seal(entry)
    start(entry.first)
  }

  function start(first: Task | undefined): void {
    for (let task = first; task !== undefined; task = task.sibling) {
      if (task.done) continue
      telling.taken(task)
      lanes.add(task)
    }
  }

  /** Links tasks behind those that the record has. @returns the first new one */
  function addTasks(entry: Entry, works: readonly Work[]): Task | undefined {
    let last = entry.first
    while (last?.sibling !== undefined) last = last.sibling
    let added: Task | undefined
    for (const { plan, lane, subject } of works) {
      const past = journal?.recall(entry.record, plan.keys) ?? NOTHING_KNOWN
      const task = new Task(entry, plan, lane, subject, past)
      if (last === undefined) entry.first = task
      else last.sibling = task
      added ??= task
      last = task
    }
    return added
  }

  return {
    push: (page) => {
      const entries = receive(page)
      return new Promise<void>((resolve, reject) => {
        order = order.then(() => take(entries, resolve))
        order.then(() => resolve(), reject)
        if (sated) resolve()
      })
    },
    taken: () => order,
    spread: (entry, works) => {
      const first = addTasks(entry, works)
      // Counted before any of them runs: a handler may end at once.
      for (let task = first; task !== undefined; task = task.sibling) if (!task.done) entry.open += 1
      start(first)
    },
    get journal() {
      return journal
    },
    get reopened() {
      return reopened
    },
    absolve: suspects.absolve,
  }
}
