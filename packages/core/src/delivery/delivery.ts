/**
 * Owns one delivery: what happens to a shard's records between `push` and what may be acknowledged. It wires the rooms
 * together and decides nothing that one of them decides.
 *
 * ```
 *  push ─ match ─> ledger entry ──┬─ task ─> lane (welcome, acme) ─ gate ─ attempt ─ ending ─┐
 *                                 └─ task ─> lane (index, acme) ── gate ─ attempt ─ ending ──┤
 *                                                                                            ▼
 *  watermark, journal <────────────────────────────────────────────────────────────── ledger.finish
 * ```
 */

import { SpaceshipError } from '../errors.ts'
import { markHandled } from '../reminders/firing.ts'
import {
  comparePositions,
  deaggregate,
  formatPosition,
  type Position,
  type StreamRecord,
} from '../wire/index.ts'
import {
  attempt,
  createBatches,
  createDeadlines,
  fieldsOf,
  GRACE,
  type Surroundings,
} from './attempt/index.ts'
import type { Settings } from './configuration.ts'
import type { Outcome } from './ending/index.ts'
import { createParks } from './ending/index.ts'
import { dead, match, type Place, type Work } from './match/index.ts'
import type { Step } from './observe.ts'
import type { Gate } from './order/index.ts'
import { createLanes, createQuiet } from './order/index.ts'
import { unrouted } from './plan.ts'
import type { Budget } from './progress/index.ts'
import {
  createJournals,
  createLedger,
  createSuspects,
  isSuspicious,
  type Journal,
  readJournal,
} from './progress/index.ts'
import type { Delivery, Hold, Source } from './seam.ts'
import { type Entry, type Task, tasksOf } from './task.ts'
import { describe } from './verdict.ts'

/** How long a delivery with unfinished records is held before a source may redeliver them. */
const THROTTLE = 10_000

/** Records that are taken in before timers and sockets get their turn. */
const AT_ONCE = 256

/** Steps after which the attempt is counted already. */
const COUNTED: ReadonlySet<Step['step']> = new Set([
  'waiting',
  'dead-letter',
  'discarded',
  'parked',
  'halted',
])

export interface Opening {
  readonly settings: Settings
  readonly source: Source
  readonly hold: Hold
  /** Of the process. */
  readonly gate: Gate
  readonly budget: Budget
  /** Told of handlers that pass their deadline, and of those that have not settled when the delivery ends. */
  readonly late: (handler: Promise<unknown>) => void
  readonly orphaned: (handler: Promise<unknown>) => void
}

