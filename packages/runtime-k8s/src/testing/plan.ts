/** Owns what a seed makes of a run: how large the fleet is, who is in it, and which faults come when. */

import { type Chance, chanceOf } from '@spaceship/core/testing'
import type { Service } from './network.ts'
import type { FleetStart } from './promises.ts'

export type Fault =
  | {
      readonly kind: 'kill'
      readonly at: number
      readonly slot: number
      readonly back: number
      readonly same: boolean
    }
  | { readonly kind: 'stall'; readonly at: number; readonly slot: number; readonly ms: number }
  /** Its machine is moved: it is cut off from the table, and its clock is set back meanwhile. */
  | { readonly kind: 'moved'; readonly at: number; readonly slot: number; readonly ms: number }
  | { readonly kind: 'jump'; readonly at: number; readonly slot: number; readonly ms: number }
  | {
      readonly kind: 'cut'
      readonly at: number
      readonly slot: number
      readonly service: Service
      readonly ms: number
    }
  | {
      readonly kind: 'throttle'
      readonly at: number
      readonly service: Service
      readonly ms: number
      readonly oneIn: number
    }
  | {
      readonly kind: 'lost-answers'
      readonly at: number
      readonly service: Service
      readonly ms: number
      readonly oneIn: number
    }
  /** Of `delete`: somebody deletes a row of the lease table. */
  | { readonly kind: 'split' | 'merge' | 'delete'; readonly at: number; readonly pick: number }
  | { readonly kind: 'deploy'; readonly at: number; readonly gap: number }
  /** Nobody is there for so long, and records expire meanwhile that are older than the retention. */
  | { readonly kind: 'lapse'; readonly at: number; readonly ms: number; readonly retention: number }
  /** Iterators are of no use any more; shards that are read to their end are forgotten by the stream. */
  | { readonly kind: 'expire' | 'trim'; readonly at: number }

export interface Sizes {
  readonly seed: number
  readonly workers: number
  readonly shards: number
  /** The places of those faults of the seed that come. @default all */
  readonly only?: readonly number[] | undefined
}

export interface Plan extends Sizes {
  readonly records: number
  readonly keys: number
  /** How long records are put and faults come. */
  readonly duration: number
  readonly failover: number
  /** Slots whose members follow KCL's rules. */
  readonly javas: number
  /** Attempts that clients make for a request. */
  readonly attempts: number
  readonly effect: 'idempotent' | 'journal'
  /** Where the first leases begin, and when the fleet comes. */
  readonly start: FleetStart
  readonly fleetAt: number
  readonly faults: readonly Fault[]
}

const KINDS = [
  ...(['kill', 'kill', 'stall', 'stall', 'jump', 'moved', 'cut', 'cut'] as const),
  ...([
    'throttle',
    'lost-answers',
    'split',
    'merge',
    'merge',
    'deploy',
    'expire',
    'trim',
    'delete',
    'lapse',
  ] as const),
] as const

const ONCE = new Set<Fault['kind']>(['deploy', 'lapse'])

/** Of one seed the same faults come at the same moments, however large the fleet is: so a violation can be made smaller. */
export function planOf({ seed, workers, shards, only }: Sizes): Plan {
  const chance = chanceOf(seed)
  // The first worker makes the leases one after the other.
  const duration = 30_000 + shards * 30
  const failover = chance.pick([2_000, 3_000])
  const count = chance.pick([3, 5, 8, 16]) + chance.below(4) + (workers > 20 ? workers >> 1 : 0)
  const faults = Array.from({ length: count }, () => faultOf(chance, { workers, duration, failover }))
    // One deploy at a time, as those who deploy do it.
    .filter(({ kind }, n, all) => !ONCE.has(kind) || all.findIndex((other) => other.kind === kind) === n)
    .sort((a, b) => a.at - b.at)
  const javas = chance.oneIn(3) ? Math.min(workers - 1, 1 + chance.below(Math.max(1, workers >> 1))) : 0
  const attempts = chance.pick([1, 3])
  const effect = chance.pick(['idempotent', 'journal'] as const)
  // Beside the workers of KCL all is read: their model knows no other start.
  const from = chance.pick(['TRIM_HORIZON', 'TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP'] as const)
  const later = 2_000 + chance.below(6_000)
  const start = { from: javas > 0 ? 'TRIM_HORIZON' : from, at: chance.below(later) } as const
  return {
    ...{ seed, workers, shards, only, duration, failover, javas, attempts, effect, start },
    fleetAt: start.from === 'TRIM_HORIZON' ? 0 : later,
    records: Math.max(300, shards * 10),
    keys: Math.max(20, shards * 3),
    faults: faults.filter((_, n) => only?.includes(n) ?? true),
  }
}

function faultOf(
  chance: Chance,
  {
    workers,
    duration,
    failover,
  }: { readonly workers: number; readonly duration: number; readonly failover: number },
): Fault {
  const kind = chance.pick(KINDS)
  const at = 1_000 + chance.below(duration - 2_000)
  const slot = chance.below(workers)
  const service = chance.pick<Service>(['kinesis', 'dynamodb'])
  const about = Math.floor(failover * (0.3 + chance.below(250) / 100))
  switch (kind) {
    case 'kill':
      return { kind, at, slot, back: chance.below(2 * failover), same: chance.oneIn(4) }
    case 'stall':
      return { kind, at, slot, ms: about }
    case 'jump':
      // No more: a retry that a lease brings along is due by the wall's clock of who wrote it, so it comes as much later.
      return { kind, at, slot, ms: chance.oneIn(2) ? 2 * about : -about }
    case 'moved':
      return { kind, at, slot, ms: Math.floor(failover * (1.5 + chance.below(100) / 100)) }
    case 'cut':
      return { kind, at, slot, service, ms: about }
    case 'throttle':
      return { kind, at, service, ms: about, oneIn: 1 + chance.below(4) }
    case 'lost-answers':
      return { kind, at, service, ms: about * 2, oneIn: 2 + chance.below(4) }
    case 'split':
    case 'merge':
    case 'delete':
      return { kind, at, pick: chance.below(1_000_000) }
    case 'deploy':
      return { kind, at, gap: chance.below(3_000) }
    case 'lapse':
      return { kind, at, ms: 3_000 + chance.below(5_000), retention: 500 + chance.below(3_000) }
    case 'expire':
    case 'trim':
      return { kind, at }
  }
}

/** In words, for those who read a trace. */
export function toldFault(fault: Fault): string {
  const { kind, at, ...rest } = fault
  const details = Object.entries(rest).map(([name, value]) => `${name} ${value}`)
  return [`${(at / 1_000).toFixed(1)} s ${kind}`, ...details].join(', ')
}
