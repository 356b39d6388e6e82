/**
 * What leases cost: the capacity of DynamoDB that a fleet of our workers consumes, lease table and state, against a model of KCL 2.x. The workers are
 * real, and ask stand-ins for the services on a virtual clock (`leases/fleet.ts`); the model is `leases/kcl.ts`.
 */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FleetBill } from './leases/fleet.ts'
import { kclReads, kclWrites } from './leases/kcl.ts'
import type { Bill } from './leases/table.ts'
import type { Options, Result } from './result.ts'

const FAILOVER = 10_000
/** A whole turn of the workers that look for shards now and then. */
const MINUTES = 10
const SMALL = { shards: 40, workers: 4 }
const LARGE = { shards: 1_000, workers: 100 }
/** Both read a shard once a second. */
const BATCHES = 60
/** What rows of ours have and those of KCL have not: the name and the value of `application`. */
const OURS = 'application'.length + 'onboarding'.length

type Load = 'idle' | 'busy' | 'journal'
interface Size {
  readonly shards: number
  readonly workers: number
}

export async function measureLeases(options: Options): Promise<Result> {
  const idle = fleet(options, SMALL, 'idle')
  const busy = fleet(options, SMALL, 'busy')
  const journal = fleet(options, SMALL, 'journal')
  const large = fleet(options, LARGE, 'idle')
  if (busy.handled === 0 || journal.handled === 0) throw new Error('a busy fleet handled nothing')
  const renewals = kclWrites(FAILOVER, 0)
  const ratios = {
    'writes per shard and minute, idle': writesPerShard(idle, SMALL),
    'writes per shard and minute, busy': writesPerShard(busy, SMALL),
    'writes per shard and minute, busy, with a journal': writesPerShard(journal, SMALL),
    'writes per shard and minute, idle, KCL': rounded(renewals),
    'writes per shard and minute, busy, KCL': rounded(kclWrites(FAILOVER, BATCHES)),
    'writes per shard and minute, idle, large': writesPerShard(large, LARGE),
    [readsOf(LARGE)]: readsPerMinute(large),
    [`${readsOf(LARGE)}: lease table`]: rounded(units(large.steady, 'reads', 'onboarding ') / MINUTES),
    [`${readsOf(LARGE)}: state`]: rounded(units(large.steady, 'reads', 'onboarding-state ') / MINUTES),
    [`${readsOf(LARGE)}, KCL`]: kclReadsOf(large, LARGE),
    [readsOf(SMALL)]: readsPerMinute(idle),
    [`${readsOf(SMALL)}, KCL`]: kclReadsOf(idle, SMALL),
    'reads in the 30 s after one of 100 workers has left': rounded(units(large.departure, 'reads')),
    'bytes of a row': Math.round(large.bytes / LARGE.shards),
  }
  const bars = {
    'writes per shard and minute, idle': rounded(renewals),
    // A checkpoint rides on a renewal: no more than KCL's renewals alone.
    'writes per shard and minute, busy': rounded(renewals),
    'writes per shard and minute, idle, large': rounded(renewals),
    [readsOf(LARGE)]: kclReadsOf(large, LARGE),
  }
  return { ratios, bars }
}

const readsOf = ({ shards, workers }: Size) => `reads per minute, ${shards} shards and ${workers} workers`

function fleet({ built }: Options, { shards, workers }: Size, load: Load): FleetBill {
  const script = fileURLToPath(new URL('leases/fleet.ts', import.meta.url))
  const conditions = built ? [] : ['--conditions=@spaceship/source']
  const args = [...conditions, script, String(shards), String(workers), String(MINUTES), load]
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the fleet of ${workers} workers failed:\n${stderr}${stdout}`)
  return JSON.parse(stdout)
}

/** Of both tables, or of what was asked of one. */
function units(bill: Bill, kind: 'reads' | 'writes', of = ''): number {
  const parts = Object.entries(bill).filter(([what]) => what.startsWith(of))
  return parts.reduce((sum, [, charged]) => sum + charged[kind], 0)
}

function writesPerShard({ steady }: FleetBill, { shards }: Size): number {
  return rounded(units(steady, 'writes') / shards / MINUTES)
}

function readsPerMinute({ steady }: FleetBill): number {
  return rounded(units(steady, 'reads') / MINUTES)
}

function kclReadsOf({ bytes }: FleetBill, { shards, workers }: Size): number {
  return rounded(kclReads(FAILOVER, workers, bytes - shards * OURS))
}

const rounded = (value: number): number => Math.round(value * 100) / 100