export async function openDelivery(opening: Opening): Promise<Delivery> {
  const { settings, source, hold, gate, orphaned } = opening
  const { clock, logger, plans, observe } = settings
  const place: Place = { application: settings.application, stream: source.stream, shard: source.shard }
  const routeKeys = plans.routes.map((plan) => plan.key)
  const hardEnd = hold.hardEnd?.getTime() ?? Number.POSITIVE_INFINITY
  const stop = new AbortController()
  const stopped = stop.signal
  const ledger = createLedger({ ...settings.maxAhead, budget: opening.budget }, clock.now)
  const quiet = createQuiet()
  const journals = source.redelivers === 'suffix' ? createJournals(settings, source) : undefined
  const suspects = createSuspects(settings, source)
  const parks = createParks(settings.application, settings.state)
  await parks.load(plans.routes.filter((plan) => plan.whenExhausted === 'park'))
  const ending = new WeakSet<Task>()
  let mixed = false
  let journal: Journal | undefined = journals === undefined ? readJournal(hold.journal) : undefined
  /** So many records are still run one at a time. */
  let suspicious = isSuspicious(hold.crashes) ? settings.maxAhead.records : 0
  /** What was pushed waits for places; more may be pushed, within the bounds. */
  let sated = false
  /** What the journal's item holds, if its batch was opened before without an outcome. */
  let reopened: { readonly first: Position; readonly journal: string | undefined } | undefined
  let revoked = false
  let drainAt = Number.POSITIVE_INFINITY
  // Pages are matched one after the other, so that lanes fill in stream order even if a schema is asynchronous.
  let order: Promise<unknown> = Promise.resolve()
  let leave = () => {}
  stopped.addEventListener('abort', () => leave())

  // Asked for each record: where there is no end the clock is not looked at.
  const before = (moment: number) => moment === Number.POSITIVE_INFINITY || clock.now() < moment
  const isHeld = () => !revoked && before(hardEnd) && (hold.isHeld?.() ?? true)
  const mayStart = () => !stopped.aborted && before(drainAt) && isHeld()
  const deadlines = createDeadlines(clock, stop.signal, (handler) => {
    opening.late(handler)
    logger.error('a handler ignores its signal: its lane waits until it settles', { ...place })
  })
  const around: Surroundings = {
    settings,
    place,
    hardEnd,
    deadlines,
    parks,
    get batches() {
      return batches
    },
    isHeld,
    mayStart,
    stopped: stop.signal,
    started: (task) => observe?.(stepOf('started', task)),
    remembered: async ({ entry, plan }) =>
      (await match(entry.record, place, settings)).find((work) => work.plan === plan)?.subject,
    spread: ({ entry }, works) => {
      const first = addTasks(entry, works)
      // Counted before any of them runs: a handler may end at once.
      for (let task = first; task !== undefined; task = task.sibling) if (!task.done) entry.open += 1
      for (let task = first; task !== undefined; task = task.sibling) if (!task.done) enter(task)
    },
    recordEnded,
  }
  const batches = createBatches(around, gate, quiet)
  const lanes = createLanes({
    settings,
    gate,
    quiet,
    stopped: stop.signal,
    mayStart,
    isOver: () => stopped.aborted || !before(drainAt),
    attempt: (task) => attempt(task, around),
    ended: (task, outcome) => {
      ledger.finish(task)
      if (observe === undefined && outcome.step !== 'skipped') return
      observe?.(stepOf(outcome.step, task, outcome.detail))
      if (outcome.step === 'skipped') logger.debug('skipped', { ...fieldsOf(task), reason: outcome.detail })
    },
    part: (task, { step, detail }) => observe?.(stepOf(step, task, detail)),
    left: (task, halted) => {
      observe?.(stepOf(halted === undefined ? 'abandoned' : 'halted', task, halted))
      if (halted !== undefined)
        logger.error('reactor halted on this shard until someone acts', {
          ...fieldsOf(task),
          ...place,
          error: halted,
        })
    },
    waits,
    mixed: (task) => {
      if (mixed) return
      mixed = true
      logger.error(
        'one key came under two partition keys: its order holds on this shard only',
        fieldsOf(task),
      )
    },
  })

  /** The page's records, those of aggregates apart: they are on the way from here on, before anyone looks at them. */
  function receive(page: readonly StreamRecord[]): readonly Entry[] {
    const entries: Entry[] = []
    for (const whole of page) {
      const readable = whole.data.length <= settings.maxRecordBytes
      for (const record of (readable && deaggregate(whole, source.hashRange)) || [whole])
        if (hold.after === undefined || comparePositions(record, hold.after) > 0)
          entries.push(ledger.add(record))
    }
    return entries
  }

  /** @param enough called when the rest of the page has to wait for its turn */
  async function take(entries: readonly Entry[], enough: () => void): Promise<void> {
    const [first] = entries
    if (first === undefined) return
    if (stopped.aborted) return
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
      const taking = takeOne(entry)
      if (taking !== undefined) await unlessStopped(taking)
    }
  }

  /** A store may be slow, and a schema may never answer. */
  function unlessStopped(work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      leave = resolve
      work.then(resolve, reject)
    })
  }

  function takeOne(entry: Entry): Promise<void> | undefined {
    const works = suspicious > 0 ? alone(entry) : match(entry.record, place, settings)
    if (works instanceof Promise) return works.then((settled) => spreadOut(entry, settled))
    spreadOut(entry, works)
  }

  /** @param works undefined if the record is to stay unfinished */
  function spreadOut(entry: Entry, works: readonly Work[] | undefined): void {
    if (works === undefined) return
    if (works.length === 0) observe?.(stepOf('unwanted', { entry, plan: unrouted, lane: '', attempts: 0 }))
    addTasks(entry, works)
    ledger.seal(entry)
    for (let task = entry.first; task !== undefined; task = task.sibling) if (!task.done) enter(task)
  }

  /** Links tasks behind those that the record has. @returns the first new one */
  function addTasks(entry: Entry, works: readonly Work[]): Task | undefined {
    let last = entry.first
    while (last?.sibling !== undefined) last = last.sibling
    let added: Task | undefined
    for (const work of works) {
      const task = taskOf(entry, work)
      if (last === undefined) entry.first = task
      else last.sibling = task
      added ??= task
      last = task
    }
    return added
  }

  async function openJournal(first: StreamRecord): Promise<void> {
    const opened = await journals?.open(first)
    journal = readJournal(opened?.journal)
    if (opened !== undefined && opened.crashes > 0) reopened = { first, journal: opened.journal }
    if (isSuspicious(opened?.crashes)) suspicious = settings.maxAhead.records
  }

  /** Runs a record when all before it have ended, charged ahead of a look at its bytes. Undefined if that is not to be. */
  async function alone(entry: Entry): Promise<readonly Work[] | undefined> {
    suspicious -= 1
    await quiet.drained()
    while (mayStart()) {
      try {
        if (await suspects.charge(entry.record)) return match(entry.record, place, settings)
        return [dead(unrouted, 'crashed', 'processes that ran it died')]
      } catch (error) {
        logger.warn('the state store failed: waiting', { ...place, error: describe(error) })
        await clock.sleep(GRACE, stop.signal)
      }
    }
    return undefined
  }

  function taskOf(entry: Entry, { plan, lane, subject }: Work): Task {
    const known = journal?.recall(entry.record, plan.keys)
    return {
      entry,
      plan,
      lane,
      subject,
      remembered: false,
      attempts: known?.attempts ?? 0,
      notBefore: known?.notBefore ?? 0,
      done: known?.done ?? false,
      ending: undefined,
      next: undefined,
      sibling: undefined,
    }
  }

  function enter(task: Task): void {
    observe?.(stepOf('taken', task))
    lanes.add(task)
  }

  function waits(task: Task, outcome: Outcome | undefined, until: number | undefined): void {
    observe?.({ ...stepOf('waiting', task, whyOf(outcome)), until })
    if (outcome === undefined || !('error' in outcome)) return
    const dependency = outcome.kind === 'unavailable' ? outcome.dependency : undefined
    const fields = { ...fieldsOf(task), error: describe(outcome.error), until }
    if (dependency === undefined) logger.warn('attempt failed: will retry', fields)
    else logger.warn('a dependency is unavailable: waiting', { ...fields, dependency })
  }

  function stepOf(
    step: Step['step'],
    { entry, plan, lane, attempts }: Pick<Task, 'entry' | 'plan' | 'lane' | 'attempts'>,
    detail?: string,
  ): Step {
    const { stream, shard } = place
    const position = formatPosition(entry.record)
    const attempt = COUNTED.has(step) ? attempts : attempts + 1
    const route = plan.key
    return { step, stream, shard, position, route, lane, attempt, detail, until: undefined }
  }

  /** Marked before anything is awaited: of two tasks that end together, the second sees the first. */
  async function recordEnded(task: Task): Promise<void> {
    ending.add(task)
    const { entry, subject } = task
    for (const other of tasksOf(entry)) if (!other.done && !ending.has(other)) return
    if (subject?.kind === 'reminder') await markHandled(subject.envelope, settings)
    if (entry.letter !== undefined) await settings.deadLetters?.remove(entry.letter)
  }

  /** Waits for the work, but no longer than until the moment. */
  async function within(moment: number, work: Promise<unknown>): Promise<void> {
    const over = new AbortController()
    await Promise.race([work, clock.sleep(Math.max(0, moment - clock.now()), over.signal)])
    over.abort()
  }

  /** Lanes that are halted have ended, and still hold their records: then the whole time passes. */
  async function throttled(moment: number): Promise<void> {
    await within(moment, quiet.drained())
    if (ledger.unfinished().length > 0) await clock.sleep(moment - clock.now(), stop.signal)
  }

  async function keepJournal(): Promise<void> {
    const [first] = ledger.unfinished()
    // One that was not read must not be overwritten.
    if (journals === undefined || journal === undefined || !isHeld()) return
    if (first !== undefined) await journals.save(first, journal.write(ledger, routeKeys))
    // To be done is an outcome as well: who replays a stream several times has not crashed.
    else if (reopened !== undefined) await journals.save(reopened.first, reopened.journal)
  }

  return {
    push: (records) => {
      if (stop.signal.aborted)
        return Promise.reject(new SpaceshipError('delivery-ended', 'the delivery has ended: open another'))
      const entries = receive(records)
      return new Promise<void>((resolve, reject) => {
        // If a page cannot be taken, later ones must not pass it: the delivery is over.
        order = order.then(() => take(entries, resolve))
        order.then(() => resolve(), reject)
        if (sated) resolve()
      }).then(() => ledger.room())
    },
    get watermark() {
      return ledger.watermark
    },
    get complete() {
      return ledger.entries.length === 0
    },
    get journal() {
      return journal?.write(ledger, routeKeys)
    },
    quiet: () => order.then(() => quiet.reached()),
    settle: async (until) => {
      drainAt = Math.min(drainAt, until.getTime())
      batches.hurry()
      // If a page could not be taken, `push` says so; what was taken ends as usual.
      const taken = order.catch(() => {})
      await within(
        drainAt,
        taken.then(() => quiet.reachedUntil(drainAt)),
      )
      // What is left cannot go on before `until`. A source that redelivers at once would come back in a hot loop.
      if (journals !== undefined && journal !== undefined && ledger.unfinished().length > 0 && isHeld())
        await throttled(Math.min(drainAt, clock.now() + THROTTLE))
      drainAt = Math.min(drainAt, clock.now())
      stop.abort(new SpaceshipError('draining', 'the delivery is being drained'))
      await within(Math.min(hardEnd, clock.now() + GRACE), quiet.drained())
      for (const handler of deadlines.handlers) orphaned(handler)
      try {
        await keepJournal()
      } finally {
        ledger.close()
      }
      return ledger.unfinished()
    },
    revoke: (reason) => {
      revoked = true
      stop.abort(reason)
      ledger.close()
    },
  }
}

/** Why a task waits, in words. */
function whyOf(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'the gate'
  return 'error' in outcome ? `${outcome.kind}: ${describe(outcome.error)}` : outcome.kind
}
