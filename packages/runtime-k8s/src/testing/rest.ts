/** Owns what must hold when all faults are over: everything is handled, each shard has an owner who reads it, and the shares are equal. */

import type { Item } from '../leases/lease.ts'
import { type Member, shardIn, type Violation } from './book.ts'
import type { SimShard, SimStream } from './kinesis.ts'
import type { Oracle } from './oracle.ts'

export interface Resting {
  readonly stream: SimStream
  readonly rows: ReadonlyMap<string, Item>
  readonly oracle: Oracle
  /** Who is there. */
  readonly members: readonly Member[]
  readonly now: number
  readonly failover: number
}

/** What is not yet at rest. */
export function unrest(resting: Resting): Violation | undefined {
  const { stream, oracle } = resting
  const rows = new Map([...resting.rows].map(([key, row]) => [shardIn(key), row]))
  for (const shard of stream.shards) {
    const put = oracle.isSkipped(shard.id) ? undefined : shard.puts[oracle.handled(shard)]
    if (put !== undefined)
      return { kind: 'lost', what: `${put.key}#${put.n} (${put.sequence}) is not handled`, shard: shard.id }
    const found =
      shard.last === undefined
        ? unread(resting, shard, rows.get(shard.id))
        : unended(shard, rows.get(shard.id))
    if (found !== undefined) return found
  }
  return unequal(resting, [...rows.values()])
}

function unread(
  { oracle, members, now, failover }: Resting,
  shard: SimShard,
  row: Item | undefined,
): Violation | undefined {
  const { id, puts } = shard
  const owner = members.find((member) => member.id === row?.leaseOwner?.S)
  const its = owner === undefined ? undefined : oracle.tenure(id, owner)
  if (its === undefined)
    return {
      kind: 'unowned',
      what: `nobody who lives has its lease (${row?.leaseOwner?.S ?? 'no owner'})`,
      shard: id,
    }
  if (its.caughtUpAt < now - 2 * failover)
    return {
      kind: 'unread',
      what: `${its.member.id} has not read it to its end for ${now - its.caughtUpAt} ms`,
      shard: id,
    }
  const last = puts.at(-1)
  // A checkpoint that failed comes with the next batch of a Java worker.
  return last === undefined ||
    !oracle.isPromised(shard, last) ||
    its.member.kind === 'java' ||
    row?.checkpoint?.S === last.sequence
    ? undefined
    : {
        kind: 'unwritten',
        what: `the checkpoint is ${row?.checkpoint?.S}, and all is handled up to ${last.sequence}`,
        shard: id,
      }
}

function unended({ id }: SimShard, row: Item | undefined): Violation | undefined {
  return row === undefined || row.checkpoint?.S === 'SHARD_END'
    ? undefined
    : {
        kind: 'unended',
        what: `the shard is closed and handled, and its lease is at ${row.checkpoint?.S}`,
        shard: id,
      }
}

/** Leases of ended shards count where Java workers are: so do theirs. */
function unequal({ members }: Resting, rows: readonly Item[]): Violation | undefined {
  const isMixed = members.some(({ kind }) => kind === 'java')
  const counted = rows.filter((row) => isMixed || row.checkpoint?.S !== 'SHARD_END')
  const most = Math.ceil(counted.length / members.length) + 1
  for (const { id } of members) {
    const own = counted.filter((row) => row.leaseOwner?.S === id).length
    if (own > most)
      return {
        kind: 'unequal',
        what: `${id} has ${own} of ${counted.length} leases, and ${members.length} share them`,
        shard: undefined,
      }
  }
  return undefined
}
