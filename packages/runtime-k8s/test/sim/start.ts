/** Owns the measurement of a start: a whole fleet of ours at one moment, on an empty lease table, without a fault. */

import { planOf, type Sizes } from '../../src/testing/plan.ts'
import { countRequests, type Requests } from '../../src/testing/requests.ts'
import { type Found, simulate } from '../../src/testing/run.ts'

export interface Started {
  readonly found: Found
  readonly requests: Requests
}

/** Milliseconds: that of a worker's options, and how long the fleet is looked at. */
const FAILOVER = 10_000
const DURATION = 50_000

export async function started(sizes: Omit<Sizes, 'only'>): Promise<Started> {
  const requests = countRequests()
  const plan = planOf({ ...sizes, only: [] })
  const calm = {
    attempts: 3,
    javas: 0,
    start: { from: 'TRIM_HORIZON', at: 0 } as const,
    fleetAt: 0,
    records: sizes.shards,
    failover: FAILOVER,
    duration: DURATION,
  }
  const found = await simulate({ ...plan, ...calm }, { audience: requests })
  return { found, requests }
}

/** What was asked until then, as `total (most in a second)`. */
export function toldStart({ found, requests }: Started): string {
  const { seed, workers, shards } = found.plan
  const { moves, movedAt, operations, shares } = requests
  const [least, most] = [Math.min(...shares.values()), Math.max(...shares.values())]
  const asked = [...operations].map(([operation, { total, most }]) => `${operation} ${total} (${most})`)
  return [
    `start ${seed}: ${found.violation === undefined ? '' : `VIOLATION ${found.violation.kind}, `}${workers} workers, ${shards} shards`,
    `nothing moves after ${(movedAt / 1_000).toFixed(1)} s, ${moves} lease moves, ${least} to ${most} shards each`,
    `in ${(found.lasted / 1_000).toFixed(0)} s ${asked.sort().join(', ')}`,
  ].join('; ')
}
