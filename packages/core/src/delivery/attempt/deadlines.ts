/**
 * Owns the attempts that run: their signals, their deadlines, and who ignores both. Never ends an attempt: only its handler does.
 *
 * ```
 *   running ── deadline ──> signal aborted ── grace ──> overdue: reported; its lane waits until the handler settles
 * ```
 *
 * One timer serves them all, so that an attempt that keeps its time costs none. It outlives the delivery as long as handlers do: who
 * does not hear that the shard is lost still holds the places of its route.
 */

import { SpaceshipError } from '../../errors.ts'
import type { Clock } from '../../ports/index.ts'
import { OVER } from '../order/index.ts'

/** An attempt that runs. A class, as tasks are. */
export class Run {
  /** Milliseconds since 1970. */
  deadline: number
  /** Made when the handler looks at its signal. */
  signal: AbortController | undefined = undefined
  aborted = false
  /** It was reported as overdue. */
  reported: boolean
  /** Set while it is watched. */
  handler: Promise<unknown> | undefined = undefined
  /** Its place among those that are watched. */
  index = 0

  /** @param reported if nobody is to hear of it */
  constructor(deadline: number, reported: boolean) {
    this.deadline = deadline
    this.reported = reported
  }
}

export interface Deadlines {
  /** From its start until `settled`. */
  watch(run: Run, handler: Promise<unknown>): void
  settled(run: Run): void
  /** Moves the deadline. */
  extend(run: Run, deadline: number): void
  /** Handlers that have not settled. */
  readonly handlers: Iterable<Promise<unknown>>
}

/** How long an aborted handler may take to notice. */
export const GRACE = 1_000

export function createDeadlines(
  clock: Clock,
  stopped: AbortSignal,
  late: (handler: Promise<unknown>) => void,
): Deadlines {
  // No map, for the reason that tails.ts gives; as many as may run at once, so it hardly grows.
  const runs: Run[] = []
  let armed = Number.POSITIVE_INFINITY
  let timer = new AbortController()
  let over = false

  stopped.addEventListener('abort', () => {
    over = true
    for (const run of runs) abort(run, stopped.reason)
    restIfIdle()
  })

  function restIfIdle(): void {
    if (runs.length === 0) timer.abort(OVER)
  }

  function momentOf({ aborted, reported, deadline }: Run): number {
    if (reported) return Number.POSITIVE_INFINITY
    return aborted ? deadline + GRACE : deadline
  }

  function arm(moment: number): void {
    if (moment >= armed || !Number.isFinite(moment)) return
    timer.abort(OVER)
    timer = new AbortController()
    armed = moment
    const { signal } = timer
    void clock.sleep(Math.max(0, moment - clock.now()), signal).then(() => {
      if (!signal.aborted) ring()
    })
  }

  function ring(): void {
    armed = Number.POSITIVE_INFINITY
    const now = clock.now()
    let next = armed
    for (const run of runs) {
      if (momentOf(run) <= now) {
        if (run.aborted) {
          run.reported = true
          if (run.handler !== undefined) late(run.handler)
        } else abort(run, new SpaceshipError('deadline', 'the attempt passed its deadline'))
      }
      next = Math.min(next, momentOf(run))
    }
    arm(next)
  }

  return {
    watch: (run, handler) => {
      run.handler = handler
      run.index = runs.push(run) - 1
      // The timer stays: one that rings for nothing costs less than one for each handler.
      arm(momentOf(run))
    },
    settled: (run) => {
      run.handler = undefined
      // The last one takes its place.
      const last = runs.pop()
      if (last !== undefined && last !== run) {
        runs[run.index] = last
        last.index = run.index
      }
      if (over) restIfIdle()
    },
    extend: (run, deadline) => {
      run.deadline = deadline
      arm(deadline)
    },
    get handlers() {
      return runs.flatMap(({ handler }) => handler ?? [])
    },
  }
}

function abort(run: Run, reason: unknown): void {
  run.aborted = true
  run.signal?.abort(reason)
}
