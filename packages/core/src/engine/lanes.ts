/**
 * Owns the order: each lane is one (route, ordering key), and runs its tasks one after the other; all lanes run side by side within
 * `concurrency`. Never judges an attempt and never writes.
 *
 * ```
 *            a place is free               ended, another task follows
 *   ready ─────────────────────> running ────────────────────────────────> ready
 *     ▲                           │ │ │
 *     │ its time has come         │ │ └ ended, none follows: the lane is closed
 *     ├──────────────── asleep <──┘ │
 *     │ woken by the gate           └ halted, drained, lost: the lane is left, its records stay unfinished
 *     └─────────────── waiting
 * ```
 *
 * A lane that waits holds no place, and while its shard has none others go first (`wait-queue.ts`). A lane never skips ahead: only the end
 * of a task starts the next one of its lane.
 */

import { changed } from './condition.ts'
import { waitOf } from './judge.ts'
import { createLaneMap, type LaneMap } from './lane-map.ts'
import { finishOf, type Outcome, type Waiting } from './outcome.ts'
import type { Pipeline } from './pipeline.ts'
import type { Reporter } from './reporter.ts'
import type { Scope } from './scope.ts'
import type { Reason } from './seam.ts'
import type { Task } from './task.ts'
import type { WaitQueue } from './wait-queue.ts'
import { NEVER, OVER, onAbort } from './within.ts'

/** The tasks of one key that have not ended, linked by `next`; what is said of a lane is said of its first task. */
export class Lane {
  first: Task
  last: Task
  /** The lane that is ready after this one. */
  ready: Lane | undefined
  /** The gate woke the lane for a place that became free. */
  woken = false

  constructor(task: Task) {
    this.first = task
    this.last = task
  }
}

export interface LaneWork {
  readonly pipeline: Pick<Pipeline, 'attempt'>
  /** Drained or lost, for good; otherwise a shard that is not held may be held again in a moment. */
  readonly isOver: () => boolean
  readonly ended: (task: Task, outcome: Extract<Outcome, { kind: 'ended' }>) => void
  /** The task was told to wait: its attempts or its time have changed. */
  readonly waits: (task: Task) => void
}

/** How long a lane waits for a shard that is not held at the moment, because a renewal of its lease is under way. */
export const REGAIN = 1_000

/** Waiting tasks that keep their content; beyond it they are matched again when it is their turn, to hold their bytes only. */
const REMEMBERED = 1_024

/** Lanes that may be ready beyond the free places: more need not be decoded before it is their turn, and what dies young costs least. */
const READY = 32

/** Turns at the gate that a shard without a free place leaves to others: it might never have a place just as its turn comes. */
const PASSES = 8

export class Lanes {
  readonly #scope: Scope
  readonly #work: LaneWork
  readonly #reporter: Reporter
  readonly #open: readonly LaneMap<Lane>[]
  readonly #halted = new Set<string>()
  /** Woken when the delivery is over: a listener of each would make every wait a walk over all others. */
  readonly #waiting = new Set<() => void>()
  #free: number
  #remembered = 0
  #firstReady: Lane | undefined
  #lastReady: Lane | undefined
  #ready = 0
  #pumping = false
  #passes = 0
  #feed: (() => void) | undefined

