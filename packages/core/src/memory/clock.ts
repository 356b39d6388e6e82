import type { Clock } from '../ports/index.ts'
import { check, date, like } from '../shapes.ts'

export interface VirtualClock extends Clock {
  /** Moves to `moment`; sleepers whose time comes wake in order, and `settled` is awaited after each moment with some. */
  moveTo(moment: number, settled?: () => Promise<void>): Promise<void>
  /** When the next sleeper wakes. */
  readonly next: number | undefined
}

const START = like(
  'a date, or milliseconds since 1970',
  (start) => date.fits(start) || Number.isFinite(start),
)

export const VIRTUAL_CLOCK = { start: START }

/**
 * A clock that stands still until it is moved.
 *
 * @throws ConfigurationError for a start that is no date
 */
export function virtualClock(start: Date | number = new Date('2026-01-01T00:00:00Z')): VirtualClock {
  check('virtualClock', VIRTUAL_CLOCK, { start })
  let now = Number(start)
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>()
  const next = () => (sleepers.size === 0 ? undefined : Math.min(...[...sleepers].map(({ until }) => until)))

  return {
    now: () => now,
    monotonic: () => now,
    sleep: (ms, signal) => {
      if (ms <= 0 || signal?.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        const sleeper = { until: now + ms, wake }
        function wake() {
          sleepers.delete(sleeper)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', wake)
      })
    },
    get next() {
      return next()
    },
    moveTo: async (moment, settled = async () => {}) => {
      for (let at = next(); at !== undefined && at <= moment; at = next()) {
        now = Math.max(now, at)
        for (const sleeper of [...sleepers]) if (sleeper.until <= now) sleeper.wake()
        await settled()
      }
      now = Math.max(now, moment)
      await settled()
    },
  }
}
