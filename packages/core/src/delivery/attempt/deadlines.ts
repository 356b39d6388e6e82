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

/** An attempt that runs. */
export interface Run {
  /** Milliseconds since 1970. */
  deadline: number
  /** Made when the handler looks at its signal. */
  signal: AbortController | undefined
  aborted: boolean
  /** It was reported as overdue. */
  reported: boolean
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
  const runs = new Map<Run, Promise<unknown>>()
  let armed = Number.POSITIVE_INFINITY
  let timer = new AbortController()
  let over = false

  stopped.addEventListener('abort', () => {
    over = true
    for (const run of runs.keys()) abort(run, stopped.reason)
    restIfIdle()
  })

  function restIfIdle(): void {
    if (runs.size === 0) timer.abort(OVER)
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
    for (const [run, handler] of runs) {
      if (momentOf(run) <= now) {
        if (run.aborted) {
          run.reported = true
          late(handler)
        } else abort(run, new SpaceshipError('deadline', 'the attempt passed its deadline'))
      }
      next = Math.min(next, momentOf(run))
    }
    arm(next)
  }

  return {
    watch: (run, handler) => {
      runs.set(run, handler)
      // The timer stays: one that rings for nothing costs less than one for each handler.
      arm(momentOf(run))
    },
    settled: (run) => {
      runs.delete(run)
      if (over) restIfIdle()
    },
    extend: (run, deadline) => {
      run.deadline = deadline
      arm(deadline)
    },
    get handlers() {
      return runs.values()
    },
  }
}

function abort(run: Run, reason: unknown): void {
  run.aborted = true
  run.signal?.abort(reason)
}
