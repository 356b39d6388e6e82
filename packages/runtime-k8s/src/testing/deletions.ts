/**
 * Owns what it excuses that somebody deletes a row of the lease table, beside the workers.
 *
 * | of                                          | is excused                                                                           |
 * |---------------------------------------------|--------------------------------------------------------------------------------------|
 * | the shard, and what it follows              | one new row each, and that all of it is handled again                                |
 * | the parents of the shard                    | that they end while it has no row                                                    |
 * | the shard, if it has not ended and what was | what is left of it, and that it comes late, with what it follows: workers of KCL     |
 * | merged of it and another one has a row, of  | take it for ended                                                                    |
 * | which something was read, or KCL's workers  |                                                                                      |
 * | are there                                   |                                                                                      |
 * | the same, whatever follows, at `LATEST`     | likewise: a row is made at the newest record, and of open shards alone               |
 * | what an open shard follows, at `LATEST`, if | likewise                                                                             |
 * | one of it has expired before it had a row   |                                                                                      |
 */

import type { Item } from '../leases/lease.ts'
import { type Book, type Member, shardIn } from './book.ts'

/** Somebody has deleted this row of the shard. */
export function deleted(book: Book, id: string, row: Item): void {
  const { deletions, note, rows, stream } = book
  note(id, 'somebody', `deletes the lease of ${row.leaseOwner?.S ?? 'nobody'} at ${row.checkpoint?.S}`)
  deletions.missing.set(id, row.checkpoint?.S !== 'SHARD_END')
  for (const one of lineOf(book, id)) deletions.anew.add(one)
  const children = new Set(stream.shard(id)?.children)
  const followers = [...rows].flatMap(([key, follower]) => (children.has(shardIn(key)) ? [follower] : []))
  // At the newest record it is made anew only while it is open, and passes over what was there.
  const isPassedOver = book.promises.start.from === 'LATEST'
  if (isPassedOver || followers.some((follower) => isAhead(book, follower))) overtaken(book, id)
}

/** A worker has made the row of a shard. */
export function made(book: Book, member: Member, id: string, row: Item): void {
  const { deletions, passedOn, stream, violate } = book
  const { anew, leased, missing } = deletions
  missing.delete(id)
  book.promises.made(id, row)
  const shard = stream.shard(id)
  if (isAhead(book, row)) for (const parent of shard?.parents ?? []) overtaken(book, parent)
  if (row.checkpoint?.S === 'LATEST' && isCutOff(book, id))
    for (const one of lineOf(book, id)) if (one !== id) pass(book, one)
  if (!leased.has(id)) {
    leased.add(id)
    return
  }
  if (!anew.delete(id)) violate('anew', `${member.id} makes a lease again that nobody has deleted`, id)
  for (const put of shard?.puts ?? []) passedOn.delete(put)
}

/** What would have led to the shard was deleted, or has expired before it had a row: it is not looked for at the newest record. */
function isCutOff(book: Book, id: string): boolean {
  const { deletions, stream } = book
  if (deletions.missing.size > 0) return true
  return [...lineOf(book, id)].some((one) => stream.shard(one)?.gone === true && !deletions.leased.has(one))
}

/** Whether it need not wait for a parent without a row: a worker of KCL takes that one for ended. */
function isAhead({ isMixed, promises }: Book, { checkpoint }: Item): boolean {
  return isMixed || promises.start.from === 'LATEST' || checkpoint?.S !== 'TRIM_HORIZON'
}

/** What follows the shard may be read. */
function overtaken(book: Book, id: string): void {
  if (book.deletions.missing.get(id) === true) pass(book, id)
}

function pass(book: Book, id: string): void {
  const { late, skipped } = book.deletions
  skipped.add(id)
  for (const one of lineOf(book, id)) late.add(one)
}

/** The shard, and all that it follows. */
function lineOf({ stream }: Book, id: string): ReadonlySet<string> {
  const line = new Set([id])
  // A set that grows while it is walked is walked to its end.
  for (const one of line) for (const parent of stream.shard(one)?.parents ?? []) line.add(parent)
  return line
}
