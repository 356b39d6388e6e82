/** Owns the search for a smaller run that has the same violation: fewer faults, then fewer workers and shards, as long as it is found there, too. */

import { planOf, type Sizes } from './plan.ts'
import type { Found } from './run.ts'

export interface Shrunk {
  readonly sizes: Sizes
  readonly found: Found
}

/** What is tried at most: runs, and events in all of them, of which a large fleet has many. */
const TRIES = 80
const EVENTS = 1_000_000

/** @param run runs it once more, of other sizes */
export async function shrink(found: Found, run: (sizes: Sizes) => Promise<Found>): Promise<Shrunk> {
  const kind = found.violation?.kind
  const { seed, workers, shards } = found.plan
  const all = planOf({ seed, workers, shards }).faults.map((_, n) => n)
  let best: Shrunk = { sizes: { seed, workers, shards, only: found.plan.only ?? all }, found }
  let [tries, events] = [TRIES, EVENTS]

  async function improves(part: Partial<Sizes>): Promise<boolean> {
    if (tries <= 0 || events <= 0) return false
    tries -= 1
    const sizes = { ...best.sizes, ...part }
    const smaller = await run(sizes)
    events -= smaller.events
    if (smaller.violation === undefined || smaller.violation.kind !== kind) return false
    best = { sizes, found: smaller }
    return true
  }

  /** Halves are left out first, then quarters, then single ones. */
  async function fewerFaults(): Promise<void> {
    for (let size = best.sizes.only?.length ?? 0; size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < (best.sizes.only?.length ?? 0); ) {
        const only = best.sizes.only?.toSpliced(from, size) ?? []
        if (!(await improves({ only }))) from += size
      }
    }
  }

  await fewerFaults()
  for (const part of ['workers', 'shards'] as const) {
    for (let step = best.sizes[part] >> 1; step >= 1; ) {
      const smaller = best.sizes[part] - step
      if (smaller < 1 || !(await improves({ [part]: smaller }))) step >>= 1
    }
  }
  await fewerFaults()
  return best
}
