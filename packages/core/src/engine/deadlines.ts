/**
 * Owns the handlers that run: their signals, their deadlines, and who ignores both. Never ends an attempt: only its handler does.
 *
 * ```
 *   running ── deadline ──> signal aborted ── grace ──> overdue: reported; its lane waits until the handler settles
 * ```
 *
 * One timer serves them all, so that an attempt that keeps its time costs none. It outlives the delivery as long as handlers do: a
 * handler that does not hear that the shard is lost still holds the places of its route. All times are those of `monotonic`.
 */

import { SpaceshipError } from '../errors.ts'
import type { Clock } from '../ports/index.ts'
import type { RoutePlan } from './plan.ts'
import { NEVER, OVER, onAbort } from './within.ts'

/** A handler that runs, or is about to. */
export class Run {
  deadline: number
  aborted = false
  #controller: AbortController | undefined
  /** The handler runs on beyond its deadline, and was reported. */
  overdue = false
  /** Set while it is watched. */
  handler: Promise<unknown> | undefined
  /** Its place among those that are watched. */
  index = 0
  readonly plan: RoutePlan
  readonly timed: boolean

  /** @param timed whether its deadline ends it */
  constructor(plan: RoutePlan, deadline: number, timed: boolean) {
    this.plan = plan
    this.deadline = deadline
    this.timed = timed
  }

  /** Made when the handler looks at it. */
  signal(stopped: AbortSignal): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.aborted || stopped.aborted) this.#controller.abort(stopped.reason ?? passed(this.plan))
    }
    return this.#controller.signal
  }

  abort(reason: unknown): void {
    this.aborted = true
    this.#controller?.abort(reason)
  }
}

/** Handlers of a process that go on beyond what they were given. Those who watch them write it. */
export interface Beyond {
  /** They have passed their deadline. */
  readonly late: Set<Run>
  /** Their delivery has been settled without them. */
  readonly left: Set<Run>
}

/** How long a handler may take to notice that its signal is aborted. */
export const NOTICE = 1_000

export class Deadlines {
  readonly #clock: Clock
  readonly #beyond: Beyond
  readonly #told: (run: Run) => void
  // No map, for the reason that lane-map.ts gives; as many as may run at once, so it hardly grows.
  readonly #runs: Run[] = []
  #armed = NEVER
  #timer = new AbortController()
  readonly #stopped: AbortSignal

  /** @param told called for each handler that ignores its signal */
  constructor(clock: Clock, stopped: AbortSignal, beyond: Beyond, told: (run: Run) => void) {
    this.#clock = clock
    this.#beyond = beyond
    this.#told = told
    this.#stopped = stopped
    onAbort(stopped, () => {
      for (const run of this.#runs) run.abort(stopped.reason)
      this.#restIfIdle()
    })
  }

  /** From its start until `settled`. */
  watch(run: Run, handler: Promise<unknown>): void {
    run.handler = handler
    run.index = this.#runs.push(run) - 1
    // A handler may end its delivery before it returns.
    if (this.#stopped.aborted) run.abort(this.#stopped.reason)
    // The timer stays: one that rings for nothing costs less than one for each handler.
    this.#arm(momentOf(run))
  }

  settled(run: Run): void {
    run.handler = undefined
    this.#beyond.late.delete(run)
    this.#beyond.left.delete(run)
    // The last one takes its place.
    const last = this.#runs.pop()
    if (last !== undefined && last !== run) {
      this.#runs[run.index] = last
      last.index = run.index
    }
    if (this.#stopped.aborted) this.#restIfIdle()
  }

  /** Moves the deadline. */
  extend(run: Run, deadline: number): void {
    run.deadline = deadline
    this.#arm(deadline)
  }

  /** The delivery has been settled: those that have not outlive it. */
  orphan(): void {
    for (const run of this.#runs) this.#beyond.left.add(run)
  }

  /** Whether handlers that ignore their signals fill all places: of the route in the process, or of the shard. What is gathered takes none of the shard's. */
  fillAll(plan: RoutePlan, places: number): boolean {
    const ofRoute = [...this.#beyond.late].filter((run) => run.plan === plan)
    return ofRoute.length >= plan.concurrency || this.filled(places)
  }

  /** Whether such handlers fill all places of the shard. */
  filled(places: number): boolean {
    return this.#runs.filter((run) => run.overdue && !run.plan.gathers).length >= places
  }

  #restIfIdle(): void {
    if (this.#runs.length > 0) return
    this.#timer.abort(OVER)
    this.#armed = NEVER
  }

  #arm(moment: number): void {
    if (moment >= this.#armed) return
    this.#timer.abort(OVER)
    this.#timer = new AbortController()
    this.#armed = moment
    const { signal } = this.#timer
    void this.#clock.sleep(Math.max(0, moment - this.#clock.monotonic()), signal).then(() => {
      if (!signal.aborted) this.#ring()
    })
  }

  #ring(): void {
    this.#armed = NEVER
    const now = this.#clock.monotonic()
    let next = this.#armed
    for (const run of this.#runs) {
      if (momentOf(run) <= now) {
        if (run.aborted) {
          run.overdue = true
          this.#beyond.late.add(run)
          this.#told(run)
        } else run.abort(passed(run.plan))
      }
      next = Math.min(next, momentOf(run))
    }
    this.#arm(next)
  }
}

function momentOf({ aborted, overdue, timed, deadline }: Run): number {
  return overdue || !timed ? NEVER : deadline + (aborted ? NOTICE : 0)
}

export function passed({ key }: RoutePlan): SpaceshipError {
  return new SpaceshipError('deadline', `the attempt of ${key} passed its deadline: stop`)
}
