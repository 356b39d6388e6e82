/**
 * Owns a model of a worker that follows KCL 2.x by the book: takes by count, renews every third of the failover, handles one batch after the
 * other and checkpoints after each, waits for parents, makes the leases of children before it ends a shard, and keeps its leases when it stops.
 * https://github.com/awslabs/amazon-kinesis-client, branch v2.x: `DynamoDBLeaseTaker.java`, `DynamoDBLeaseRenewer.java`, `ShardConsumer.java`.
 */

import { isDeepStrictEqual } from 'node:util'
import {
  type AttributeValue,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { GetRecordsCommand, GetShardIteratorCommand } from '@aws-sdk/client-kinesis'
import type { Clock } from '@spaceship/core/ports'
import { type Item, itemOf, type Lease, leaseOf } from '../leases/lease.ts'
import { TABLE } from './dynamodb.ts'
import { STREAM } from './kinesis.ts'

interface Client {
  send(command: unknown): Promise<object>
}

export interface JavaOptions {
  readonly me: string
  readonly clock: Clock
  readonly dynamodb: Client
  readonly kinesis: Client
  readonly failover: number
  readonly random: () => number
  /** Handles one record. */
  readonly handle: (data: Uint8Array) => Promise<void>
}

interface Holding {
  lease: Lease
  /** When the last write of it was answered: after one failover the worker takes it for lost. */
  renewedAt: number
  lost: boolean
  queue: Promise<unknown>
}

const IDLE = 500
const PARENT_POLL = 2_000
const BACKOFF = 500

/** @returns what stops it: it then renews nothing more, and gives nothing back */
export function startJava({
  me,
  clock,
  dynamodb,
  kinesis,
  failover,
  random,
  handle,
}: JavaOptions): () => void {
  const stop = new AbortController()
  const { signal } = stop
  const holdings = new Map<string, Holding>()
  const seen = new Map<string, { readonly counter: number; readonly since: number }>()

  async function every(ms: number, work: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      await work().catch(() => {})
      await clock.sleep(ms, signal)
    }
  }

  async function scan(): Promise<Lease[]> {
    const items: Item[] = []
    let from: Item | undefined
    do {
      const start = from === undefined ? {} : { ExclusiveStartKey: from }
      // `send` of the simulation answers as DynamoDB does.
      const page = (await dynamodb.send(
        new ScanCommand({ TableName: TABLE, ConsistentRead: true, ...start }),
      )) as { readonly Items: Item[]; readonly LastEvaluatedKey?: Item }
      items.push(...page.Items)
      from = page.LastEvaluatedKey
    } while (from !== undefined)
    return items.flatMap((item) => leaseOf(item) ?? [])
  }

  async function take(): Promise<void> {
    const leases = await scan()
    const now = clock.monotonic()
    const still = (lease: Lease) => {
      const known = seen.get(lease.key)
      if (known?.counter === lease.counter) return now - known.since
      seen.set(lease.key, { counter: lease.counter, since: now })
      return 0
    }
    const ages = new Map(leases.map((lease) => [lease, still(lease)]))
    const available = leases.filter((lease) => lease.owner === undefined || (ages.get(lease) ?? 0) > failover)
    const old = available.filter((lease) => (ages.get(lease) ?? 0) > 3 * failover)
    const free = new Set(available)
    const loads = new Map<string, Lease[]>([[me, []]])
    for (const lease of leases) {
      if (lease.owner === undefined || free.has(lease)) continue
      loads.set(lease.owner, [...(loads.get(lease.owner) ?? []), lease])
    }
    const target = loads.size >= leases.length ? 1 : Math.ceil(leases.length / loads.size)
    const wanted = target - (loads.get(me)?.length ?? 0)
    for (const lease of chosen({ old, available, loads, target, wanted })) await takeOne(lease)
  }

  function chosen(look: {
    readonly old: Lease[]
    readonly available: Lease[]
    readonly loads: ReadonlyMap<string, Lease[]>
    readonly target: number
    readonly wanted: number
  }): Lease[] {
    const { old, available, loads, target, wanted } = look
    if (old.length > 0) return shuffled(old)
    if (wanted <= 0) return []
    if (available.length > 0) return shuffled(available).slice(0, wanted)
    const [busiest = []] = [...loads.values()].sort((a, b) => b.length - a.length)
    const excess = busiest.length - target
    return excess > 0 || (excess === 0 && wanted > 1) ? shuffled(busiest).slice(0, 1) : []
  }

  function shuffled(leases: readonly Lease[]): Lease[] {
    return leases
      .map((lease) => ({ lease, order: random() }))
      .sort((a, b) => a.order - b.order)
      .map(({ lease }) => lease)
  }

  async function takeOne(lease: Lease): Promise<void> {
    const isOthers = lease.owner !== undefined && lease.owner !== me
    const taken = await update(lease, {
      leaseOwner: { S: me },
      ownerSwitchesSinceCheckpoint: { N: String(lease.ownerSwitches + Number(isOthers)) },
    })
    if (taken === undefined || holdings.has(lease.key)) return
    const holding = { lease: taken, renewedAt: clock.monotonic(), lost: false, queue: Promise.resolve() }
    holdings.set(lease.key, holding)
    // Never rejects: what fails is caught.
    void consume(holding)
      .catch(() => {})
      .then(() => {
        if (holding.lost && holdings.get(lease.key) === holding) holdings.delete(lease.key)
      })
  }

  async function update(lease: Lease, set: Record<string, AttributeValue>): Promise<Lease | undefined> {
    const all: Record<string, AttributeValue> = { ...set, leaseCounter: { N: String(lease.counter + 1) } }
    const command = new UpdateItemCommand({
      TableName: TABLE,
      Key: { leaseKey: { S: lease.key } },
      ConditionExpression: 'leaseCounter = :seen',
      UpdateExpression: `SET ${Object.keys(all)
        .map((name) => `${name} = :${name}`)
        .join(', ')}`,
      ExpressionAttributeValues: {
        ...Object.fromEntries(Object.entries(all).map(([name, value]) => [`:${name}`, value])),
        ':seen': { N: String(lease.counter) },
      },
      ReturnValues: 'ALL_NEW',
    })
    try {
      // As above.
      const { Attributes } = (await dynamodb.send(command)) as { readonly Attributes: Item }
      return leaseOf(Attributes)
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ConditionalCheckFailedException') throw error
    }
    const row = await readRow(lease.key)
    const now = row && leaseOf(row)
    if (row === undefined || now?.owner !== me || now.counter !== lease.counter + 1) return undefined
    // It may be a renewal whose answer was lost. KCL takes it for this write all the same, and its end of a shard is lost: nothing of ours mends that.
    const isIts = Object.entries(set).every(([name, value]) => isDeepStrictEqual(row[name], value))
    return isIts ? now : update(now, set)
  }

  async function read(key: string): Promise<Lease | undefined> {
    const row = await readRow(key)
    return row && leaseOf(row)
  }

  async function readRow(key: string): Promise<Item | undefined> {
    const Key = { leaseKey: { S: key } }
    // As above.
    const { Item } = (await dynamodb.send(
      new GetItemCommand({ TableName: TABLE, Key, ConsistentRead: true }),
    )) as {
      readonly Item?: Item
    }
    return Item
  }

  /** Renewals and checkpoints of a lease follow one another. */
  function write(holding: Holding, set: Record<string, AttributeValue>): Promise<boolean> {
    const turn = holding.queue.then(async () => {
      if (holding.lost || signal.aborted) return false
      const written = await update(holding.lease, set)
      if (written === undefined) holding.lost = true
      else Object.assign(holding, { lease: written, renewedAt: clock.monotonic() })
      return written !== undefined
    })
    holding.queue = turn.catch(() => {})
    return turn
  }

  async function renew(): Promise<void> {
    await Promise.all(
      [...holdings.values()].map(async (holding) => {
        if (clock.monotonic() - holding.renewedAt > failover) holding.lost = true
        if (holding.lost) holdings.delete(holding.lease.key)
        else await write(holding, {}).catch(() => {})
      }),
    )
  }

  const isOver = (holding: Holding) => holding.lost || signal.aborted

  async function consume(holding: Holding): Promise<void> {
    const { shard, parents, checkpoint } = holding.lease
    if (checkpoint.sequence === 'SHARD_END') return
    for (const parent of parents) {
      const key = holding.lease.key.replace(shard, parent)
      while (!isOver(holding) && !(await isDone(key))) await clock.sleep(PARENT_POLL, signal)
    }
    let last = checkpoint.sequence
    let iterator: string | undefined
    while (!isOver(holding)) {
      try {
        iterator ??= await iteratorAt(shard, last, last === checkpoint.sequence)
        // As above.
        const page = (await kinesis.send(
          new GetRecordsCommand({ ShardIterator: iterator, Limit: 50 }),
        )) as Page
        const { Records, NextShardIterator, ChildShards = [] } = page
        for (const { SequenceNumber, Data } of Records) {
          if (isOver(holding)) return
          if (/^\d+$/.test(last) && SequenceNumber <= last) continue
          await handle(Data)
          last = SequenceNumber
        }
        if (Records.length > 0) await checkpointAt(holding, last)
        if (NextShardIterator === undefined) return await endShard(holding, ChildShards)
        iterator = NextShardIterator
      } catch (error) {
        if (error instanceof Error && error.name === 'ResourceNotFoundException') return endShard(holding, [])
        iterator = undefined
        await clock.sleep(BACKOFF, signal)
      }
      await clock.sleep(IDLE, signal)
    }
  }

  async function isDone(key: string): Promise<boolean> {
    const parent = await read(key).catch(() => 'unknown' as const)
    return parent !== 'unknown' && (parent === undefined || parent.checkpoint.sequence === 'SHARD_END')
  }

  async function iteratorAt(shard: string, from: string, isFirst: boolean): Promise<string> {
    const type = isFirst ? 'AT_SEQUENCE_NUMBER' : 'AFTER_SEQUENCE_NUMBER'
    const position = /^\d+$/.test(from)
      ? { ShardIteratorType: type, StartingSequenceNumber: from }
      : { ShardIteratorType: from }
    // The types that it takes are those above, or a sentinel. As above.
    const input = { StreamName: STREAM, ShardId: shard, ...position } as ConstructorParameters<
      typeof GetShardIteratorCommand
    >[0]
    const { ShardIterator } = (await kinesis.send(new GetShardIteratorCommand(input))) as {
      readonly ShardIterator: string
    }
    return ShardIterator
  }

  async function checkpointAt(holding: Holding, sequence: string, more: Record<string, AttributeValue> = {}) {
    return write(holding, {
      checkpoint: { S: sequence },
      checkpointSubSequenceNumber: { N: '0' },
      ownerSwitchesSinceCheckpoint: { N: '0' },
      ...more,
    })
  }

  async function endShard(holding: Holding, children: NonNullable<Page['ChildShards']>): Promise<void> {
    while (!isOver(holding)) {
      try {
        if (await isEarly(holding, children)) throw new Error('a parent of a merge has no lease yet')
        for (const { ShardId, ParentShards, HashKeyRange } of children) {
          const range = [HashKeyRange.StartingHashKey, HashKeyRange.EndingHashKey] as const
          const { stream } = holding.lease
          const lease = {
            stream,
            shard: ShardId,
            checkpoint: 'TRIM_HORIZON',
            parents: ParentShards,
            hashRange: range,
          }
          const { application: _, ...item } = itemOf(lease, '')
          await dynamodb
            .send(
              new PutItemCommand({
                TableName: TABLE,
                Item: item,
                ConditionExpression: 'attribute_not_exists(leaseKey)',
              }),
            )
            .catch((error: unknown) => {
              if (!(error instanceof Error) || error.name !== 'ConditionalCheckFailedException') throw error
            })
        }
        const names = children.map(({ ShardId }) => ShardId)
        await checkpointAt(holding, 'SHARD_END', names.length === 0 ? {} : { childShardIds: { SS: names } })
        return
      } catch {
        await clock.sleep(BACKOFF, signal)
      }
    }
  }

  async function isEarly(holding: Holding, children: NonNullable<Page['ChildShards']>): Promise<boolean> {
    const { key, shard } = holding.lease
    for (const { ShardId, ParentShards } of children) {
      if ((await read(key.replace(shard, ShardId))) !== undefined) continue
      for (const parent of ParentShards)
        if ((await read(key.replace(shard, parent))) === undefined) return true
    }
    return false
  }

  // Never rejects: a turn that fails is followed by the next one.
  void every(2 * (failover + 25), take)
  // Never rejects, as above.
  void every(failover / 3 - 25, renew)
  return () => stop.abort()
}

interface Page {
  readonly Records: readonly { readonly SequenceNumber: string; readonly Data: Uint8Array }[]
  readonly NextShardIterator?: string
  readonly ChildShards?: readonly {
    readonly ShardId: string
    readonly ParentShards: readonly string[]
    readonly HashKeyRange: { readonly StartingHashKey: string; readonly EndingHashKey: string }
  }[]
}
