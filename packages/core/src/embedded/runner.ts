/**
 * Owns the life of a runner. It holds at most one batch, and goes round:
 *
 * ```
 *   claim ──> put ──> done ──> claim ...          nothing is due: sleep until the next, at most `precision`
 *     ▲        │       │
 *     │        └───────┴── an error: sleep a moment, and go on where it stood
 *     └─────────────────── the lease is over before it was put: forget the batch, it is handed out again
 * ```
 */

import { codeOf } from '../errors.ts'
import { errorFields } from '../log/index.ts'
import type { Clock, DueExecution, EventSink, Logger, OutgoingRecord, Timeline } from '../ports/index.ts'
import type { Bell, Listener } from './bell.ts'

export interface RunnerSettings {
  readonly timeline: Timeline
  readonly sink: EventSink
  readonly clock: Clock
  /** Milliseconds, as is the lease. */
  readonly precision: number
  readonly lease: number
  readonly batch: number
  readonly random: () => number
  readonly logger: Logger
  readonly bell: Bell
}

/** What a runner was handed. */
interface Held {
  readonly due: readonly DueExecution[]
  /** When the lease is over. */
  readonly until: number
  /** What was put, once it was: it only has to be marked. */
  put: readonly DueExecution[] | undefined
}

/** Of the waits after errors, in milliseconds: the longest is the precision, so that an outage makes nothing later than itself and that. */
const SOONEST = 20

const encoder = new TextEncoder()

export async function run(settings: RunnerSettings, signal: AbortSignal): Promise<void> {
  const { timeline, clock, lease, batch, logger, bell } = settings
  let held: Held | undefined
  let failures = 0

  async function round(): Promise<void> {
    const news = bell.listen()
    try {
      const now = clock.now()
      if (held !== undefined && held.put === undefined && held.until <= now) held = undefined
      held ??= { due: await timeline.claim(now, batch, lease), until: now + lease, put: undefined }
      const handed = held
      if (handed.due.length > 0) {
        handed.put ??= await put(settings, handed.due)
        await timeline.done(handed.put)
      }
      held = undefined
      const idle = handed.due.length === 0
      const next = idle ? await timeline.next() : undefined
      // Only now everything has answered.
      if (failures > 0) logger.info('the embedded scheduler goes on')
      failures = 0
      // What was due at the claim and was not handed out is under the lease of another runner. What has become due since is not.
      if (idle) await nap(settings, news, next !== undefined && next > now ? next : Infinity, signal)
    } finally {
      news.end()
    }
  }

  while (!signal.aborted) {
    try {
      await round()
    } catch (error) {
      failures += 1
      if (failures === 1)
        logger.warn('the embedded scheduler waits for what is down', { error: errorFields(error) })
      await clock.sleep(pause(settings, failures), signal)
    }
  }
}

/** What was accepted. Where the stream never takes a record, the others are put one by one; what is not taken is handed out again. */
async function put(
  { sink, logger }: RunnerSettings,
  due: readonly DueExecution[],
): Promise<readonly DueExecution[]> {
  try {
    await sink.put(due.map(recordOf))
    return due
  } catch (error) {
    if (codeOf(error) !== 'permanent') throw error
    logger.error('the stream takes no envelope of a reminder', { error: errorFields(error) })
  }
  const outcomes = await Promise.allSettled(due.map((each) => sink.put([recordOf(each)])))
  return due.filter((_, n) => outcomes[n]?.status === 'fulfilled')
}

/** Until something is due, as far as it is known: never longer than the precision, after which others may have added something. */
async function nap(
  { clock, precision }: RunnerSettings,
  news: Listener,
  next: number,
  signal: AbortSignal,
): Promise<void> {
  const now = clock.now()
  const until = Math.min(next, now + precision, news.earliest)
  const woken = new AbortController()
  const wake = () => {
    woken.abort()
  }
  signal.addEventListener('abort', wake)
  if (signal.aborted) wake()
  news.whenEarlier(until, wake)
  await clock.sleep(until - now, woken.signal)
  signal.removeEventListener('abort', wake)
}

/** With full jitter above the soonest. */
function pause({ precision, random }: RunnerSettings, failures: number): number {
  const longest = Math.min(precision, SOONEST * 2 ** Math.min(failures, 16))
  return Math.min(precision, SOONEST + random() * Math.max(0, longest - SOONEST))
}

function recordOf({ execution }: DueExecution): OutgoingRecord {
  return { partitionKey: execution.partitionKey, data: encoder.encode(execution.envelope) }
}
