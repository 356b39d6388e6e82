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
import { attempt, createBatches, createDeadlines, GRACE, type Surroundings } from './attempt/index.ts'
import type { Settings } from './configuration.ts'
import { createParks } from './ending/index.ts'
import { createIntake } from './intake.ts'
import { match, type Place } from './match/index.ts'
import { createLanes, createQuiet, type Gate, OVER } from './order/index.ts'
import { type Budget, createJournals, createLedger, isSuspicious } from './progress/index.ts'
import type { Delivery, Hold, Source } from './seam.ts'
import { type Task, tasksOf } from './task.ts'
import { createTelling } from './telling.ts'

/** How long a delivery with unfinished records is held before a source may redeliver them. */
const THROTTLE = 10_000

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
  const { clock, plans } = settings
  const place: Place = { application: settings.application, stream: source.stream, shard: source.shard }
  const routeKeys = plans.routes.map((plan) => plan.key)
  const hardEnd = hold.hardEnd?.getTime() ?? Number.POSITIVE_INFINITY
  const stop = new AbortController()
  const stopped = stop.signal
  const ledger = createLedger({ ...settings.maxAhead, budget: opening.budget }, clock.now)
  const quiet = createQuiet()
  const journals = source.redelivers === 'suffix' ? createJournals(settings, source) : undefined
  const parks = createParks(settings.application, settings.state)
  await parks.load(plans.routes.filter((plan) => plan.whenExhausted === 'park'))
  const telling = createTelling(settings, place)
  const ending = new WeakSet<Task>()
  let revoked = false
  let drainAt = Number.POSITIVE_INFINITY

  // Asked for each record: where there is no end the clock is not looked at.
  const before = (moment: number) => moment === Number.POSITIVE_INFINITY || clock.now() < moment
  const isHeld = () => !revoked && before(hardEnd) && (hold.isHeld?.() ?? true)
  const mayStart = () => !stopped.aborted && before(drainAt) && isHeld()
  const deadlines = createDeadlines(clock, stopped, (handler) => {
    opening.late(handler)
    telling.late()
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
    stopped,
    started: telling.started,
    remembered: async ({ entry, plan }) =>
      (await match(entry.record, place, settings)).find((work) => work.plan === plan)?.subject,
    spread: ({ entry }, works) => intake.spread(entry, works),
    recordEnded,
  }
  const batches = createBatches(around, gate, quiet)
  const lanes = createLanes({
    settings,
    gate,
    quiet,
    stopped,
    mayStart,
    isOver: () => stopped.aborted || !before(drainAt),
    attempt: (task) => attempt(task, around),
    ended: (task, outcome) => {
      ledger.finish(task)
      telling.ended(task, outcome)
    },
    part: telling.ended,
    left: telling.left,
    waits: telling.waits,
    mixed: telling.mixed,
  })
  const intake = createIntake({
    settings,
    place,
    source,
    hold,
    journals,
    ledger,
    lanes,
    quiet,
    telling,
    stopped,
    mayStart,
  })

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
    over.abort(OVER)
  }

  /** Lanes that are halted have ended, and still hold their records: then the whole time passes. */
  async function throttled(moment: number): Promise<void> {
    await within(moment, quiet.drained())
    if (ledger.unfinished().length > 0) await clock.sleep(moment - clock.now(), stopped)
  }

  async function keepJournal(): Promise<void> {
    const [first] = ledger.unfinished()
    const { journal, reopened } = intake
    // One that was not read must not be overwritten.
    if (journals === undefined || journal === undefined || !isHeld()) return
    if (first !== undefined) {
      // What is suspected stays that until it has ended: one that is given up on, and not yet kept, must not be run again.
      const crashes = reopened !== undefined && isSuspicious(reopened.crashes) ? reopened.crashes : 0
      if (crashes > 0) await intake.absolve()
      await journals.save(first, journal.write(ledger, routeKeys), crashes)
    }
    // To be done is an outcome as well: who replays a stream several times has not crashed.
    else if (reopened !== undefined) await journals.save(reopened.first, reopened.journal, 0)
  }

  return {
    push: (records) => {
      if (stopped.aborted)
        return Promise.reject(new SpaceshipError('delivery-ended', 'the delivery has ended: open another'))
      return intake.push(records).then(() => ledger.room())
    },
    get watermark() {
      return ledger.watermark
    },
    get complete() {
      return ledger.empty
    },
    get journal() {
      return intake.journal?.write(ledger, routeKeys)
    },
    quiet: () => intake.taken().then(() => quiet.reached()),
    settle: async (until) => {
      drainAt = Math.min(drainAt, until.getTime())
      batches.hurry()
      // If a page could not be taken, `push` says so; what was taken ends as usual.
      const taken = intake.taken().catch(() => {})
      await within(
        drainAt,
        taken.then(() => quiet.reachedUntil(drainAt)),
      )
      // What is left cannot go on before `until`. A source that redelivers at once would come back in a hot loop.
      if (
        journals !== undefined &&
        intake.journal !== undefined &&
        ledger.unfinished().length > 0 &&
        isHeld()
      )
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
