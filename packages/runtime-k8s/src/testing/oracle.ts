/**
 * Owns what must hold in a simulation, whatever happens: it sees each record that is put, each start and end of a handler and each write to the
 * lease table, in the order in which they truly happen.
 *
 * | what                                                                                         | is asked at                 |
 * |----------------------------------------------------------------------------------------------|-----------------------------|
 * | all earlier records of a key were handled, and all of the shard's parents                    | each start (`starts.ts`)    |
 * | the worker holds the lease as far as it may know, and nobody could have taken it             | each start                  |
 * | in one tenure nothing is handled twice, out of its key's order, or beside its key's others;  | each start                  |
 * | nor what lies below the checkpoint or was handled when the lease was given back              |                             |
 * | who writes a lease holds it, or takes it as it saw it; of living owners one at a time        | each write (`writes.ts`)    |
 * | a checkpoint moves on, over handled records only; an ended shard has leases for its children | each write                  |
 * | a lease is made again only if somebody has deleted it (`deletions.ts`)                       | each write                  |
 * | a shard whose lease is renewed is read, unless its service is down                           | each renewal                |
 * | a worker that has stopped in order has given back what it held                               | its end                     |
 * | everything is handled, each open shard is owned and read, the shares are equal               | the end of all (`rest.ts`)  |
 */

import type { Item } from '../leases/lease.ts'
import {
  type Book,
  type Counts,
  createBook,
  type Member,
  shardIn,
  type Tenure,
  type Watching,
} from './book.ts'
import { deleted } from './deletions.ts'
import type { Write } from './dynamodb.ts'
import type { Put, SimShard } from './kinesis.ts'
import { ends, starts } from './starts.ts'
import { type Sight, wrote } from './writes.ts'

export interface Oracle extends Pick<Book, 'violation' | 'violate' | 'tenure'> {
  /** Whether the shard may be left unread, for what somebody has done to its lease. */
  isSkipped(shard: string): boolean
  isPromised(shard: SimShard, put: Put): boolean
  readonly counts: Readonly<Counts>
  put(put: Put): void
  /** How many records of the shard are handled without a gap, from its first one. */
  handled(shard: SimShard): number
  starts(member: Member, key: string, n: number): Tenure | undefined
  ends(its: Tenure | undefined, key: string, n: number, well: boolean): void
  /** It was kept as a dead letter. */
  kept(shard: string, sequence: string): void
  wrote(member: Member, write: Write): void
  /** Somebody who is no member has deleted a row. */
  deleted(shard: string, row: Item): void
  /** A member has seen these rows: a whole scan, or one of them. */
  saw(member: Member, items: readonly Item[], isScan: boolean): void
  /** A member has got an iterator at the newest record. */
  pointed(member: Member, shard: string, place: number): void
  read(member: Member, shard: string, moved: boolean, caughtUp: boolean): void
  /** A member says that it has lost the lease. */
  lost(member: Member, shard: string): void
  /** A member has ended in order, by itself. */
  stopped(member: Member): void
}

export function createOracle(watching: Watching): Oracle {
  const book = createBook(watching)
  const { byKey, counts, handled, note, now, rows, stream, tenure, violate } = book
  const looks = createLooks()

  return {
    get violation() {
      return book.violation
    },
    ...{ counts, tenure, violate },
    put: (put) => {
      const puts = byKey.get(put.key) ?? []
      if (puts.length === 0) byKey.set(put.key, puts)
      puts.push(put)
      counts.records += 1
      note(put.shard, 'producer', `puts ${put.key}#${put.n} as ${put.sequence.slice(-12)}`)
    },
    handled: book.prefix,
    isPromised: book.promises.isPromised,
    pointed: (member, id, place) => {
      const owner = [...rows].find(([key]) => shardIn(key) === id)?.[1].leaseOwner?.S
      if (owner === member.id && tenure(id, member) !== undefined) book.promises.pointed(id, place)
    },
    isSkipped: (shard) => book.deletions.skipped.has(shard),
    starts: (member, key, n) => starts(book, member, key, n),
    ends: (its, key, n, well) => ends(book, its, key, n, well),
    kept: (id, sequence) => {
      const put = stream.at(id, sequence)
      if (put === undefined) {
        violate('unknown', `a letter of ${sequence}, which nobody put`, id)
        return
      }
      note(id, 'letters', `keeps ${put.key}#${put.n}`)
      counts.letters += 1
      handled.add(put)
    },
    wrote: (member, write) => wrote(book, looks, member, write),
    deleted: (shard, row) => deleted(book, shard, row),
    saw: (member, items, isScan) => {
      looks.add(member, items, isScan)
      if (isScan) return
      for (const { leaseKey, leaseOwner } of items) {
        const its = tenure(shardIn(leaseKey?.S ?? ''), member)
        // What an earlier tenure of the same worker still asks for tells this one nothing.
        if (its?.first && leaseOwner?.S !== member.id) its.told = true
      }
    },
    read: (member, id, moved, caughtUp) => {
      const its = tenure(id, member)
      if (its === undefined) return
      if (moved) its.movedAt = now()
      if (caughtUp) its.caughtUpAt = now()
    },
    lost: (member, shard) => {
      const its = tenure(shard, member)
      if (its !== undefined) its.lost = true
    },
    stopped: (member) => {
      for (const [key, row] of rows) {
        const its = row.leaseOwner?.S === member.id ? tenure(shardIn(key), member) : undefined
        const isHeld = its !== undefined && !its.lost && now() - its.wroteAt < book.failover / 2
        if (isHeld && member.kind === 'ours' && !book.isExcused(member, now() - 3 * book.failover))
          violate('kept', `${member.id} has stopped, and its lease is still its own`, shardIn(key))
      }
    },
  }
}

/** Counters of a row that are kept: of two looks at the same time the older one may arrive later. */
const KEPT = 3

/** What each member has seen. */
function createLooks(): Sight & { add(member: Member, items: readonly Item[], isScan: boolean): void } {
  const counters = new Map<Member, Map<string, readonly string[]>>()
  const stolen = new Map<Member, number>()
  return {
    has: (member, key, counter) => counters.get(member)?.get(key)?.includes(counter) === true,
    steals: (member) => {
      const times = (stolen.get(member) ?? 0) + 1
      stolen.set(member, times)
      return times
    },
    add: (member, items, isScan) => {
      const known = counters.get(member) ?? new Map<string, readonly string[]>()
      counters.set(member, known)
      if (isScan) stolen.delete(member)
      for (const { leaseKey, leaseCounter } of items) {
        const [key, counter] = [leaseKey?.S ?? '', leaseCounter?.N ?? '']
        const last = known.get(key) ?? []
        if (last.at(-1) !== counter) known.set(key, [...last.slice(1 - KEPT), counter])
      }
    },
  }
}
