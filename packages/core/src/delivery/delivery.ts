/**
 * Owns one delivery: the order of a shard's records through its lanes, and what may be acknowledged. Each lane is one
 * (route, ordering key); it runs its tasks one after the other, all lanes side by side within `concurrency`.
 *
 * ```
 *  push ─ match ─> ledger entry ──┬─ task ─> lane (welcome, acme)  ─ attempt, retry, … ─┐
 *                                 └─ task ─> lane (index, acme)    ─ attempt ───────────┤
 *                                                                                       ▼
 *  watermark, journal <──────────────────────────────────────────────────────────── ledger.finish
 * ```
 *
 * A retry waits in its lane without holding one of the concurrent places. It never skips ahead and never gives up a place
 * in stream order: only the end of a task starts the next one of its lane.
 */

import { SpaceshipError } from '../errors.ts'
import { markHandled } from '../reminders/firing.ts'
import { formatPosition, type Position, type StreamRecord } from '../wire/index.ts'
import { attempt, fieldsOf, type Outcome, type Surroundings, type Task } from './attempt.ts'
import type { Settings } from './configuration.ts'
import { type Journal, readJournal } from './journal.ts'
import { createLedger, type Entry, type Share } from './ledger.ts'
import { match, type Place, type Work } from './match.ts'
import { createPlaces } from './places.ts'
import { unrouted } from './plan.ts'
import { createQuiet } from './quiet.ts'
import type { Delivery, Hold, Source } from './seam.ts'
import { backoff, describe } from './verdict.ts'

/** How long an aborted handler may take to notice. */
const GRACE = 1_000

/** The shortest wait of what is not counted: a server that says "after 0 s" must not make a loop that starves the process. */
const SOONEST = 100

/** How long a delivery with unfinished records is held before a source may redeliver them. */
const THROTTLE = 10_000

export interface Opening {
  readonly settings: Settings
  readonly source: Source
  readonly hold: Hold
  /** For a source that redelivers a suffix: keeps the journal between deliveries, by the position that comes first again. */
  readonly journals:
    | {
        load(first: Position): Promise<string | undefined>
        save(first: Position, journal: string): Promise<void>
      }
    | undefined
  /** Told of handlers that have not settled when the delivery ends. */
  readonly orphaned: (handler: Promise<unknown>) => void
}

