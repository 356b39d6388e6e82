/** Owns what must hold when a handler starts. */

import type { Book, Member, Tenure } from './book.ts'
import type { Put, SimShard } from './kinesis.ts'

/** @returns the tenure in which it starts */
export function starts(book: Book, member: Member, key: string, n: number): Tenure | undefined {
  const { byKey, counts, handled, now, stream, violate } = book
  const put = byKey.get(key)?.[n]
  const shard = stream.shard(put?.shard ?? '')
  if (put === undefined || shard === undefined) {
    violate('unknown', `a handler got ${key}#${n}, which nobody put`)
    return undefined
  }
  const its = book.tenure(shard.id, member)
  book.note(shard.id, member.id, `starts ${key}#${n}`)
  counts.starts += 1
  if (handled.has(put)) counts.repeats += 1
  if (its === undefined) {
    violate('start', `${member.id} starts ${key}#${n} without ever having had its lease`, shard.id)
    return undefined
  }
  checkOrder(book, put, shard)
  if (member.kind === 'ours') {
    checkHolding(book, its, put)
    checkTenure(book, its, put)
  }
  its.movedAt = now()
  its.started.set(key, n)
  its.running.set(key, n)
  return its
}

/** @param its in which it started: it may have ended meanwhile @param well whether the handler returned */
export function ends(book: Book, its: Tenure | undefined, key: string, n: number, well: boolean): void {
  const put = book.byKey.get(key)?.[n]
  if (put === undefined || its === undefined) return
  book.note(put.shard, its.member.id, `${well ? 'ends' : 'fails'} ${key}#${n}`)
  its.running.delete(key)
  its.movedAt = book.now()
  if (!well) return
  book.handled.add(put)
  its.done.add(put)
}

function checkOrder(
  { byKey, deletions, handled, promises, stream, prefix, violate }: Book,
  put: Put,
  shard: SimShard,
): void {
  const before = put.n === 0 ? undefined : byKey.get(put.key)?.[put.n - 1]
  const { late } = deletions
  const isExcused = before !== undefined && before.shard !== put.shard && late.has(before.shard)
  const origin = stream.shard(before?.shard ?? '')
  const isDue = before !== undefined && origin !== undefined && promises.isPromised(origin, before)
  if (isDue && !isExcused && !handled.has(before))
    violate('order', `${put.key}#${put.n} starts before ${put.key}#${before.n} is handled`, put.shard)
  for (const id of shard.parents) {
    const parent = stream.shard(id)
    if (parent !== undefined && !late.has(id) && prefix(parent) < parent.puts.length)
      violate('parents', `${put.key}#${put.n} starts before all of ${id} is handled`, put.shard)
  }
}

function checkHolding({ now, failover, passedOn, violate }: Book, its: Tenure, put: Put): void {
  const { member, wroteAt, told } = its
  const what = `${member.id} starts ${put.key}#${put.n}`
  const since = now() - wroteAt
  if (since > failover)
    violate('expired', `${what} though it last wrote its lease ${Math.round(since)} ms ago`, put.shard)
  if (told) violate('told', `${what} though it was told that another has the lease`, put.shard)
  if (its.since > (passedOn.get(put) ?? Number.POSITIVE_INFINITY))
    violate('passed-on', `${what}, which was handled when the lease was given back in order`, put.shard)
}

function checkTenure({ violate }: Book, its: Tenure, put: Put): void {
  const { key, n, shard } = put
  const [last, running] = [its.started.get(key), its.running.get(key)]
  const what = `${its.member.id} starts ${key}#${n}`
  if (its.done.has(put)) violate('repeated', `${what} again while it has the lease`, shard)
  if (/^\d+$/.test(its.from) && put.sequence <= its.from)
    violate('repeated', `${what}, and took the lease at the later checkpoint ${its.from}`, shard)
  if (last !== undefined && n < last)
    violate('order', `${what} after ${key}#${last} while it has the lease`, shard)
  if (running !== undefined) violate('overlap', `${what} while it still runs ${key}#${running}`, shard)
}
