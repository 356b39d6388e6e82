/**
 * Owns how many messages go to one destination: about one a second, and a few at once. Slack disables a webhook that is asked for more
 * for long. One destination that is asked to slow down slows down no other.
 *
 * https://docs.slack.dev/apis/web-api/rate-limits
 */

import { RetryAfter } from '@spaceship/core'
import type { Clock } from '@spaceship/core/ports'

export interface Pace {
  /** @throws RetryAfter with the time until it is this message's turn */
  admit(destination: string): void
  /** Slack has asked to come back after so many milliseconds. */
  slowDown(destination: string, ms: number): void
}

interface Bucket {
  tokens: number
  /** When `tokens` was right. */
  at: number
  /** Nothing goes out before. */
  until: number
  /** The turn of the last message that was sent away. */
  turn: number
}

/** Destinations may be named by events. */
const MOST_BUCKETS = 10_000

/** @param gap milliseconds between two messages, once the burst is used */
export function createPace(gap: number, burst: number, clock: Pick<Clock, 'monotonic'>): Pace {
  const buckets = new Map<string, Bucket>()

  function bucketOf(destination: string, now: number): Bucket {
    const known = buckets.get(destination)
    if (known !== undefined) return known
    if (buckets.size >= MOST_BUCKETS)
      for (const [name, { at, until }] of buckets)
        if (until <= now && now - at > gap * burst) buckets.delete(name)
    const made = { tokens: burst, at: now, until: 0, turn: 0 }
    buckets.set(destination, made)
    return made
  }

  return {
    admit: (destination) => {
      const now = clock.monotonic()
      const bucket = bucketOf(destination, now)
      bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.at) / gap)
      bucket.at = now
      // A timer may come a moment early.
      const isFree = bucket.tokens > 0.999 && bucket.until <= now
      if (isFree) {
        bucket.tokens -= 1
        return
      }
      const earliest = Math.max(bucket.until, now + (1 - bucket.tokens) * gap)
      bucket.turn = Math.max(bucket.turn + gap, earliest)
      throw new RetryAfter(
        Math.ceil(bucket.turn - now),
        'more messages wait for this channel than Slack takes',
      )
    },
    slowDown: (destination, ms) => {
      const now = clock.monotonic()
      const bucket = bucketOf(destination, now)
      bucket.until = Math.max(bucket.until, now + ms)
      bucket.tokens = Math.min(bucket.tokens, 1)
    },
  }
}
