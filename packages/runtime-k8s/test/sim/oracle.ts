/**
 * Owns what must hold in a simulation, whatever happens: it sees each record that is put, each start and end of a handler and each write to the
 * lease table, in the order in which they truly happen.
 *
 * | what                                                                                        | is asked at             |
 * |---------------------------------------------------------------------------------------------|-------------------------|
 * | all earlier records of a key were handled, and all of the shard's parents                   | each start              |
 * | the worker holds the lease as far as it may know, and nobody could have taken it            | each start              |
 * | in one tenure nothing is handled twice, out of its key's order, or beside its key's others  | each start              |
 * | who writes a lease holds it, or takes it as it saw it; of living owners one at a time       | each write              |
 * | a checkpoint moves on, over handled records only; an ended shard has leases for its children| each write              |
 * | a shard whose lease is renewed is read, unless its service is down                          | each renewal            |
 * | everything is handled, each open shard is owned and read, the shares are equal              | the end (`rest.ts`)     |
 */

import type { Item } from '../../src/leases/lease.ts'
import type { Write } from './dynamodb.ts'
import { firstAt, type Put, type SimShard, type SimStream } from './kinesis.ts'
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
  /** When a write of this worker last reached the table. */
  wroteAt: number
  /** When the shard was last read to some effect, or a handler of it started or ended. */
  movedAt: number
  /** When it was last read up to its end. */
  caughtUpAt: number
  /** The worker never had it before. */
  readonly first: boolean
  /** The worker knows that it lost it. */
  told: boolean
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

export interface Oracle {
  readonly violation: Violation | undefined
  readonly counts: Readonly<Counts>
  put(put: Put): void
  isHandled(put: Put): boolean
  /** How many records of the shard are handled without a gap, from its first one. */
  handled(shard: SimShard): number
  tenure(shard: string, member: Member): Tenure | undefined
  /** @returns the tenure in which it starts */
  starts(member: Member, key: string, n: number): Tenure | undefined
  /** @param its in which it started: it may have ended meanwhile @param well whether the handler returned */
  ends(its: Tenure | undefined, key: string, n: number, well: boolean): void
  /** It was kept as a dead letter. */
  kept(shard: string, sequence: string): void
  wrote(member: Member, write: Write): void
  /** A member has seen these rows: a whole scan, or one of them. */
  saw(member: Member, items: readonly Item[], isScan: boolean): void
  read(member: Member, shard: string, moved: boolean, caughtUp: boolean): void
  violate(kind: string, what: string, shard?: string): void
}

export interface Watching {
  readonly stream: SimStream
  readonly trace: Trace
  readonly now: () => number
  readonly failover: number
  readonly rows: ReadonlyMap<string, Item>
  /** Whether something kept this member from reading lately. */
  readonly isExcused: (member: Member, since: number) => boolean
}

/** Failovers for which a shard with unread records may be renewed without being read. */
const PATIENCE = 10

