/** Owns the embedded scheduler: reminders without a service that schedules. What waits stands in a timeline; its runners put it on the stream. */

import { type Duration, milliseconds } from '../duration.ts'
import { unfailing } from '../log/index.ts'
import {
  type Clock,
  type EventSink,
  type Logger,
  type ReminderScheduler,
  silent,
  systemClock,
  type Timeline,
} from '../ports/index.ts'
import { bare, callable, check, count, duration, port, required, type ShapesOf } from '../shapes.ts'
import { createBell } from './bell.ts'
import { run } from './runner.ts'

export interface EmbeddedSchedulerOptions {
  /** What waits: `redisTimeline(...)`, `stateTimeline(...)`, or `memoryTimeline()` in a single process that may forget. */
  readonly timeline: Timeline
  /** The ingress stream on which due reminders arrive. */
  readonly sink: EventSink
  /** @default the system's */
  readonly clock?: Clock
  /** How late an execution may fire that another process has added; one of this process fires at its time. @default '1s' */
  readonly precision?: Duration
  /** How long a runner has for what it was handed. Once it is over, as after a crash, another runner is handed the same. @default '30s' */
  readonly lease?: Duration
  /** Executions that a runner puts on the stream together. @default 500 */
  readonly batch?: number
  /** Uniform in [0, 1): the jitter of retries. @default Math.random */
  readonly random?: () => number
  /** Takes a line when what it needs is down, and one when it is back. @default none */
  readonly logger?: Logger
}

export interface EmbeddedScheduler extends ReminderScheduler {
  /**
   * Fires what is due until the signal is aborted; then what was handed out is put first. It never rejects: after an error it goes on, a
   * moment later. Any number of processes may run, and each fires what all have started; without one that runs, nothing fires.
   */
  run(signal: AbortSignal): Promise<void>
}

export const EMBEDDED = {
  options: bare({
    timeline: required(port('claim', 'a Timeline, for instance redisTimeline(...)')),
    sink: required(port('put', 'an EventSink, for instance kinesisSink(...)')),
    clock: port('now', 'a Clock'),
    precision: duration('1s', 1),
    lease: duration('30s', 1_000),
    batch: count(1, 10_000),
    random: callable,
    logger: port('warn', 'a Logger'),
  } satisfies ShapesOf<EmbeddedSchedulerOptions>),
}

/**
 * A ReminderScheduler in the processes of the application, on a timeline of your choice. It puts an envelope on the stream first and marks
 * it done then: a process that dies in between repeats it, and loses none.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * const events = memoryEvents()
 * const scheduler = embeddedScheduler({ timeline: memoryTimeline(), sink: events })
 * const stop = new AbortController()
 * const running = scheduler.run(stop.signal)
 * // ... until the process ends:
 * stop.abort()
 * await running
 */
export function embeddedScheduler(options: EmbeddedSchedulerOptions): EmbeddedScheduler {
  check('embeddedScheduler', EMBEDDED, { options })
  const { timeline, sink, clock = systemClock, batch = 500, random = Math.random } = options
  const logger = unfailing(options.logger ?? silent)
  const precision = milliseconds(options.precision ?? '1s')
  const lease = milliseconds(options.lease ?? '30s')
  const bell = createBell()

  return {
    capabilities: { name: 'embedded', precision, horizon: undefined, nativeCancel: true },
    start: async (execution) => {
      await timeline.add(execution)
      bell.ring(execution.dueAt.getTime())
      return execution.name
    },
    stop: (reference) => timeline.remove(reference),
    find: async (reference) => ((await timeline.has(reference)) ? 'waiting' : 'gone'),
    check: async () => void (await Promise.all([timeline.check?.(), sink.check?.()])),
    run: (signal) => run({ timeline, sink, clock, precision, lease, batch, random, logger, bell }, signal),
  }
}