  constructor(scope: Scope, reporter: Reporter, work: LaneWork) {
    this.#scope = scope
    this.#reporter = reporter
    this.#work = work
    this.#open = scope.settings.plans.routes.map(() => createLaneMap<Lane>())
    this.#free = scope.settings.concurrency
    onAbort(scope.stopped, () => {
      changed(this.#waiting)
      // Those that are ready may have been woken for a place that others wait for, while deaf handlers keep all of ours.
      if (!this.#pumping) this.#pump()
      this.#feed?.()
    })
  }

  /** Adds a task at the end of its lane. */
  add(task: Task): void {
    const open = task.lane === '' ? undefined : this.#open[task.plan.index]
    const known = open?.get(task.lane)
    if (known !== undefined) {
      const { last } = known
      // One text for all of the lane.
      task.lane = last.lane
      this.#remember(task)
      if (last.entry.record.partitionKey !== task.entry.record.partitionKey) this.#reporter.mixed(task)
      last.next = task
      known.last = task
      return
    }
    if (this.#free === 0) this.#remember(task)
    this.#scope.activity.began()
    const lane = new Lane(task)
    if (this.#free > 0 && this.#ready === 0 && !this.#pumping) this.#begin(lane)
    else this.#enqueue(lane)
    // Most lanes are over by now: their handler has returned.
    if (!task.done) open?.open(task.lane, lane)
  }

  /** What an unfinished task waits for, or the one before it in its lane. */
  reasonOf(task: Task): Reason {
    const { run, waits, plan } = this.#open[task.plan.index]?.get(task.lane)?.first ?? task
    if (run?.timed) return run.overdue ? 'overdue' : 'handler'
    const { deadlines, settings } = this.#scope
    // What is gathered, or waits to be handled with others, needs a place of its route and none of the shard.
    const places = run === undefined ? settings.concurrency : NEVER
    if ((run !== undefined || waits === 'place') && deadlines.fillAll(plan, places)) return 'blocked'
    if (run !== undefined) return 'handler'
    return waits ?? (this.#halted.has(plan.reactor) ? 'halt' : 'unnamed')
  }

  /** Whether more tasks than could run have been added. */
  get full(): boolean {
    return this.#free <= 0 && this.#ready >= READY && !this.#scope.stopped.aborted
  }

  /** Whether a waiter at the gate has a place, or keeps its turn until there is one: after others had so many, if it comes at all. */
  takes(): boolean {
    const { deadlines, settings } = this.#scope
    const isIts =
      this.#free > this.#ready || (++this.#passes > PASSES && !deadlines.filled(settings.concurrency))
    if (isIts) this.#passes = 0
    return isIts
  }

  /** Resolves when more tasks can run, or when the delivery stops. */
  hungry(): Promise<void> {
    return new Promise((resolve) => {
      this.#feed = () => {
        this.#feed = undefined
        resolve()
      }
    })
  }

  /** A lane is busy from here until it sleeps, is left or has ended. @param isIts its turn has come, and others wait until it is used: it goes ahead */
  #enqueue(lane: Lane, isIts = false): void {
    if (isIts) lane.ready = this.#firstReady
    if (isIts || this.#lastReady === undefined) this.#firstReady = lane
    else this.#lastReady.ready = lane
    if (lane.ready === undefined) this.#lastReady = lane
    lane.first.waits = 'place'
    this.#ready += 1
    if (!this.#pumping) this.#pump()
  }

  #pump(): void {
    this.#pumping = true
    // Handlers that ignore their signal keep their places; a task that is only left needs none.
    for (let lane = this.#firstReady; lane !== undefined; lane = this.#firstReady) {
      if (this.#free <= 0 && !this.#work.isOver()) break
      this.#firstReady = lane.ready
      if (this.#firstReady === undefined) this.#lastReady = undefined
      lane.ready = undefined
      this.#ready -= 1
      this.#begin(lane)
    }
    this.#pumping = false
    if (this.#ready < READY / 2) this.#feed?.()
  }

  #begin(lane: Lane): void {
    const { first: task, woken } = lane
    const { plan } = task
    const { clock } = this.#scope.settings
    const now = this.#scope.now()
    lane.woken = false
    task.waits = undefined
    if (this.#halted.size > 0 && this.#halted.has(plan.reactor)) this.#leave(lane)
    else if (!this.#scope.mayStart(now)) this.#abandon(lane)
    else if (task.notBefore > 0 && task.notBefore > clock.now())
      this.#sleep(lane, task.notBefore - clock.now(), undefined)
    else {
      // What is gathered passes the gate as one, when it is called.
      const wait = plan.gathers ? undefined : this.#scope.gate.enter(task, now)
      if (wait === undefined) {
        if (!plan.gathers) this.#free -= 1
        if (task.remembered) {
          task.remembered = false
          this.#remembered -= 1
        }
        const outcome = this.#work.pipeline.attempt(task, now)
        // A handler that ends at once costs no promise. An attempt never rejects.
        if (outcome instanceof Promise) void outcome.then((settled) => this.#end(lane, task, settled))
        else this.#end(lane, task, outcome)
        return
      }
      if (typeof wait === 'number') this.#sleep(lane, wait, undefined)
      else this.#wait(lane, wait)
    }
    if (woken) this.#scope.gate.passOn(task)
  }

  #end(lane: Lane, task: Task, outcome: Outcome): void {
    if (!task.plan.gathers) {
      this.#free += 1
      this.#scope.gate.leave(task, finishOf(outcome, task.ran))
    } else if (outcome.kind === 'unavailable')
      this.#scope.gate.report(task, outcome.dependency, outcome.error)
    this.#after(lane, task, outcome)
    if (!this.#pumping) this.#pump()
  }

  #after(lane: Lane, task: Task, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'ended':
        this.#work.ended(task, outcome)
        this.#reporter.ended(task, outcome)
        task.content = undefined
        this.#next(lane, task)
        break
      case 'again':
        this.#reporter.ended(task, outcome)
        task.notBefore = 0
        this.#enqueue(lane)
        break
      case 'abandoned':
        this.#abandon(lane)
        break
      case 'halt':
        this.#halted.add(task.plan.reactor)
        this.#scope.activity.rested()
        this.#reporter.left(task, outcome.detail)
        break
      default:
        if (this.#work.isOver()) this.#leave(lane)
        else {
          const { settings, gate } = this.#scope
          const delay = waitOf(outcome, task, settings, gate.until)
          task.notBefore = settings.clock.now() + delay
          this.#work.waits(task)
          this.#sleep(lane, delay, outcome)
        }
    }
  }

  #next(lane: Lane, task: Task): void {
    const following = task.next
    if (following === undefined) {
      this.#open[task.plan.index]?.end(task.lane, lane)
      this.#scope.activity.rested()
    } else {
      // A record that is still open for another route would keep all that came after it.
      task.next = undefined
      lane.first = following
      this.#enqueue(lane)
    }
  }

  /** What was waited for by the wall clock is over once the time has passed: the system's clock may be set back meanwhile. */
  #sleep(lane: Lane, delay: number, outcome: Waiting | undefined): void {
    const { settings, activity, stopped, redelivers } = this.#scope
    const { clock } = settings
    const task = lane.first
    this.#remember(task)
    task.waits = outcome?.kind ?? 'gate'
    this.#reporter.waits(task, outcome, clock.now() + delay)
    // A drain of a lease does not wait for an attempt that is yet to come: the next owner makes it, at its time. What is left to write of a
    // verdict is waited for, and on a source that redelivers at once the attempt as well.
    const isLeft = redelivers === 'none' && task.ending === undefined
    const busy = activity.asleep(isLeft ? NEVER : this.#scope.now() + delay)
    const over = new AbortController()
    const early = () => over.abort(OVER)
    this.#waiting.add(early)
    void clock.sleep(delay, over.signal).then(() => {
      this.#waiting.delete(early)
      if (!stopped.aborted) task.notBefore = 0
      busy()
      this.#enqueue(lane)
    })
  }

  #wait(lane: Lane, queue: WaitQueue): void {
    const task = lane.first
    this.#remember(task)
    task.waits = queue.reason
    this.#reporter.waits(task, undefined, undefined)
    const busy = this.#scope.activity.asleep(queue.due)
    // What wakes a lane may wake or stop others at once, some of which are about to be woken themselves: each has one turn.
    const again = (isIts = false) => {
      if (!this.#waiting.delete(stop)) return
      busy()
      this.#enqueue(lane, isIts)
    }
    const wake = (isIts: boolean) => {
      lane.woken = true
      again(isIts)
    }
    const forget = queue.add({ comer: task, wake, owner: this })
    const stop = () => {
      forget()
      again()
    }
    this.#waiting.add(stop)
  }

  #abandon(lane: Lane): void {
    if (this.#work.isOver()) this.#leave(lane)
    else this.#sleep(lane, REGAIN, undefined)
  }

  #leave(lane: Lane): void {
    this.#scope.activity.rested()
    this.#reporter.left(lane.first, undefined)
  }

  #remember(task: Task): void {
    const { content } = task
    if (task.remembered || content?.event === undefined || content.letter !== undefined) return
    if (this.#remembered < REMEMBERED) {
      this.#remembered += 1
      task.remembered = true
    } else task.content = undefined
  }
}
