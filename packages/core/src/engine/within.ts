/** Owns waiting for work no longer than for a time. */

import type { Clock } from '../ports/index.ts'
import { OVER } from './deadlines.ts'

/** Rejects as the work does, if that comes first. @param ms milliseconds */
export async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController()
  await Promise.race([work, clock.sleep(ms, over.signal)])
  over.abort(OVER)
}
