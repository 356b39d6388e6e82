/**
 * Owns the order: each lane is one (route, ordering key), and runs its tasks one after the other; all lanes run side by
 * side within `concurrency`. Never judges an attempt and never writes.
 *
 * ```
 *            a place is free               ended, another task follows
 *   ready ─────────────────────> running ────────────────────────────────> ready
 *     ▲                           │ │ │
 *     │ its time has come         │ │ └ ended, none follows: the lane is forgotten
 *     ├──────────────── asleep <──┘ │
 *     │ told by the gate            └ halted, drained, lost: the lane is left, its records stay unfinished
 *     └─────────────── waiting
 * ```
 *
 * A lane is the chain of its tasks, and what is said of it here is said of the first one. A lane that waits holds no place. It
 * never skips ahead: only the end of a task starts the next one of its lane.
 */

import type { Settings } from '../configuration.ts'
import type { Outcome } from '../ending/index.ts'
import type { Task } from '../task.ts'
import { waitOf } from '../verdict.ts'
import { ANSWERED, type Finish, type Gate, NOTHING, type Queue } from './gate.ts'
import type { Quiet } from './quiet.ts'
import { createTails } from './tails.ts'

export interface LaneWork {
  readonly settings: Settings
  readonly gate: Gate
  readonly quiet: Quiet
  /** Aborted when the delivery drains or the shard is lost. */
  readonly stopped: AbortSignal
  /** Held, and not draining. */
  readonly mayStart: () => boolean
  /** Drained or lost, for good; otherwise a shard that is not held may be held again in a moment. */
  readonly isOver: () => boolean
  /** One attempt; it never throws. */
  readonly attempt: (task: Task) => Outcome | Promise<Outcome>
  readonly ended: (task: Task, outcome: Extract<Outcome, { kind: 'ended' }>) => void
  /** A part of it has ended. */
  readonly part: (task: Task, outcome: Extract<Outcome, { kind: 'again' }>) => void
  /** It is left unfinished: the delivery drains, or its reactor is halted for this reason. */
  readonly left: (task: Task, halted: string | undefined) => void
  /** It came under another partition key than the one before it, so another shard may hold records of its lane. */
  readonly mixed: (task: Task) => void
  /** It waits; `until` is absent if it is told by the gate. */
  readonly waits: (task: Task, outcome: Outcome | undefined, until: number | undefined) => void
}

/** How long a lane waits for a shard that is not held at the moment, because a renewal of its lease is under way. */
const REGAIN = 1_000

/** Why a timer of ours is over; without a reason each abort makes an error that nobody sees. */
export const OVER = 'over'

/** Waiting tasks that keep their event; beyond it they are matched again when it is their turn, to hold their bytes only. */
const REMEMBERED = 1_024

export interface Lanes {
  /** Adds a task at the end of its lane. */
  add(task: Task): void
  /** Undefined if more tasks could run; otherwise resolves when they can, or when the delivery stops. */
  hungry(): Promise<void> | undefined
}

/** Lanes that may be ready beyond the free places: more need not be decoded before it is their turn, and what dies young costs least. */
const READY = 32

