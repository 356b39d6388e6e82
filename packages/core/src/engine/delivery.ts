/**
 * Owns one delivery: what happens to a shard's records between `push` and what may be acknowledged. It wires the rooms together and
 * decides nothing that one of them decides.
 *
 * ```
 *  push ─ intake ─ match ─> ledger entry ──┬─ task ─> lane (welcome, acme) ─ gate ─ attempt ─ ending ─┐
 *                                          └─ task ─> lane (index, acme) ── gate ─ attempt ─ ending ──┤
 *                                                                                                     ▼
 *  watermark, journal <─────────────────────────────────────────────────────────────────────── ledger.finish
 * ```
 */

import { SpaceshipError } from '../errors.ts'
import { ignoreRejection } from '../foreign.ts'
import { errorFields } from '../log/index.ts'
import type { Clock } from '../ports/index.ts'
import { fenced, fencedLetters } from '../state/index.ts'
import { RetryAfter, Unavailable } from '../verdicts.ts'
import type { Position, StreamRecord } from '../wire/index.ts'
import { type Activity, createActivity } from './activity.ts'
import type { Budget } from './budget.ts'
import { Chain } from './chain.ts'
import { type Beyond, Deadlines, NOTICE } from './deadlines.ts'
import type { Gate } from './gate.ts'
import { Intake } from './intake.ts'
import type { Reader } from './kind.ts'
import { Lanes, REGAIN } from './lanes.ts'
import { Ledger } from './ledger.ts'
import { match } from './match.ts'
import type { Parts } from './options.ts'
import { Pipeline } from './pipeline.ts'
import { Reporter } from './reporter.ts'
import type { Scope } from './scope.ts'
import type { Delivery, Hold, Reason, Source } from './seam.ts'
import type { Place, Settings } from './settings.ts'
import { createSuffixJournal, type SuffixJournal } from './suffix-journal.ts'
import { createSuspects, type Suspects } from './suspects.ts'
import { type Task, tasksOf } from './task.ts'
import { placeFields } from './telling.ts'
import { NEVER, within } from './within.ts'

/** How long a delivery with unfinished records is held before a source may redeliver them. */
const THROTTLE = 10_000

export interface Opening {
  readonly settings: Settings
  readonly parts: Parts
  /** Of each kind of thing that can arrive. */
  readonly readers: readonly Reader[]
  readonly source: Source
  readonly hold: Hold
  readonly gate: Gate
  readonly budget: Budget
  readonly beyond: Beyond
}

export async function openDelivery(opening: Opening): Promise<Delivery> {
  const delivery = new ShardDelivery(opening)
  await delivery.ready()
  return delivery
}

class ShardDelivery implements Delivery {
  readonly #opening: Opening
  readonly #clock: Clock
  /** On the clock's `monotonic`, as all moments here. */
  readonly #hardEnd: number
  #drainAt = NEVER
  #revoked = false
  readonly #stop = new AbortController()
  readonly #activity: Activity = createActivity()
  readonly #ledger: Ledger
  readonly #chain: Chain
  readonly #deadlines: Deadlines
  readonly #intake: Intake
  readonly #lanes: Lanes
  readonly #kept: SuffixJournal | undefined
  readonly #suspects: Suspects
  readonly #routeKeys: readonly string[]
  readonly #closing = new WeakSet<Task>()
  readonly #settings: Settings

