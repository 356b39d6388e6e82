/** Owns what must hold when somebody writes a lease. */

import { isDeepStrictEqual } from 'node:util'
import type { Item } from '../leases/lease.ts'
import { type Book, type Member, shardIn, type Tenure } from './book.ts'
import { made } from './deletions.ts'
import type { Write } from './dynamodb.ts'
import type { SimShard } from './kinesis.ts'

/** Failovers for which a shard with unread records may be renewed without being read. */
const PATIENCE = 10

/** What members have seen of the table. */
export interface Sight {
  /** Whether this member has lately seen the row with this counter. */
  has(member: Member, key: string, counter: string): boolean
  /** A lease of a living owner is taken. @returns how many of them since the last look */
  steals(member: Member): number
}

export function wrote(book: Book, sight: Sight, member: Member, write: Write): void {
  const { key, before, after, takes } = write
  const shard = shardIn(key)
  const owner = before?.leaseOwner?.S
  book.note(shard, member.id, toldWrite(write))
  if (before === undefined) {
    if (after !== undefined) made(book, member, shard, after)
    return
  }
  if (after === undefined) {
    if (before.checkpoint?.S !== 'SHARD_END')
      book.violate('deleted', `${member.id} deletes the lease of a shard that has not ended`, shard)
    return
  }
  if (takes) {
    taken(book, sight, member, key, before)
    return
  }
  if (owner !== undefined && owner !== member.id && after.leaseOwner === undefined) {
    freed(book, sight, member, key, before)
    return
  }
  if (isAsk(write) || isWithdrawal(member, write)) return
  if (owner !== member.id) book.violate('write', `${member.id} writes a lease of ${owner ?? 'nobody'}`, shard)
  const its = book.tenure(shard, member)
  if (its === undefined) return
  its.wroteAt = book.now()
  checkProgress(book, its, shard)
  if (before.checkpoint?.S !== after.checkpoint?.S)
    checkCheckpoint(book, member, { from: before.checkpoint?.S ?? '', to: after.checkpoint?.S ?? '' }, shard)
  if (after.leaseOwner === undefined) passOn(book, its)
}

/** Whether nothing is written but who wants the lease of a living owner, which does not keep it from writing. */
function isAsk({ before, after }: Write): boolean {
  if (before?.leaseOwner === undefined || after?.spaceshipWanted === undefined) return false
  const { spaceshipWanted, ...rest } = after
  return before.spaceshipWanted === undefined && isDeepStrictEqual(rest, before)
}

/** Whether nothing is written but that nobody wants the lease: by who has asked for it, or of a lease that nobody has. */
function isWithdrawal({ id }: Member, { before, after }: Write): boolean {
  if (before?.spaceshipWanted === undefined || after === undefined) return false
  const { spaceshipWanted, leaseOwner } = before
  if (leaseOwner !== undefined && spaceshipWanted.S?.startsWith(`${id}/`) !== true) return false
  return isDeepStrictEqual({ ...after, spaceshipWanted }, before)
}

function taken(book: Book, sight: Sight, member: Member, key: string, before: Item): void {
  const shard = shardIn(key)
  const owner = before.leaseOwner?.S
  book.counts.moves += 1
  if (!sight.has(member, key, before.leaseCounter?.N ?? ''))
    book.violate('take', `${member.id} takes a lease that has changed since it saw it`, shard)
  const steals = owner !== member.id && isAlive(book, shard, before) ? sight.steals(member) : 0
  if (steals > 1)
    book.violate('steal', `${member.id} takes ${steals} leases of living owners at one look`, shard)
  // Without a KCL fleet they are asked for, and given up.
  if (steals > 0 && !book.isMixed)
    book.violate('steal', `${member.id} takes the lease of ${owner}, which lives`, shard)
  book.promises.taken(shard, before)
  book.begin(shard, member, before.checkpoint?.S ?? '')
}

