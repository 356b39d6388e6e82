/**
 * Owns what AWS allows, as token buckets, and what it costs: how long a campaign takes until all of it is scheduled, and how late the last
 * one fires if all are due at the same moment. Simulated second by second; the figures are those of the services' pages of 2026, soft
 * quotas that can be raised.
 */

export interface Quota {
  /** Requests at once, and how many come back a second. */
  readonly bucket: number
  readonly refill: number
}

export interface Service {
  readonly schedule: Quota
  /** Undefined if nothing limits it. */
  readonly fire: Quota | undefined
  /** Dollars for a million. */
  readonly dollars: number
}

/** Two transitions, to the wait and to the delivery, of $0.025 a thousand; StartExecution of a large Region, and elsewhere. */
const STEP_FUNCTIONS = { fire: undefined, dollars: 50 }
export const services: Readonly<Record<string, Service>> = {
  'Step Functions, large Regions': { ...STEP_FUNCTIONS, schedule: { bucket: 1_300, refill: 300 } },
  'Step Functions, elsewhere': { ...STEP_FUNCTIONS, schedule: { bucket: 800, refill: 150 } },
  // Fourteen million invocations a month are free; this is one beyond them.
  'EventBridge Scheduler': {
    schedule: { bucket: 5_000, refill: 5_000 },
    fire: { bucket: 1_000, refill: 1_000 },
    dollars: 1,
  },
}

/** Seconds until so many requests are taken. */
export function secondsFor(count: number, { bucket, refill }: Quota): number {
  let left = count
  let tokens = bucket
  let seconds = 0
  for (;;) {
    left -= Math.min(left, tokens)
    if (left === 0) return seconds
    tokens = Math.min(bucket, refill)
    seconds += 1
  }
}
