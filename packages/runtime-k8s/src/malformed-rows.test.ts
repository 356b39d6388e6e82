/** What a worker does with rows of its lease table that are no leases as KCL writes them. */

import { CreateTableCommand, DeleteItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { reactor } from '@spaceship/core'
import { virtualClock } from '@spaceship/core/memory'
import { silent } from '@spaceship/core/ports'
import { expect, test, vi } from 'vitest'
import { type Pods, podsOnShip, saved } from '../test/pods.ts'
import { rawMemory } from '../test/raw-leases.ts'
import { type Item, itemOf, SINGLE_STREAM } from './leases/lease.ts'
import { Streams } from './streams.ts'
import { ShardSync, type SyncSettings } from './sync.ts'

const wait = { timeout: 20_000, interval: 20 }
const [FIRST, SECOND] = ['shardId-000000000000', 'shardId-000000000001'] as const

async function rowsOf(pods: Pods): Promise<Readonly<Record<string, Item>>> {
  const { Items = [] } = await pods.dynamodb.send(new ScanCommand({ TableName: 'app', ConsistentRead: true }))
  return Object.fromEntries(Items.map((item) => [item.leaseKey?.S ?? '', item]))
}

const rowOf = (shard: string, parents: readonly string[] = []) =>
  itemOf({ stream: SINGLE_STREAM, shard, checkpoint: 'TRIM_HORIZON', parents, hashRange: undefined }, 'app')

test('a malformed row is told once, left as it is, while the others are read; mended, it is taken; spoilt again, it is told again', async () => {
  await using pods = await podsOnShip(2)
  await pods.put('a', 'b', 'c', 'd')
  await pods.dynamodb.send(
    new CreateTableCommand({
      TableName: 'app',
      KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  const put = (item: Item) => pods.dynamodb.send(new PutItemCommand({ TableName: 'app', Item: item }))
  const spoilt = { ...rowOf(SECOND), leaseCounter: { S: 'seven' } }
  await put(spoilt)
  const seen: string[] = []
  const note = reactor('note').on('see', saved, (e) => void seen.push(e.after.id))
  const pod = pods.pod(note)
  const run = pod.run()
  const told = () => pods.lines.filter(({ message }) => /is malformed/.test(message))
  await vi.waitFor(async () => expect((await rowsOf(pods))[FIRST]?.leaseOwner?.S).toBe(pod.id), wait)
  // Three lives of a lease, after which it would have been taken for forgotten: counted by the renewals of the other one.
  const counter = async () => Number((await rowsOf(pods))[FIRST]?.leaseCounter?.N)
  await vi.waitFor(async () => expect(await counter()).toBeGreaterThan(14), wait)
  expect(Object.keys(await rowsOf(pods)).sort()).toEqual([FIRST, SECOND])
  expect((await rowsOf(pods))[SECOND]).toEqual(spoilt)
  expect(told()).toMatchObject([
    {
      level: 'error',
      fields: {
        lease: SECOND,
        details: {
          problems: ["'leaseCounter' is S (5 characters): expected N, a whole number"],
          advice: expect.stringMatching(/^correct the row's attributes/),
        },
      },
    },
  ])
  expect(pods.lines.filter(({ level }) => level === 'error').length).toBe(1)
  await put(rowOf(SECOND))
  await vi.waitFor(() => expect([...new Set(seen)].sort()).toEqual(['a', 'b', 'c', 'd']), wait)
  await pods.dynamodb.send(new DeleteItemCommand({ TableName: 'app', Key: { leaseKey: { S: SECOND } } }))
  await put(spoilt)
  await vi.waitFor(() => expect(told().length).toBe(2), wait)
  await pod.stop()
  await run
}, 60_000)

/** Shards that the stream has, and the rows of some: what two looks leave that are as far apart as a row stays. */
async function synced(
  shards: readonly object[],
  rows: readonly Item[],
): Promise<Readonly<Record<string, Item>>> {
  const raw = await rawMemory()
  await raw.put(rows)
  const clock = virtualClock()
  const settings: SyncSettings = {
    // Of the client, `send` alone is used, for ListShards.
    kinesis: { send: async () => ({ Shards: shards }) } as unknown as SyncSettings['kinesis'],
    ...{ clock, leases: raw.table, logger: silent, me: 'me', failover: 10_000 },
    closed: new AbortController().signal,
  }
  const listed = [{ stream: 'cdc', name: 'cdc', start: 'TRIM_HORIZON' as const, startAt: undefined }]
  const streams = new Streams({ ...settings, streams: listed })
  streams.identify('single-stream', new Map())
  const sync = new ShardSync(settings, streams, () => {})
  await sync.sync(true)
  await clock.moveTo(clock.now() + 30_000)
  await sync.sync(true)
  return Object.fromEntries(await raw.rows())
}

const ENDED = { SequenceNumberRange: { StartingSequenceNumber: '1', EndingSequenceNumber: '9' } }
const OPEN = { SequenceNumberRange: { StartingSequenceNumber: '10' } }
const SHARDS = [
  { ShardId: 'a', ...ENDED },
  { ShardId: 'b', ParentShardId: 'a', ...OPEN },
]

test('the shard of a malformed row gets no other row, nor do its children, whatever its checkpoint says', async () => {
  for (const checkpoint of ['TRIM_HORIZON', 'SHARD_END']) {
    const spoilt: Item = { ...rowOf('a'), checkpoint: { S: checkpoint }, leaseCounter: { S: '1' } }
    expect(await synced(SHARDS, [spoilt])).toEqual({ a: spoilt })
  }
  expect(Object.keys(await synced(SHARDS, [])).sort()).toEqual(['a'])
})

test('an ended shard whose parent has a malformed row keeps its own', async () => {
  const shards = [
    ...SHARDS.slice(0, 1),
    { ShardId: 'b', ParentShardId: 'a', ...ENDED },
    { ShardId: 'c', ParentShardId: 'b', ...OPEN },
  ]
  const ended: Item = { ...rowOf('b', ['a']), checkpoint: { S: 'SHARD_END' } }
  const begun: Item = { ...rowOf('c', ['b']), checkpoint: { S: '10' } }
  const spoilt: Item = { ...rowOf('a'), ownerSwitchesSinceCheckpoint: { S: '0' } }
  expect(Object.keys(await synced(shards, [spoilt, ended, begun])).sort()).toEqual(['a', 'b', 'c'])
  expect(Object.keys(await synced(shards, [ended, begun])).sort()).toEqual(['c'])
})