/** A member that looks for the dead frees a lease for all. */
function freed(book: Book, sight: Sight, member: Member, key: string, before: Item): void {
  const shard = shardIn(key)
  if (!sight.has(member, key, before.leaseCounter?.N ?? ''))
    book.violate('free', `${member.id} frees a lease that has changed since it saw it`, shard)
  if (isAlive(book, shard, before))
    book.violate('free', `${member.id} frees the lease of a living owner`, shard)
}

function isAlive(book: Book, shard: string, { leaseOwner }: Item): boolean {
  return book
    .tenures(shard)
    .some((its) => its.member.id === leaseOwner?.S && book.now() - its.wroteAt < book.failover)
}

function checkCheckpoint(
  { deletions, stream, rows, prefix, violate }: Book,
  member: Member,
  { from, to }: { readonly from: string; readonly to: string },
  id: string,
): void {
  const shard = stream.shard(id)
  if (shard === undefined) return
  const isBack = /^\d+$/.test(from) && to !== 'SHARD_END' && to < from
  if (isBack || from === 'SHARD_END' || !/^(\d+|SHARD_END)$/.test(to)) {
    violate('checkpoint', `${member.id} moves the checkpoint back from ${from} to ${to}`, id)
    return
  }
  const gap = shard.puts[prefix(shard)]
  if (gap !== undefined && (to === 'SHARD_END' || gap.sequence <= to))
    violate(
      'checkpoint',
      `${member.id} writes ${to}, and ${gap.key}#${gap.n} (${gap.sequence}) is not handled`,
      id,
    )
  // Of what the stream has forgotten nobody can tell the children: they are found as shards to which no lease leads.
  if (to !== 'SHARD_END' || shard.gone) return
  if (shard.last === undefined) violate('shard-end', `${member.id} ends a shard that is open`, id)
  const names = new Set([...rows.keys()].map(shardIn))
  const missing = shard.children.filter(
    (child) => !names.has(child) && !deletions.missing.has(child) && stream.shard(child)?.gone === false,
  )
  if (missing.length > 0)
    violate('shard-end', `${member.id} ends a shard, and no lease leads to ${missing.join(', ')}`, id)
}

function checkProgress(book: Book, { member, since, movedAt }: Tenure, id: string): void {
  const { failover, isExcused, now, prefix, stream, violate } = book
  const shard = stream.shard(id)
  const from = now() - PATIENCE * failover
  if (shard === undefined || since > from || movedAt > from || isExcused(member, from)) return
  const next = shard.puts[prefix(shard)]
  if (next === undefined || next.at >= from || waitsForParents(book, shard)) return
  const still = Math.round(now() - movedAt)
  violate(
    'idle',
    `${member.id} renews its lease, and has stood still before ${next.key}#${next.n} for ${still} ms`,
    id,
  )
}

function waitsForParents({ rows }: Book, { parents }: SimShard): boolean {
  return [...rows].some(([key, row]) => parents.includes(shardIn(key)) && row.checkpoint?.S !== 'SHARD_END')
}

/** The lease then tells all that was handled. */
function passOn({ now, passedOn }: Book, { member, done }: Tenure): void {
  if (member.kind === 'ours') for (const put of done) if (!passedOn.has(put)) passedOn.set(put, now())
}

function toldWrite(write: Write): string {
  const { before, after, takes } = write
  if (before === undefined) return `makes the lease at ${after?.checkpoint?.S}`
  if (after === undefined) return 'deletes the lease'
  const counter = `counter ${after.leaseCounter?.N}`
  if (isAsk(write)) return `asks for the lease of ${before.leaseOwner?.S}`
  if (before.spaceshipWanted !== undefined && after.leaseCounter?.N === before.leaseCounter?.N)
    return `asks for the lease no more, for ${before.spaceshipWanted.S}`
  if (takes) return `takes the lease from ${before.leaseOwner?.S ?? 'nobody'} (${counter})`
  if (after.leaseOwner === undefined) return `gives the lease up (${counter})`
  return before.checkpoint?.S === after.checkpoint?.S
    ? `renews (${counter})`
    : `writes the checkpoint ${after.checkpoint?.S} (${counter})`
}
