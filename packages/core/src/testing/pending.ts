/** Owns what is on the way: tasks of routes that have not ended, and records that no process has taken in. */

import { comparePositions, keyOfLane } from '../engine.ts'
import type { Stream } from './stream.ts'
import type { Story } from './trail.ts'

export interface PendingTask {
  /** `reactor/route`, or '' for a record that is not taken in yet. */
  readonly route: string
  readonly key: string
  /** Of the record, in the trail and in `records`. */
  readonly position: string
  /** The attempt that runs or is next. */
  readonly attempt: number
  /** When it comes back; undefined if something else must happen first. */
  readonly until: Date | undefined
  /** What it waits for, in words. */
  readonly why: string
}

const OVER = new Set(['done', 'skipped', 'dead-letter', 'discarded', 'parked', 'unwanted'])

export function pendingIn(
  stories: readonly Story[],
  { successorAt, watermark }: Pick<Stream, 'successorAt' | 'watermark'>,
): PendingTask[] {
  const down =
    successorAt === undefined
      ? undefined
      : { until: new Date(successorAt), why: 'the process crashed, another takes over' }
  return stories.flatMap(({ record, key = '', courses }): PendingTask[] => {
    const position = record.sequence
    if (courses.size === 0) {
      if (watermark !== undefined && comparePositions(record, watermark) <= 0) return []
      const why = 'it is on the stream, not taken in yet'
      return [{ route: '', key, position, attempt: 1, until: undefined, why, ...down }]
    }
    return [...courses.values()].flatMap(({ route, lane, steps }): PendingTask[] => {
      const last = steps.at(-1)
      if (last === undefined || OVER.has(last.step)) return []
      // A waiting step tells the attempts that were counted.
      const attempt = last.step === 'waiting' ? last.attempt + 1 : last.attempt
      const task = { route, key: keyOfLane(lane), position, attempt }
      const until = last.until === undefined ? undefined : new Date(last.until)
      return [{ ...task, until, why: whyOf(last.step, last.detail), ...down }]
    })
  })
}

function whyOf(step: string, detail: string | undefined): string {
  switch (step) {
    case 'taken':
      return 'a record before it in its lane, or a free place'
    case 'started':
      return 'its handler runs'
    default:
      return detail === undefined ? step : `${step}: ${detail}`
  }
}
