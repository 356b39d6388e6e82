/** Owns what the oracle has seen: which records were handled, who has had which lease, and since when. */

import type { Item } from '../leases/lease.ts'
import type { Put, SimShard, SimStream } from './kinesis.ts'
import type { Promises } from './promises.ts'
import { FLEET, type Trace } from './trace.ts'

/** One life of one worker. */
export interface Member {
  readonly id: string
  /** Java workers go on handling until they notice a loss; what they write is fenced. */
  readonly kind: 'ours' | 'java'
}

export interface Violation {
  readonly kind: string
  readonly what: string
  readonly shard: string | undefined
}

/** The time of one worker with one lease. */
export interface Tenure {
  readonly member: Member
  readonly since: number
  /** The checkpoint that it found. */
  readonly from: string
  /** The worker never had it before. */
  readonly first: boolean
  /** When a write of this worker last reached the table. */
  wroteAt: number
  /** When the shard was last read to some effect, or a handler of it started or ended. */
  movedAt: number
  /** When it was last read up to its end. */
  caughtUpAt: number
  /** The worker has been answered that another has it. */
  told: boolean
  /** It has said that it lost it. */
  lost: boolean
  readonly started: Map<string, number>
  readonly running: Map<string, number>
  readonly done: Set<Put>
}

export interface Counts {
  records: number
  starts: number
  repeats: number
  moves: number
  letters: number
}

export interface Watching {
  readonly stream: SimStream
  readonly trace: Trace
  readonly now: () => number
  readonly failover: number
  readonly rows: ReadonlyMap<string, Item>
  readonly promises: Promises
  /** Workers of KCL are among the members. */
  readonly isMixed: boolean
  /** Whether something kept this member from its services since then. */
  readonly isExcused: (member: Member, since: number) => boolean
}

/** What `deletions.ts` keeps of rows that somebody has deleted, by their shards. */
export interface Deletions {
  /** They have had a row. */
  readonly leased: Set<string>
  /** They may get a row again. */
  readonly anew: Set<string>
  /** Their row was deleted, and is not made again; and whether they had not ended. */
  readonly missing: Map<string, boolean>
  /** Nobody may be left to read them. */
  readonly skipped: Set<string>
  /** What follows them may overtake them. */
  readonly late: Set<string>
}

export interface Book extends Watching {
  readonly counts: Counts
  readonly byKey: Map<string, Put[]>
  readonly handled: Set<Put>
  /** What was handled when its lease was given back in order, and when that was: who takes it later knows of it. */
  readonly passedOn: Map<Put, number>
  readonly deletions: Deletions
  readonly violation: Violation | undefined
  violate(kind: string, what: string, shard?: string): void
  note(shard: string, who: string, what: string): void
  /** How many records of the shard are handled without a gap, or not promised, from its first one. */
  prefix(shard: SimShard): number
  tenure(shard: string, member: Member): Tenure | undefined
  tenures(shard: string): readonly Tenure[]
  begin(shard: string, member: Member, from: string): void
}

export function createBook(watching: Watching): Book {
  const { now, promises, trace } = watching
  const handled = new Set<Put>()
  const prefixes = new Map<string, number>()
  const tenures = new Map<string, Map<Member, Tenure>>()
  let violation: Violation | undefined
  return {
    ...watching,
    counts: { records: 0, starts: 0, repeats: 0, moves: 0, letters: 0 },
    byKey: new Map(),
    handled,
    passedOn: new Map(),
    deletions: {
      leased: new Set(),
      anew: new Set(),
      missing: new Map(),
      skipped: new Set(),
      late: new Set(),
    },
    get violation() {
      return violation
    },
    violate: (kind, what, shard) => {
      trace.note(shard ?? FLEET, now(), 'oracle', `VIOLATION ${kind}: ${what}`)
      violation ??= { kind, what, shard }
    },
    note: (shard, who, what) => trace.note(shard, now(), who, what),
    prefix: (shard) => {
      const first = promises.firstPromised(shard)
      if (first >= shard.puts.length) return shard.puts.length
      let prefix = Math.max(first, prefixes.get(shard.id) ?? 0)
      const isOver = (put: Put) => handled.has(put) || !promises.isPromised(shard, put)
      for (let put = shard.puts[prefix]; put !== undefined && isOver(put); put = shard.puts[prefix])
        prefix += 1
      prefixes.set(shard.id, prefix)
      return prefix
    },
    tenure: (shard, member) => tenures.get(shard)?.get(member),
    tenures: (shard) => [...(tenures.get(shard)?.values() ?? [])],
    begin: (shard, member, from) => {
      const all = tenures.get(shard) ?? new Map<Member, Tenure>()
      tenures.set(shard, all)
      all.set(member, {
        ...{ member, from, first: !all.has(member), since: now(), wroteAt: now(), movedAt: now() },
        ...{
          caughtUpAt: -1,
          told: false,
          lost: false,
          started: new Map(),
          running: new Map(),
          done: new Set(),
        },
      })
    },
  }
}

export function shardIn(key: string): string {
  return key.slice(key.lastIndexOf(':') + 1)
}
