/**
 * Owns how far a server's clock is ahead of this process's. Each answer that tells the server's time leaves an interval of offsets that
 * are possible, as wide as the round trip and what the telling rounds off; several answers together leave a narrower one.
 */

/** What an answer told, in milliseconds since 1970. */
export interface Told {
  /** By this process's clock: when the request was sent, and when its answer was there. */
  readonly asked: number
  readonly answered: number
  /** By the server's clock: at some moment in between it showed a time from the one to the other. */
  readonly earliest: number
  readonly latest: number
}

export interface ClockOffset {
  /** Milliseconds to add to this process's clock. 0 as long as that is possible; else the middle of what is. */
  offset(): number
  /** The server's time, in milliseconds since 1970. */
  now(): number
  told(told: Told): void
}

/** Two clocks drift apart by less than this part of the time. */
const DRIFT = 0.001

/** @param now this process's clock */
export function createClockOffset(now: () => number): ClockOffset {
  let [least, most] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  let at = now()

  function offset(): number {
    if (least <= 0 && most >= 0) return 0
    return Math.round((least + most) / 2)
  }

  return {
    offset,
    now: () => now() + offset(),
    told: ({ asked, answered, earliest, latest }) => {
      const [low, high] = [earliest - answered, latest - asked]
      // Not a number, or a clock that was set while the request was on its way.
      if (!(low <= high)) return
      const drift = Math.abs(answered - at) * DRIFT
      at = answered
      least = Math.max(least - drift, low)
      most = Math.min(most + drift, high)
      // One of the clocks was set since: only what was told last is true.
      if (least > most) [least, most] = [low, high]
    },
  }
}
