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
 * A lane that waits holds no place. It never skips ahead: only the end of a task starts the next one of its lane.
 */

import type { Settings } from '../configuration.ts'
import type { Outcome } from '../ending/index.ts'
import type { Task } from '../task.ts'
import { waitOf } from '../verdict.ts'
import { ANSWERED, type Comer, type Finish, type Gate, NOTHING, type Queue } from './gate.ts'
import type { Quiet } from './quiet.ts'

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

interface Lane extends Comer {
  readonly key: string
  first: Task
  last: Task
  /** All its tasks have ended. */
  over: boolean
  nextReady: Lane | undefined
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
  const lanes = settings.plans.routes.map(() => new Map<string, Lane>())
  const halted = new Set<string>()
  let free = settings.concurrency
  let remembered = 0
  let firstReady: Lane | undefined
  let lastReady: Lane | undefined
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
  function enqueue(lane: Lane): void {
    if (lastReady === undefined) firstReady = lane
    else lastReady.nextReady = lane
    lastReady = lane
    waitingReady += 1
    pump()
  }

  function pump(): void {
    if (pumping) return
    pumping = true
    for (let lane = firstReady; lane !== undefined && free > 0; lane = firstReady) {
      firstReady = lane.nextReady
      if (firstReady === undefined) lastReady = undefined
      lane.nextReady = undefined
      waitingReady -= 1
      begin(lane)
    }
    pumping = false
    if (waitingReady < READY / 2) feed?.()
  }

  function begin(lane: Lane): void {
    const { first: task, plan } = lane
    if (halted.size > 0 && halted.has(plan.reactor)) leave(lane)
    else if (!mayStart()) abandon(lane)
    else if (task.notBefore > 0 && task.notBefore > clock.now()) sleep(lane, task.notBefore, undefined)
    // A batch passes the gate as one, when it runs.
    else if (plan.batching !== undefined) start(lane, task)
    else {
      const pass = gate.enter(lane)
      if (pass === undefined) {
        free -= 1
        start(lane, task)
      } else if (typeof pass === 'number') sleep(lane, pass, undefined)
      else wait(lane, pass)
    }
  }

  function start(lane: Lane, task: Task): void {
    if (task.remembered) {
      task.remembered = false
      remembered -= 1
    }
    const outcome = work.attempt(task)
    // A handler that ends at once costs no promise.
    if (outcome instanceof Promise) void outcome.then((settled) => end(lane, task, settled))
    else end(lane, task, outcome)
  }

  function end(lane: Lane, task: Task, outcome: Outcome): void {
    if (lane.plan.batching === undefined) {
      free += 1
      gate.leave(lane, finishOf(outcome))
    } else if (outcome.kind === 'unavailable') gate.report(lane, outcome.dependency)
    after(lane, task, outcome)
    pump()
  }

  function after(lane: Lane, task: Task, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'ended':
        work.ended(task, outcome)
        next(lane, task)
        break
      case 'again':
        work.part(task, outcome)
        task.attempts = 0
        task.notBefore = 0
        enqueue(lane)
        break
      case 'abandoned':
        abandon(lane)
        break
      case 'halt':
        halted.add(lane.plan.reactor)
        quiet.rested()
        work.left(task, outcome.detail)
        break
      default:
        if (isOver()) leave(lane)
        else if (outcome.kind === 'full' && drainsFirst(lane)) enqueue(lane)
        else {
          task.notBefore = clock.now() + waitOf(outcome, task, settings, gate)
          sleep(lane, task.notBefore, outcome)
        }
    }
  }

  function next(lane: Lane, task: Task): void {
    if (task.next === undefined) {
      lane.over = true
      lanes[lane.plan.index]?.delete(lane.key)
      quiet.rested()
    } else {
      lane.first = task.next
      // A record that is still open for another route would keep all that came after it.
      task.next = undefined
      enqueue(lane)
    }
  }

  /** What a drain runs came before the records that wait for room in their parked lane. @returns whether one follows */
  function drainsFirst(lane: Lane): boolean {
    for (let task: Task | undefined = lane.first; task !== undefined; task = task.next) {
      const drain = task.next
      if (drain?.subject?.kind !== 'drain' && drain?.subject?.kind !== 'redrive') continue
      task.next = drain.next
      if (lane.last === drain) lane.last = task
      drain.next = lane.first
      lane.first = drain
      return true
    }
    return false
  }

  function sleep(lane: Lane, until: number, outcome: Outcome | undefined): void {
    remember(lane.first)
    work.waits(lane.first, outcome, until)
    const wake = quiet.asleep(until)
    const over = new AbortController()
    const early = () => over.abort(OVER)
    waiting.add(early)
    void clock.sleep(until - clock.now(), over.signal).then(() => {
      waiting.delete(early)
      wake()
      enqueue(lane)
    })
  }

  function wait(lane: Lane, queue: Queue): void {
    remember(lane.first)
    work.waits(lane.first, undefined, undefined)
    const wake = quiet.asleep(Number.POSITIVE_INFINITY)
    const again = () => {
      queue.delete(again)
      waiting.delete(again)
      wake()
      enqueue(lane)
    }
    queue.add(again)
    waiting.add(again)
  }

  function abandon(lane: Lane): void {
    if (isOver()) leave(lane)
    else sleep(lane, clock.now() + REGAIN, undefined)
  }

  function leave(lane: Lane): void {
    quiet.rested()
    work.left(lane.first, undefined)
  }

  function remember(task: Task): void {
    if (task.remembered || task.subject?.kind !== 'event' || task.subject.letter !== undefined) return
    if (remembered < REMEMBERED) {
      remembered += 1
      task.remembered = true
    } else task.subject = undefined
  }

  function add(task: Task): void {
    const { plan, lane: key } = task
    const known = key === '' ? undefined : lanes[plan.index]
    const lane = known?.get(key)
    if (lane !== undefined) {
      // One text for all of the lane.
      task.lane = lane.key
      remember(task)
      if (lane.last.entry.record.partitionKey !== task.entry.record.partitionKey) work.mixed(task)
      lane.last.next = task
      lane.last = task
      return
    }
    const opened: Lane = { plan, key, slot: 0, first: task, last: task, over: false, nextReady: undefined }
    if (free === 0) remember(task)
    quiet.began()
    enqueue(opened)
    // Most lanes are over by now: their handler has returned.
    if (!opened.over) known?.set(key, opened)
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