export function createOracle({ stream, trace, now, failover, rows, isExcused }: Watching): Oracle {
  const byKey = new Map<string, Put[]>()
  const handled = new Set<Put>()
  const prefixes = new Map<string, number>()
  const tenures = new Map<string, Map<Member, Tenure>>()
  const seen = new Map<Member, Map<string, Item>>()
  const stolen = new Map<Member, number>()
  const counts: Counts = { records: 0, starts: 0, repeats: 0, moves: 0, letters: 0 }
  let violation: Violation | undefined

  function violate(kind: string, what: string, shard?: string): void {
    trace.note(shard ?? FLEET, now(), 'oracle', `VIOLATION ${kind}: ${what}`)
    violation ??= { kind, what, shard }
  }

  function prefixOf(shard: SimShard): number {
    let prefix = prefixes.get(shard.id) ?? 0
    for (let put = shard.puts[prefix]; put !== undefined && handled.has(put); put = shard.puts[prefix])
      prefix += 1
    prefixes.set(shard.id, prefix)
    return prefix
  }

  const tenure = (shard: string, member: Member) => tenures.get(shard)?.get(member)

  function starts(member: Member, key: string, n: number): Tenure | undefined {
    const put = byKey.get(key)?.[n]
    if (put === undefined) {
      violate('unknown', `a handler got ${key}#${n}, which nobody put`)
      return undefined
    }
    const shard = stream.shard(put.shard)
    const its = tenure(put.shard, member)
    trace.note(put.shard, now(), member.id, `starts ${key}#${n}`)
    counts.starts += 1
    if (handled.has(put)) counts.repeats += 1
    if (its === undefined || shard === undefined) {
      violate('start', `${member.id} starts ${key}#${n} without ever having had its lease`, put.shard)
      return undefined
    }
    checkOrder(put, shard)
    if (member.kind === 'ours') checkHolding(its, put)
    checkTenure(its, put)
    its.movedAt = now()
    its.started.set(key, n)
    its.running.set(key, n)
    return its
  }

  function checkOrder(put: Put, shard: SimShard): void {
    const before = put.n === 0 ? undefined : byKey.get(put.key)?.[put.n - 1]
    if (before !== undefined && !handled.has(before))
      violate('order', `${put.key}#${put.n} starts before ${put.key}#${before.n} is handled`, put.shard)
    for (const id of shard.parents) {
      const parent = stream.shard(id)
      if (parent !== undefined && prefixOf(parent) < parent.puts.length)
        violate('parents', `${put.key}#${put.n} starts before all of ${id} is handled`, put.shard)
    }
  }

  function checkHolding({ member, wroteAt, told }: Tenure, { key, n, shard }: Put): void {
    const since = now() - wroteAt
    if (since > failover)
      violate(
        'expired',
        `${member.id} starts ${key}#${n} though it last wrote its lease ${Math.round(since)} ms ago`,
        shard,
      )
    if (told)
      violate('told', `${member.id} starts ${key}#${n} though it was told that another has the lease`, shard)
  }

  function checkTenure(its: Tenure, { key, n, shard }: Put): void {
    const put = byKey.get(key)?.[n]
    const [last, running] = [its.started.get(key), its.running.get(key)]
    if (put !== undefined && its.done.has(put))
      violate('repeated', `${its.member.id} handles ${key}#${n} twice while it has the lease`, shard)
    if (last !== undefined && n < last)
      violate(
        'order',
        `${its.member.id} starts ${key}#${n} after ${key}#${last} while it has the lease`,
        shard,
      )
    if (running !== undefined && its.member.kind === 'ours')
      violate('overlap', `${its.member.id} starts ${key}#${n} while it still runs ${key}#${running}`, shard)
  }

  function ends(its: Tenure | undefined, key: string, n: number, well: boolean): void {
    const put = byKey.get(key)?.[n]
    if (put === undefined || its === undefined) return
    trace.note(put.shard, now(), its.member.id, `${well ? 'ends' : 'fails'} ${key}#${n}`)
    its.running.delete(key)
    its.movedAt = now()
    if (!well) return
    handled.add(put)
    its.done.add(put)
  }

  function wrote(member: Member, { key, before, after, takes }: Write): void {
    const shard = shardIn(key)
    const owner = before?.leaseOwner?.S
    trace.note(shard, now(), member.id, toldWrite(before, after))
    if (before === undefined) return
    if (after === undefined) {
      if (before.checkpoint?.S !== 'SHARD_END')
        violate('deleted', `${member.id} deletes the lease of a shard that has not ended`, shard)
      return
    }
    if (takes) {
      taken(member, key, before)
      return
    }
    if (owner !== member.id) violate('write', `${member.id} writes a lease of ${owner ?? 'nobody'}`, shard)
    const its = tenure(shard, member)
    if (its !== undefined) {
      its.wroteAt = now()
      checkProgress(its, shard)
    }
    if (before.checkpoint?.S !== after.checkpoint?.S)
      checkCheckpoint(member, before.checkpoint?.S ?? '', after.checkpoint?.S ?? '', shard)
  }

  function taken(member: Member, key: string, before: Item): void {
    const shard = shardIn(key)
    const owner = before.leaseOwner?.S
    counts.moves += 1
    if (seen.get(member)?.get(key)?.leaseCounter?.N !== before.leaseCounter?.N)
      violate('take', `${member.id} takes a lease that has changed since it saw it`, shard)
    const theirs = [...(tenures.get(shard)?.values() ?? [])].filter((its) => its.member.id === owner)
    if (
      owner !== undefined &&
      owner !== member.id &&
      theirs.some(({ wroteAt }) => now() - wroteAt < failover)
    ) {
      const times = (stolen.get(member) ?? 0) + 1
      stolen.set(member, times)
      if (times > 1)
        violate('steal', `${member.id} takes ${times} leases of living owners at one look`, shard)
    }
    const all = tenures.get(shard) ?? new Map<Member, Tenure>()
    tenures.set(shard, all)
    all.set(member, {
      ...{
        member,
        since: now(),
        wroteAt: now(),
        movedAt: now(),
        caughtUpAt: -1,
        told: false,
        first: !all.has(member),
      },
      ...{ started: new Map(), running: new Map(), done: new Set() },
    })
  }

  function checkCheckpoint(member: Member, before: string, after: string, id: string): void {
    const shard = stream.shard(id)
    if (shard === undefined) return
    const isBack = /^\d+$/.test(before) && after !== 'SHARD_END' && after < before
    if (isBack || before === 'SHARD_END' || !/^(\d+|SHARD_END)$/.test(after))
      violate('checkpoint', `${member.id} moves the checkpoint back from ${before} to ${after}`, id)
    const gap = shard.puts[prefixOf(shard)]
    if (gap !== undefined && (after === 'SHARD_END' || gap.sequence <= after))
      violate(
        'checkpoint',
        `${member.id} writes ${after}, and ${gap.key}#${gap.n} (${gap.sequence}) is not handled`,
        id,
      )
    if (after !== 'SHARD_END') return
    if (shard.last === undefined) violate('shard-end', `${member.id} ends a shard that is open`, id)
    const names = new Set([...rows.keys()].map(shardIn))
    const missing = shard.children.filter((child) => !names.has(child))
    if (missing.length > 0)
      violate('shard-end', `${member.id} ends a shard, and no lease leads to ${missing.join(', ')}`, id)
  }

  function checkProgress({ member, since, movedAt }: Tenure, id: string): void {
    const shard = stream.shard(id)
    const from = now() - PATIENCE * failover
    if (shard === undefined || since > from || movedAt > from || isExcused(member, from)) return
    const next = shard.puts[prefixOf(shard)]
    if (next === undefined || next.at >= from || waitsForParents(shard)) return
    violate(
      'idle',
      `${member.id} renews its lease, and has not moved for ${Math.round(now() - movedAt)} ms before ${next.key}#${next.n}`,
      id,
    )
  }

  function waitsForParents({ parents }: SimShard): boolean {
    return [...rows].some(([key, row]) => parents.includes(shardIn(key)) && row.checkpoint?.S !== 'SHARD_END')
  }

  return {
    get violation() {
      return violation
    },
    counts,
    put: (put) => {
      const puts = byKey.get(put.key) ?? []
      if (puts.length === 0) byKey.set(put.key, puts)
      puts.push(put)
      counts.records += 1
    },
    isHandled: (put) => handled.has(put),
    handled: prefixOf,
    tenure,
    starts,
    ends,
    kept: (id, sequence) => {
      const puts = stream.shard(id)?.puts ?? []
      const put = puts[firstAt(puts, sequence)]
      if (put?.sequence !== sequence)
        return violate('unknown', `a letter of ${sequence}, which nobody put`, id)
      trace.note(id, now(), 'letters', `keeps ${put.key}#${put.n}`)
      counts.letters += 1
      handled.add(put)
    },
    wrote,
    saw: (member, items, isScan) => {
      const known = seen.get(member) ?? new Map<string, Item>()
      seen.set(member, known)
      if (isScan) stolen.delete(member)
      for (const item of items) {
        const key = item.leaseKey?.S ?? ''
        // Of two looks at the same time the older one may arrive later.
        const counter = known.get(key)?.leaseCounter?.N
        if (counter === undefined || Number(item.leaseCounter?.N) > Number(counter)) known.set(key, item)
        if (isScan) continue
        const its = tenure(shardIn(key), member)
        // What an earlier tenure of the same worker still asks for tells this one nothing.
        if (its?.first && item.leaseOwner?.S !== member.id) its.told = true
      }
    },
    read: (member, id, moved, caughtUp) => {
      const its = tenure(id, member)
      if (its === undefined) return
      if (moved) its.movedAt = now()
      if (caughtUp) its.caughtUpAt = now()
    },
    violate,
  }
}

export function shardIn(key: string): string {
  return key.slice(key.lastIndexOf(':') + 1)
}

function toldWrite(before: Item | undefined, after: Item | undefined): string {
  if (before === undefined) return `makes the lease at ${after?.checkpoint?.S}`
  if (after === undefined) return 'deletes the lease'
  const [owner, next] = [before.leaseOwner?.S, after.leaseOwner?.S]
  const counter = `counter ${after.leaseCounter?.N}`
  if (owner !== next)
    return `${next === undefined ? 'gives the lease up' : `takes the lease from ${owner ?? 'nobody'}`} (${counter})`
  if (before.checkpoint?.S !== after.checkpoint?.S)
    return `writes the checkpoint ${after.checkpoint?.S} (${counter})`
  return `renews (${counter})`
}