export function openDelivery({ settings, source, hold, journals, orphaned }: Opening): Delivery {
  const { clock, logger, plans } = settings
  const place: Place = { application: settings.application, stream: source.stream, shard: source.shard }
  const routeKeys = plans.routes.map((plan) => plan.key)
  const hardEnd = hold.hardEnd?.getTime() ?? Number.POSITIVE_INFINITY
  const stop = new AbortController()
  const ledger = createLedger()
  const places = createPlaces(settings.concurrency)
  const quiet = createQuiet()
  const lanes = new Map<string, Task[]>()
  const running = new Set<Promise<unknown>>()
  const halted = new Set<string>()
  const ended = new WeakSet<Share>()
  let journal: Journal | undefined = journals === undefined ? readJournal(hold.journal) : undefined
  let revoked = false
  let drainAt = Number.POSITIVE_INFINITY
  // Pages are matched one after the other, so that lanes fill in stream order even if a schema is asynchronous.
  let order: Promise<unknown> = Promise.resolve()

  const isHeld = () => !revoked && clock.now() < hardEnd && (hold.isHeld?.() ?? true)
  const mayStart = () => !stop.signal.aborted && clock.now() < drainAt && isHeld()
  const around: Surroundings = {
    settings,
    place,
    hardEnd,
    isHeld,
    mayStart,
    stopped: stop.signal,
    recordEnded,
  }

  async function take(records: readonly StreamRecord[]): Promise<void> {
    const [first] = records
    if (first === undefined) return
    journal ??= readJournal(await journals?.load(first))
    for (const record of records) {
      const entry = ledger.add(record)
      const matched = match(record, place, plans)
      // Awaited only where a schema needs it: an await per record would cost more than the rest.
      const works = matched instanceof Promise ? await matched : matched
      const tasks = works.map((work) => taskOf(entry, work))
      ledger.seal(entry)
      for (const { task, lane } of tasks) if (!task.share.done) enqueue(lane, task)
    }
  }

  function taskOf(entry: Entry, work: Work): { task: Task; lane: string } {
    const { plan } = work
    const key = plan?.key ?? ''
    const known = journal?.recall(entry.record, plan === undefined ? [] : [key, ...plan.formerKeys])
    const share = {
      key,
      attempts: known?.attempts ?? 0,
      notBefore: known?.notBefore ?? 0,
      done: known?.done ?? false,
    }
    entry.shares.push(share)
    const lane = work.kind === 'run' ? work.lane : `dead/${formatPosition(entry.record)}`
    const task: Task = {
      entry,
      share,
      plan: plan ?? unrouted,
      lane: work.kind === 'run' ? work.lane : '',
      identity: work.kind === 'run' ? work.identity : () => '',
      subject: work.kind === 'run' ? work.subject : work,
      ending: undefined,
    }
    return { lane: `${key}\0${lane}`, task }
  }

  function enqueue(key: string, task: Task): void {
    const lane = lanes.get(key)
    if (lane !== undefined) return void lane.push(task)
    const started = [task]
    lanes.set(key, started)
    quiet.track(
      runLane(key, started).catch((error) =>
        logger.error('lane stopped by an unexpected error', { ...place, error: describe(error) }),
      ),
    )
  }

  async function runLane(key: string, lane: Task[]): Promise<void> {
    for (let next = lane[0]; next !== undefined; next = lane[0]) {
      if (!(await finish(next))) return
      lane.shift()
    }
    lanes.delete(key)
  }

  /** Attempts until the task has ended. False if it is left unfinished: the shard is lost, drained or halted. */
  async function finish(task: Task): Promise<boolean> {
    for (let outages = 0; ; ) {
      await pause(task.share.notBefore)
      if (halted.has(task.plan.reactor)) return false
      const outcome = await places.use(() => run(task))
      switch (outcome.kind) {
        case 'ended':
          ledger.finish(task.entry, task.share)
          return true
        case 'abandoned':
          return false
        case 'halt':
          halted.add(task.plan.reactor)
          logger.error('reactor halted on this shard until someone acts', {
            ...fieldsOf(task),
            ...place,
            error: outcome.detail,
          })
          return false
        default:
          if (!mayStart()) return false
          outages = outcome.kind === 'unavailable' ? outages + 1 : 0
          task.share.notBefore = clock.now() + waitOf(outcome, task, outages)
      }
    }
  }

  async function run(task: Task): Promise<Outcome> {
    const attempted = attempt(task, around)
    running.add(attempted)
    try {
      return await attempted
    } finally {
      running.delete(attempted)
    }
  }

  function waitOf(
    outcome: Exclude<Outcome, { kind: 'ended' | 'abandoned' | 'halt' }>,
    task: Task,
    outages: number,
  ): number {
    const { plan, share } = task
    switch (outcome.kind) {
      case 'held':
        return Math.max(0, outcome.until - clock.now()) + settings.random() * 250
      case 'retry-after':
        return Math.max(SOONEST, outcome.delay)
      case 'unavailable':
        logger.warn('a dependency is unavailable: waiting', {
          ...fieldsOf(task),
          dependency: outcome.dependency,
          error: describe(outcome.error),
        })
        return Math.max(SOONEST, backoff(outages, plan, settings.random))
      case 'retry':
        logger.warn('attempt failed: will retry', { ...fieldsOf(task), error: describe(outcome.error) })
        return backoff(share.attempts, plan, settings.random)
    }
  }

  async function pause(until: number): Promise<void> {
    const wait = until - clock.now()
    if (wait > 0) await quiet.asleep(until, () => clock.sleep(wait, stop.signal))
  }

  async function recordEnded({ entry, share, subject }: Task): Promise<void> {
    // Marked before anything is awaited: of two shares that end together, the second sees the first.
    ended.add(share)
    const last = entry.shares.every((other) => other.done || ended.has(other))
    if (subject.kind === 'reminder' && last) await markHandled(subject.envelope, settings)
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
    const written = journal?.write(ledger, routeKeys)
    if (journals !== undefined && first !== undefined && written !== undefined && isHeld())
      await journals.save(first, written)
  }

  return {
    push: (records) => {
      if (stop.signal.aborted)
        return Promise.reject(new SpaceshipError('delivery-ended', 'the delivery has ended: open another'))
      const taken = order.then(() => take(records))
      // If a page cannot be taken, later ones must not pass it: the delivery is over.
      order = taken
      order.catch(() => {})
      return taken.then(() => ledger.room(settings.maxAhead))
    },
    get watermark() {
      return ledger.watermark
    },
    get journal() {
      return journal?.write(ledger, routeKeys)
    },
    quiet: () => order.then(() => quiet.reached()),
    settle: async (until) => {
      drainAt = Math.min(drainAt, until.getTime())
      await within(
        drainAt,
        order.then(() => quiet.reachedUntil(drainAt)),
      )
      // What is left cannot go on before `until`. A source that redelivers at once would come back in a hot loop.
      if (journals !== undefined && ledger.unfinished().length > 0 && isHeld())
        await throttled(Math.min(drainAt, clock.now() + THROTTLE))
      drainAt = Math.min(drainAt, clock.now())
      stop.abort(new SpaceshipError('draining', 'the delivery is being drained'))
      await within(Math.min(hardEnd, clock.now() + GRACE), quiet.drained())
      for (const handler of running) orphaned(handler)
      await keepJournal()
      ledger.close()
      return ledger.unfinished()
    },
    revoke: (reason) => {
      revoked = true
      stop.abort(reason)
      ledger.close()
    },
  }
}
