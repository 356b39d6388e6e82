/**
 * Owns a Kinesis stream of a simulation, as strict as AWS's: iterators that expire, five reads and five new iterators a second and shard, twenty
 * summaries and a thousand lists a second, pages of ListShards, sequence numbers that have to be the shard's, shards that end with their children.
 */

import { createHash } from 'node:crypto'
import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis'
import type { Chance } from '@spaceship/core/testing'
import { createQuota } from './quota.ts'
import { refusal } from './refusal.ts'
import { BEGINNING } from './universe.ts'

export interface Put {
  readonly key: string
  /** The place of the record among those of its key, from 0. */
  readonly n: number
  readonly shard: string
  readonly sequence: string
  readonly at: number
  readonly data: Uint8Array
}

export interface SimShard {
  readonly id: string
  readonly parents: readonly string[]
  readonly children: string[]
  readonly start: bigint
  readonly end: bigint
  readonly first: string
  readonly openedAt: number
  /** Of the last record that it could have; undefined while it is open. */
  last: string | undefined
  /** When it was closed. */
  closedAt: number
  /** The place of the first record that has not expired. */
  horizon: number
  /** Its records have expired, and it with them. */
  gone: boolean
  readonly puts: Put[]
  /** Whether a read is one too many, or an iterator. */
  readonly isOverRead: () => boolean
  readonly isOverAsked: () => boolean
}

export interface SimStream {
  readonly shards: readonly SimShard[]
  shard(id: string): SimShard | undefined
  /** @param data @default a change of a row of its own */
  put(key: string, data?: Uint8Array): Put
  /** The record of a shard that has this sequence number. */
  at(shard: string, sequence: string): Put | undefined
  /** Undefined if there is nothing to split or merge there. */
  split(pick: number): SimShard | undefined
  merge(pick: number): SimShard | undefined
  /** Iterators that were handed out before are of no use any more. */
  expireIterators(): void
  /** Records that were put before then expire, and with them the shards that were closed before. @returns how many */
  forget(before: number): number
  /** Shards that were closed long ago, and of which this is so, are there no longer. */
  trim(isDone: (shard: SimShard) => boolean): void
  /** @throws what AWS would refuse it with */
  answer(command: unknown): object
}

export const STREAM = 'cdc'
const ACCOUNT = '123456789012'
const CREATED = new Date(BEGINNING)
const LAST_HASH = 2n ** 128n - 1n
const ITERATOR_LIFE = 300_000
/** Within a second: those of a shard, of a stream, and of an account. */
const READS = 5
const LISTS = 1_000
const SUMMARIES = 20
/** A day in truth: longer than the first look of a worker takes, which makes the leases. */
const RETENTION = 15_000

