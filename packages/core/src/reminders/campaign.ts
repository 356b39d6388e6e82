/**
 * Owns the scheduling of many: no scheduler has a call for it, and each limits how many a second it takes. One that is asked for again
 * changes nothing, so that a campaign that was cut off is simply run again.
 */

import { type Rate, spacing } from '../duration.ts'
import { codeOf } from '../errors.ts'
import { isOutage, persistently } from '../outage.ts'
import type { Clock } from '../ports/index.ts'
import { callable, check, closed, count, like, rate, required, type ShapesOf } from '../shapes.ts'
import type { When } from './due.ts'

/** What to schedule: a list, or whatever can be walked once, such as rows that a query reads page by page. */
export type Campaign<Input> = Iterable<CampaignItem<Input>> | AsyncIterable<CampaignItem<Input>>

export type CampaignItem<Input> = When & { readonly payload: Input }

export interface CampaignOptions {
  /** How many to begin a second, minute or hour at most: less than the scheduler's quota. @default '100/s' */
  readonly rate?: Rate
  /** How many are on their way at the same time. @default 32 */
  readonly concurrency?: number
  /** Nothing is begun once it is aborted; what was begun is waited for. */
  readonly signal?: AbortSignal
  /** Told after each item. It must not throw. */
  readonly onProgress?: (progress: CampaignProgress) => void
}

export interface CampaignProgress {
  readonly done: number
  /** By what the calls have come to. */
  readonly scheduled: number
  /** Pending so before, sent before, or due so long ago that nobody knows. */
  readonly unchanged: number
  readonly missed: number
  readonly refused: number
}

export interface CampaignResult extends CampaignProgress {
  /** False if the signal ended it. */
  readonly complete: boolean
  /** The first 100 that can never be scheduled, by their place in the items. */
  readonly refusals: readonly { readonly index: number; readonly error: unknown }[]
}

const MOST_REFUSALS = 100

export const CAMPAIGN = {
  items: required(
    like(
      'a list, or something else that can be iterated',
      (items) => Symbol.iterator in Object(items) || Symbol.asyncIterator in Object(items),
    ),
  ),
  options: closed({
    rate,
    concurrency: count(),
    signal: like('an AbortSignal', (signal) => typeof Object(signal).aborted === 'boolean'),
    onProgress: callable,
  } satisfies ShapesOf<CampaignOptions>),
}

type ScheduleOne<Input> = (payload: Input, when: When) => Promise<{ readonly result: string }>

/** @throws ConfigurationError for options that make no sense; what an item's source throws ends the campaign */
export async function scheduleMany<Input>(
  clock: Clock,
  items: Campaign<Input>,
  schedule: ScheduleOne<Input>,
  options: CampaignOptions,
): Promise<CampaignResult> {
  check('scheduleMany', CAMPAIGN, { items, options })
  const { rate: perSecond = '100/s', concurrency = 32, signal, onProgress } = options
  const gap = spacing(perSecond)
  const counts = { done: 0, scheduled: 0, unchanged: 0, missed: 0, refused: 0 }
  const refusals: { readonly index: number; readonly error: unknown }[] = []
  const running = new Set<Promise<void>>()
  let broken: { readonly error: unknown } | undefined
  let begun = 0
  let complete = true
  let next = clock.monotonic()

  async function one(item: CampaignItem<Input>, index: number): Promise<void> {
    try {
      // A caller without types may have no item at all, which is refused as one without a payload.
      const { payload, ...when } = Object(item)
      // What is left of an item without its payload says when it is due.
      const { result } = await persistently(() => schedule(payload as Input, when as When), clock, signal)
      counts[result === 'scheduled' || result === 'missed' ? result : 'unchanged'] += 1
    } catch (error) {
      if (signal?.aborted && isOutage(error)) {
        complete = false
        return
      }
      if (!isRefusal(error)) {
        broken ??= { error }
        return
      }
      counts.refused += 1
      if (refusals.length < MOST_REFUSALS) refusals.push({ index, error })
    }
    counts.done += 1
    onProgress?.({ ...counts })
  }

  for await (const item of items) {
    if (signal?.aborted || broken !== undefined) {
      complete = false
      break
    }
    const now = clock.monotonic()
    next = Math.max(next + gap, now)
    // A timer has no shorter wait.
    if (next - now >= 1) await clock.sleep(next - now, signal)
    const run = one(item, begun++).finally(() => running.delete(run))
    running.add(run)
    while (running.size >= concurrency) await Promise.race(running)
  }
  await Promise.all(running)
  if (broken !== undefined) throw broken.error
  return { ...counts, complete, refusals }
}

/** What the item itself is to blame for; all else would befall the next ones as well. */
function isRefusal(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'permanent' || code === 'schema' || code === 'configuration'
}