  constructor(opening: Opening) {
    const { source, hold, budget, gate } = opening
    const { clock, plans, maxAhead, application } = opening.settings
    this.#opening = opening
    this.#clock = clock
    this.#hardEnd = hold.hardEnd === undefined ? NEVER : this.#moment(hold.hardEnd)
    const stopped = this.#stop.signal
    const place: Place = { application, stream: source.stream, shard: source.shard }
    const assertHeld = () => {
      if (!this.#isHeld()) throw this.#notHeld()
    }
    const state = fenced(opening.settings.state, assertHeld)
    const letters = opening.settings.deadLetters
    const deadLetters = letters && fencedLetters(letters, assertHeld)
    const settings = { ...opening.settings, state, deadLetters }
    this.#settings = settings
    this.#routeKeys = plans.routes.map((plan) => plan.key)
    const reporter = new Reporter(settings, place)
    this.#deadlines = new Deadlines(clock, stopped, opening.beyond, (run) => {
      reporter.late(run.plan)
      // The attempt counts for whoever comes next, if it does not end here.
      for (const entry of this.#ledger.open())
        for (const task of tasksOf(entry)) if (task.run === run) this.#ledger.touch(task)
    })
    const scope: Scope = {
      settings,
      place,
      redelivers: source.redelivers,
      now: () => this.#now(),
      hardEnd: this.#hardEnd,
      deadlines: this.#deadlines,
      gate,
      activity: this.#activity,
      stopped,
      isHeld: () => this.#isHeld(),
      mayStart: (now) => this.#mayStart(now),
      notHeld: () => this.#notHeld(),
      match: (record) => match(record, place, opening.readers, settings),
      matchLetter: ({ application, stream, shard, at, ...letter }) =>
        match({ ...letter, arrivedAt: at }, { application, stream, shard }, opening.readers, settings),
      spread: (task, shares) => this.#intake.spread(task.entry, shares),
    }
    this.#ledger = new Ledger({ ...maxAhead, budget }, () => this.#now())
    this.#chain = new Chain(scope, opening.parts.capabilities)
    const pipeline = new Pipeline(scope, this.#chain, {
      started: (task) => reporter.started(task),
      closing: (task) => this.#close(task),
    })
    this.#lanes = new Lanes(scope, reporter, {
      pipeline,
      isOver: () => stopped.aborted || !this.#isBefore(this.#drainAt),
      ended: (task) => this.#ledger.finish(task),
      waits: (task) => this.#ledger.touch(task),
    })
    this.#kept = source.redelivers === 'suffix' ? createSuffixJournal(settings, source) : undefined
    this.#suspects = createSuspects(settings, source)
    const [ledger, lanes, suspects, journal] = [this.#ledger, this.#lanes, this.#suspects, this.#kept]
    this.#intake = new Intake({ scope, source, hold, journal, suspects, ledger, lanes, reporter })
  }

  ready(): Promise<void> {
    return this.#chain.ready()
  }

  push(records: readonly StreamRecord[]): Promise<void> {
    if (this.#stop.signal.aborted)
      return Promise.reject(new SpaceshipError('delivery-ended', 'the delivery has ended: open another'))
    return this.#intake.push(records).then(() => this.#ledger.room())
  }

  get watermark(): Position | undefined {
    return this.#ledger.watermark
  }

  get complete(): boolean {
    return this.#ledger.empty
  }

  get journal(): string | undefined {
    return this.#intake.journal?.write(this.#ledger, this.#routeKeys)
  }

  get waitsFor(): Reason | undefined {
    for (const entry of this.#ledger.open()) {
      for (const task of tasksOf(entry)) if (!task.done) return this.#lanes.reasonOf(task)
      break
    }
    return this.complete ? undefined : this.#intake.waitsFor
  }

  quiet(): Promise<void> {
    return this.#stillness(-NEVER)
  }

  async settle(until: Date): Promise<readonly Position[]> {
    this.#drainAt = Math.min(this.#drainAt, this.#moment(until))
    this.#chain.hurry()
    await this.#within(
      this.#drainAt,
      // If a page could not be taken, `push` says so; what was taken ends as usual.
      this.#stillness(this.#drainAt).catch(() => this.#activity.still(this.#drainAt)),
    )
    // What is left cannot go on before `until`. A source that redelivers at once would come back in a hot loop.
    const isLeft = this.#intake.journal !== undefined && this.#unfinished().length > 0
    if (this.#kept !== undefined && isLeft && this.#isHeld())
      await this.#throttled(Math.min(this.#drainAt, this.#now() + THROTTLE))
    this.#drainAt = Math.min(this.#drainAt, this.#now())
    this.#stop.abort(new SpaceshipError('draining', 'the delivery is being drained'))
    // Of a short time the half is left for the journal: what cannot be journaled must not be answered.
    const now = this.#now()
    await this.#within(now + Math.min(NOTICE, (this.#hardEnd - now) / 2), this.drained())
    this.#deadlines.orphan()
    // What ends from here on is not in the journal, so it is not in the answer either.
    const unfinished = this.#unfinished()
    try {
      await this.#keepJournal(unfinished)
    } finally {
      this.#ledger.close()
    }
    return unfinished
  }

  revoke(reason: unknown): void {
    this.#revoked = true
    this.#stop.abort(reason)
    this.#ledger.close()
  }

  drained(): Promise<void> {
    return this.#activity.drained()
  }

  #now(): number {
    return this.#clock.monotonic()
  }

  /** A moment of the wall's clock. It is looked at once: the system's clock may be set back meanwhile. */
  #moment(date: Date): number {
    return this.#now() + (date.getTime() - this.#clock.now())
  }

  /** Asked for each record: where there is no end the clock is not looked at. @param now if the caller has just looked */
  #isBefore(moment: number, now?: number): boolean {
    return moment === NEVER || (now ?? this.#now()) < moment
  }

  #isHeld(now?: number): boolean {
    return !this.#revoked && this.#isBefore(this.#hardEnd, now) && (this.#opening.hold.isHeld?.() ?? true)
  }

  #mayStart(now?: number): boolean {
    return !this.#stop.signal.aborted && this.#isBefore(this.#drainAt, now) && this.#isHeld(now)
  }

  /** Never counted, though the shard may be held again by the time that this is judged. */
  #notHeld(): unknown {
    const { signal } = this.#stop
    const why = signal.aborted ? 'the delivery has ended' : 'the shard is not held at the moment'
    return new RetryAfter(REGAIN, why, signal.aborted ? { cause: signal.reason } : {})
  }

  /** Resolves when neither the lanes nor the intake can go on: each may wake the other. */
  async #stillness(until: number): Promise<void> {
    const [intake, activity] = [this.#intake, this.#activity]
    const isTaken = () => intake.isEmpty || intake.isStalled || this.#stop.signal.aborted
    do {
      await intake.stalled()
      await activity.still(until)
    } while (!(activity.isStill(until) && isTaken()))
  }

  #unfinished(): readonly Position[] {
    return [
      ...this.#ledger.unfinished(),
      ...this.#intake.waiting.map(({ sequence, subSequence }) => ({ sequence, subSequence })),
    ]
  }

  /** Marked before anything is awaited: of two tasks that end together, the second sees the first. */
  async #close(task: Task): Promise<void> {
    this.#closing.add(task)
    const { entry, content } = task
    for (const other of tasksOf(entry)) if (!other.done && !this.#closing.has(other)) return
    await content?.closing?.(this.#settings)
    if (entry.letter !== undefined) await this.#settings.deadLetters?.remove(entry.letter)
  }

  /** Waits for the work, but no longer than until the moment. */
  #within(moment: number, work: Promise<unknown>): Promise<void> {
    return within(this.#clock, moment - this.#now(), work)
  }

  /** Lanes that are halted have ended, and still hold their records: then the whole time passes. */
  async #throttled(moment: number): Promise<void> {
    await this.#within(moment, this.drained())
    if (this.#unfinished().length > 0) await this.#clock.sleep(moment - this.#now(), this.#stop.signal)
  }

  /** @throws if what is done above the first unfinished record could not be kept: an answer that names it would repeat that */
  async #keepJournal([first]: readonly Position[]): Promise<void> {
    const { journal, reopened } = this.#intake
    // A worker that drains is alive: it answers by its checkpoint, whether or not the store hears of it.
    if (this.#kept === undefined) await this.#within(this.#now() + NOTICE, this.absolve())
    // A journal that was not read must not be overwritten.
    if (this.#kept === undefined || journal === undefined) return
    if (first === undefined) {
      // To be done is an outcome as well: who replays a stream several times has not crashed.
      if (reopened !== undefined && this.#isHeld())
        await this.#inTime(this.#kept.save(reopened.first, reopened.journal, false))
      return
    }
    // What is suspected stays that until it has ended: a record that is given up on, and not yet kept, must not be run again.
    const suspicious = reopened?.suspicious ?? false
    const text = journal.write(this.#ledger, this.#routeKeys, first.sequence)
    const saved = async () => {
      if (suspicious) await this.#suspects.absolve()
      await this.#kept?.save(first, text, suspicious)
      // Whoever died where this one has come further did not die of it.
      if (reopened !== undefined && !suspicious && reopened.first.sequence !== first.sequence)
        await this.#kept?.save(reopened.first, reopened.journal, false)
    }
    await this.#inTime(saved())
  }

  async absolve(): Promise<void> {
    const { settings, source } = this.#opening
    try {
      await this.#suspects.absolve()
    } catch (error) {
      settings.logger.warn('a charge was not taken back: its record counts a death', {
        ...placeFields(source),
        error: errorFields(error),
      })
    }
  }

  /** @throws Unavailable if the store does not answer before the delivery's end */
  async #inTime(work: Promise<void>): Promise<void> {
    let isKept = false
    const kept = work.then(() => {
      isKept = true
    })
    ignoreRejection(kept)
    await this.#within(this.#hardEnd, kept)
    if (!isKept)
      throw new Unavailable('state', 'the journal could not be kept before the end: everything comes again')
  }
}