/** @param now virtual milliseconds */
export function createStream(count: number, now: () => number, chance: Chance): SimStream {
  const shards: SimShard[] = []
  const byId = new Map<string, SimShard>()
  const counts = new Map<string, number>()
  const hashes = new Map<string, bigint>()
  const routes = new Map<string, SimShard>()
  const [isOverListed, isOverSummed] = [createQuota(LISTS, now), createQuota(SUMMARIES, now)]
  let drawn = 0
  let expiredBefore = -1

  function nextSequence(): string {
    drawn += 1 + chance.below(1_000)
    return `496${String(drawn).padStart(53, '0')}`
  }

  function open(start: bigint, end: bigint, parents: readonly SimShard[]): SimShard {
    const id = `shardId-${String(shards.length).padStart(12, '0')}`
    const shard: SimShard = {
      ...{ id, start, end, parents: parents.map((parent) => parent.id), children: [], first: nextSequence() },
      openedAt: now(),
      ...{ last: undefined, closedAt: 0, gone: false, puts: [], horizon: 0 },
      ...{ isOverRead: createQuota(READS, now), isOverAsked: createQuota(READS, now) },
    }
    for (const parent of parents) parent.children.push(id)
    shards.push(shard)
    byId.set(id, shard)
    routes.clear()
    return shard
  }

  function close(shard: SimShard): void {
    shard.last = nextSequence()
    shard.closedAt = now()
  }

  function shardOf(key: string): SimShard {
    const known = routes.get(key)
    if (known !== undefined) return known
    const hash = hashes.get(key) ?? BigInt(`0x${createHash('md5').update(key).digest('hex')}`)
    hashes.set(key, hash)
    const found = shards.find(({ last, start, end }) => last === undefined && start <= hash && hash <= end)
    if (found === undefined) throw new Error(`no open shard takes the key ${key}`)
    routes.set(key, found)
    return found
  }

  const isOpen = ({ last }: SimShard) => last === undefined
  const width = (LAST_HASH + 1n) / BigInt(count)
  for (let n = 0; n < count; n += 1) {
    const start = BigInt(n) * width
    open(start, n === count - 1 ? LAST_HASH : start + width - 1n, [])
  }

  function found(id: string | undefined): SimShard {
    const shard = byId.get(id ?? '')
    if (shard === undefined || shard.gone)
      throw refusal('ResourceNotFoundException', `Shard ${id} does not exist`)
    return shard
  }

  function iterator({ input }: GetShardIteratorCommand): object {
    named(input.StreamName)
    const shard = found(input.ShardId)
    if (shard.isOverAsked()) throw refusal('ProvisionedThroughputExceededException')
    const { ShardIteratorType: type, StartingSequenceNumber: from, Timestamp: at } = input
    if (type !== 'AT_TIMESTAMP') return { ShardIterator: tokenOf(shard, placeOf(shard, type, from)) }
    if (at === undefined) throw refusal('InvalidArgumentException', 'AT_TIMESTAMP takes a time')
    const place = shard.puts.findIndex((put, n) => n >= shard.horizon && put.at >= arrivalOf(at))
    return { ShardIterator: tokenOf(shard, place === -1 ? shard.puts.length : place) }
  }

  function placeOf(shard: SimShard, type: string | undefined, from: string | undefined): number {
    if (type === 'TRIM_HORIZON' || type === 'LATEST') {
      if (from !== undefined) throw refusal('InvalidArgumentException', `${type} takes no sequence number`)
      return type === 'LATEST' ? shard.puts.length : shard.horizon
    }
    const isOurs =
      from?.length === 56 && from >= shard.first && (shard.last === undefined || from <= shard.last)
    if ((type !== 'AT_SEQUENCE_NUMBER' && type !== 'AFTER_SEQUENCE_NUMBER') || !isOurs)
      throw refusal('InvalidArgumentException', `${from} is not of ${shard.id}, or ${type} is no type`)
    const place = firstAt(shard.puts, from)
    return type === 'AFTER_SEQUENCE_NUMBER' && shard.puts[place]?.sequence === from ? place + 1 : place
  }

  function tokenOf({ id }: SimShard, place: number): string {
    return `${id}/${place}/${now()}`
  }

  function records({ input }: GetRecordsCommand): object {
    const [id, at = '', issued = ''] = (input.ShardIterator ?? '').split('/')
    const shard = found(id)
    const limit = input.Limit ?? 10_000
    if (issued === '' || limit < 1 || limit > 10_000)
      throw refusal('InvalidArgumentException', 'the iterator or the limit is none')
    if (Number(issued) < Math.max(expiredBefore, now() - ITERATOR_LIFE))
      throw refusal('ExpiredIteratorException')
    if (shard.isOverRead()) throw refusal('ProvisionedThroughputExceededException')
    // What has expired is passed over without a word.
    const from = Math.max(shard.horizon, Number(at))
    // Kinesis may answer with nothing though there is more.
    const page = chance.oneIn(20) ? [] : shard.puts.slice(from, from + limit)
    const to = from + page.length
    const next = shard.puts[to]
    const isOver = shard.last !== undefined && next === undefined && (page.length === 0 || chance.oneIn(2))
    return {
      Records: page.map(({ sequence, key, data, at: arrived }) => ({
        SequenceNumber: sequence,
        PartitionKey: key,
        Data: data,
        ApproximateArrivalTimestamp: arrivalAt(arrived),
      })),
      MillisBehindLatest: next === undefined ? 0 : Math.ceil(now() - next.at),
      ...(isOver
        ? { ChildShards: shard.children.flatMap((child) => byId.get(child) ?? []).map(childOf) }
        : { NextShardIterator: tokenOf(shard, to) }),
    }
  }

  function list({ input }: ListShardsCommand): object {
    if ((input.NextToken === undefined) === (input.StreamName === undefined))
      throw refusal('InvalidArgumentException', 'expected either a stream or a token')
    if (input.StreamName !== undefined) named(input.StreamName)
    if (isOverListed()) throw refusal('LimitExceededException')
    const [from, size] = (input.NextToken ?? `0/${input.MaxResults ?? 1_000}`).split('/').map(Number)
    const [start = 0, most = 1_000] = [from, size]
    const { Type: type, Timestamp: openAt } = input.ShardFilter ?? {}
    if (type !== undefined && (type !== 'AT_TIMESTAMP' || openAt === undefined))
      throw refusal('InvalidArgumentException', `the filter ${type} is none`)
    const then = openAt === undefined ? undefined : arrivalOf(openAt)
    const isListed = ({ openedAt, closedAt, last }: SimShard) =>
      then === undefined || (openedAt <= then && (last === undefined || closedAt > then))
    const listed = shards.filter((shard) => !shard.gone && isListed(shard))
    const page = listed.slice(start, start + most)
    return {
      Shards: page.map(described),
      ...(start + most < listed.length ? { NextToken: `${start + most}/${most}` } : {}),
    }
  }

  return {
    shards,
    shard: (id) => byId.get(id),
    at: (id, sequence) => {
      const puts = byId.get(id)?.puts ?? []
      const put = puts[firstAt(puts, sequence)]
      return put?.sequence === sequence ? put : undefined
    },
    put: (key, data) => {
      const shard = shardOf(key)
      const n = counts.get(key) ?? 0
      counts.set(key, n + 1)
      const sequence = nextSequence()
      const put = { key, n, shard: shard.id, sequence, at: now(), data: data ?? changeOf(key, n, drawn) }
      shard.puts.push(put)
      return put
    },
    split: (pick) => {
      const able = shards.filter((shard) => isOpen(shard) && shard.end - shard.start > 2n)
      const parent = able[pick % Math.max(1, able.length)]
      if (parent === undefined) return undefined
      close(parent)
      const middle = parent.start + (parent.end - parent.start) / 2n
      open(parent.start, middle, [parent])
      open(middle + 1n, parent.end, [parent])
      return parent
    },
    merge: (pick) => {
      const open_ = shards.filter(isOpen).sort((a, b) => (a.start < b.start ? -1 : 1))
      const place = pick % Math.max(1, open_.length - 1)
      const [one, other] = [open_[place], open_[place + 1]]
      if (one === undefined || other === undefined) return undefined
      close(one)
      close(other)
      open(one.start, other.end, [one, other])
      return one
    },
    expireIterators: () => {
      expiredBefore = now()
    },
    forget: (before) => {
      let count = 0
      for (const shard of shards) {
        const kept = shard.puts.findIndex((put) => put.at >= before)
        const horizon = Math.max(shard.horizon, kept === -1 ? shard.puts.length : kept)
        count += horizon - shard.horizon
        shard.horizon = horizon
        if (shard.last !== undefined && shard.closedAt < before) shard.gone = true
      }
      return count
    },
    trim: (isDone) => {
      // Parents are closed before their children are, so they expire first.
      for (const shard of shards) {
        const isOldest = shard.parents.every((parent) => byId.get(parent)?.gone)
        const isOld = shard.last !== undefined && shard.closedAt < now() - RETENTION
        if (isOld && isOldest && isDone(shard)) shard.gone = true
      }
    },
    answer: (command) => {
      if (command instanceof GetRecordsCommand) return records(command)
      if (command instanceof GetShardIteratorCommand) return iterator(command)
      if (command instanceof ListShardsCommand) return list(command)
      if (command instanceof DescribeStreamSummaryCommand) {
        if (isOverSummed()) throw refusal('LimitExceededException')
        return summary(command)
      }
      throw refusal('UnknownOperationException')
    },
  }
}