export function createLanes(work: LaneWork): Lanes {
  const { settings, gate, quiet, stopped, mayStart, isOver } = work
  const { clock } = settings
  const tails = settings.plans.routes.map(createTails)
  const halted = new Set<string>()
  let free = settings.concurrency
  let remembered = 0
  let firstReady: Task | undefined
  let lastReady: Task | undefined
  let waitingReady = 0
  let pumping = false
  let feed: (() => void) | undefined
  /** Wakes those that wait, when the delivery is over: a listener of each would make every wait a walk over all others. */
  const waiting = new Set<() => void>()
  stopped.addEventListener('abort', () => {
    for (const wake of [...waiting]) wake()
    feed?.()
  })

  /** A lane is busy from here until it sleeps, is left or has ended. */
  function enqueue(task: Task): void {
    if (lastReady === undefined) firstReady = task
    else lastReady.ready = task
    lastReady = task
    waitingReady += 1
    pump()
  }

  function pump(): void {
    if (pumping) return
    pumping = true
    // Handlers that hear nothing keep their places; what only has to be left needs none.
    for (let task = firstReady; task !== undefined && (free > 0 || isOver()); task = firstReady) {
      firstReady = task.ready
      if (firstReady === undefined) lastReady = undefined
      task.ready = undefined
      waitingReady -= 1
      begin(task)
    }
    pumping = false
    if (waitingReady < READY / 2) feed?.()
  }

  function begin(task: Task): void {
    const { plan } = task
    if (halted.size > 0 && halted.has(plan.reactor)) leave(task)
    else if (!mayStart()) abandon(task)
    else if (task.notBefore > 0 && task.notBefore > clock.now()) sleep(task, task.notBefore, undefined)
    // A batch passes the gate as one, when it runs.
    else if (plan.batching !== undefined) start(task)
    else {
      const pass = gate.enter(task)
      if (pass === undefined) {
        free -= 1
        start(task)
      } else if (typeof pass === 'number') sleep(task, pass, undefined)
      else wait(task, pass)
    }
  }

  function start(task: Task): void {
    if (task.remembered) {
      task.remembered = false
      remembered -= 1
    }
    const outcome = work.attempt(task)
    // A handler that ends at once costs no promise.
    if (outcome instanceof Promise) void outcome.then((settled) => end(task, settled))
    else end(task, outcome)
  }

  function end(task: Task, outcome: Outcome): void {
    if (task.plan.batching === undefined) {
      free += 1
      gate.leave(task, finishOf(outcome))
    } else if (outcome.kind === 'unavailable') gate.report(task, outcome.dependency)
    after(task, outcome)
    pump()
  }

  function after(task: Task, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'ended':
        work.ended(task, outcome)
        next(task)
        break
      case 'again':
        work.part(task, outcome)
        task.attempts = 0
        task.notBefore = 0
        enqueue(task)
        break
      case 'abandoned':
        abandon(task)
        break
      case 'halt':
        halted.add(task.plan.reactor)
        quiet.rested()
        work.left(task, outcome.detail)
        break
      default:
        if (isOver()) leave(task)
        else {
          const drain = outcome.kind === 'full' ? drainFirst(task) : undefined
          if (drain !== undefined) enqueue(drain)
          else {
            task.notBefore = clock.now() + waitOf(outcome, task, settings, gate)
            sleep(task, task.notBefore, outcome)
          }
        }
    }
  }

  function next(task: Task): void {
    const { next: following, plan } = task
    if (following === undefined) {
      tails[plan.index]?.end(task)
      quiet.rested()
    } else {
      // A record that is still open for another route would keep all that came after it.
      task.next = undefined
      enqueue(following)
    }
  }

  /** What a drain runs came before the records that wait for room in their parked lane. @returns one that follows, now ahead of all */
  function drainFirst(first: Task): Task | undefined {
    for (let task = first, drain = first.next; drain !== undefined; task = drain, drain = drain.next) {
      if (drain.subject?.kind !== 'drain' && drain.subject?.kind !== 'redrive') continue
      task.next = drain.next
      if (drain.next === undefined) tails[first.plan.index]?.move(task)
      drain.next = first
      return drain
    }
    return undefined
  }

  function sleep(task: Task, until: number, outcome: Outcome | undefined): void {
    remember(task)
    work.waits(task, outcome, until)
    const wake = quiet.asleep(until)
    const over = new AbortController()
    const early = () => over.abort(OVER)
    waiting.add(early)
    void clock.sleep(until - clock.now(), over.signal).then(() => {
      waiting.delete(early)
      wake()
      enqueue(task)
    })
  }

  function wait(task: Task, queue: Queue): void {
    remember(task)
    work.waits(task, undefined, undefined)
    const wake = quiet.asleep(Number.POSITIVE_INFINITY)
    const again = () => {
      queue.delete(again)
      waiting.delete(again)
      wake()
      enqueue(task)
    }
    queue.add(again)
    waiting.add(again)
  }

  function abandon(task: Task): void {
    if (isOver()) leave(task)
    else sleep(task, clock.now() + REGAIN, undefined)
  }

  function leave(task: Task): void {
    gate.forgo(task)
    quiet.rested()
    work.left(task, undefined)
  }

  function remember(task: Task): void {
    if (task.remembered || task.subject?.kind !== 'event' || task.subject.letter !== undefined) return
    if (remembered < REMEMBERED) {
      remembered += 1
      task.remembered = true
    } else task.subject = undefined
  }

  function add(task: Task): void {
    const lanes = task.lane === '' ? undefined : tails[task.plan.index]
    const last = lanes?.get(task.lane)
    if (last !== undefined) {
      // One text for all of the lane.
      task.lane = last.lane
      remember(task)
      if (last.entry.record.partitionKey !== task.entry.record.partitionKey) work.mixed(task)
      last.next = task
      lanes?.move(task)
      return
    }
    if (free === 0) remember(task)
    quiet.began()
    enqueue(task)
    // Most lanes are over by now: their handler has returned.
    if (!task.done) lanes?.open(task)
  }

  return {
    add,
    hungry: () => {
      if (free > 0 || waitingReady < READY || stopped.aborted) return undefined
      return new Promise((resolve) => {
        feed = () => {
          feed = undefined
          resolve()
        }
      })
    },
  }
}

function finishOf(outcome: Outcome): Finish {
  if (outcome.kind === 'unavailable') return outcome
  return IDLE.has(outcome.kind) ? NOTHING : ANSWERED
}

/** Ends of attempts in which no handler ran. */
const IDLE: ReadonlySet<Outcome['kind']> = new Set(['held', 'full', 'abandoned'])