/** A moment of a run, as the stream dates it, and back. */
export function arrivalAt(at: number): Date {
  return new Date(CREATED.getTime() + at)
}

function arrivalOf(date: Date): number {
  return date.getTime() - CREATED.getTime()
}

/** The first record that is not before the sequence number. All numbers have the same length. */
export function firstAt(puts: readonly Put[], sequence: string): number {
  let [low, high] = [0, puts.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((puts[middle]?.sequence ?? '') < sequence) low = middle + 1
    else high = middle
  }
  return low
}

function named(name: string | undefined): void {
  if (name !== STREAM) throw refusal('ResourceNotFoundException', `Stream ${name} not found`)
}

function summary({ input }: DescribeStreamSummaryCommand): object {
  named(input.StreamName)
  const StreamARN = `arn:aws:kinesis:eu-west-1:${ACCOUNT}:stream/${STREAM}`
  return {
    StreamDescriptionSummary: { StreamName: STREAM, StreamARN, StreamCreationTimestamp: CREATED },
  }
}

function rangeOf({ start, end }: SimShard) {
  return { StartingHashKey: String(start), EndingHashKey: String(end) }
}

function childOf(shard: SimShard) {
  return { ShardId: shard.id, ParentShards: [...shard.parents], HashKeyRange: rangeOf(shard) }
}

function described(shard: SimShard) {
  const [parent, adjacent] = shard.parents
  return {
    ShardId: shard.id,
    ...(parent === undefined ? {} : { ParentShardId: parent }),
    ...(adjacent === undefined ? {} : { AdjacentParentShardId: adjacent }),
    HashKeyRange: rangeOf(shard),
    SequenceNumberRange: {
      StartingSequenceNumber: shard.first,
      ...(shard.last === undefined ? {} : { EndingSequenceNumber: shard.last }),
    },
  }
}

/** As DynamoDB writes it. */
function changeOf(key: string, n: number, order: number): Uint8Array {
  const time = 1_796_000_000_000_000 + order
  const image = `{"id":{"S":"${key}"},"n":{"N":"${n}"}}`
  return Buffer.from(
    `{"awsRegion":"eu-west-1","eventID":"${key}-${n}","eventName":"MODIFY","userIdentity":null,"recordFormat":"application/json",` +
      `"tableName":"items","dynamodb":{"ApproximateCreationDateTime":${time},"ApproximateCreationDateTimePrecision":"MICROSECOND",` +
      `"Keys":{"id":{"S":"${key}"}},"NewImage":${image},"SizeBytes":60},"eventSource":"aws:dynamodb"}`,
  )
}
