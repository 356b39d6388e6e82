/** Which worker looks at the shards, and how often the others read the lease table for it. */

import { systemClock } from '@spaceship/core/ports'
import { expect, test } from 'vitest'
import type { Item } from './leases/lease.ts'
import { memoryLeases } from './leases/memory.ts'
import { Streams } from './streams.ts'
import { ShardSync, type SyncSettings } from './sync.ts'

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Some shards, of which the worker `owner` has the first, as `me` looks at them. */
function fleetOf(
  owner: string | undefined,
  me: string,
  { items = new Map<string, Item>(), shards = 1 } = {},
) {
  const table = memoryLeases('app', items)
  let creates = 0
  const scans: string[] = []
  let lists = 0
  const kinesis = {
    send: async () => {
      lists += 1
      const Shards = Array.from({ length: shards }, (_, n) => ({ ShardId: `shardId-${n}` }))
      return { Shards: Shards.map((shard) => ({ ...shard, SequenceNumberRange: {} })) }
    },
  }
  const settings: SyncSettings = {
    // Of the client, `send` alone is used, for ListShards.
    kinesis: kinesis as unknown as SyncSettings['kinesis'],
    clock: systemClock,
    failover: 10_000,
    closed: new AbortController().signal,
    leases: {
      ...table,
      scan: async (how = 'strong') => {
        scans.push(how)
        return table.scan(how)
      },
      create: async (lease) => {
        creates += 1
        return table.create(lease)
      },
    },
    logger,
    me,
  }
  const listed = [{ stream: 'cdc', name: 'cdc', start: 'TRIM_HORIZON' as const, startAt: undefined }]
  const streams = new Streams({ ...settings, streams: listed })
  streams.identify('single-stream', new Map())
  const sync = new ShardSync(settings, streams, () => {})
  const own = async (by: string | undefined) => {
    const [lease] = (await table.scan()).leases
    if (lease !== undefined && by !== undefined) await table.take(lease, by)
  }
  const prepared = async () => {
    await sync.sync()
    await own(owner)
    scans.length = 0
    lists = 0
  }
  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn += 1) await sync.sync()
  }
  const look = async () => sync.saw((await table.scan()).leases)
  return { prepared, turns, look, own, scans, lists: () => lists, sync, creates: () => creates }
}

test('who has seen that another worker looks after the shards reads the table at one turn in ten', async () => {
  const { prepared, turns, look, scans, lists } = fleetOf('b', 'a')
  await prepared()
  await look()
  await turns(20)
  expect([scans.length, lists()]).toEqual([2, 2])
})

test('who looks after the shards itself, or does not know of anybody, looks at each turn', async () => {
  for (const owner of ['a', undefined]) {
    const { prepared, turns, look, scans, lists } = fleetOf(owner, 'a')
    await prepared()
    await look()
    await turns(10)
    expect([scans.length, lists()]).toEqual([10, 10])
  }
})

test('a worker becomes the one who looks as soon as it has seen that the other one is gone', async () => {
  const { prepared, turns, look, own, lists } = fleetOf('b', 'a')
  await prepared()
  await look()
  await turns(5)
  expect(lists()).toBe(0)
  await own('a')
  await look()
  await turns(2)
  expect(lists()).toBe(2)
})

test('of workers that look at one moment one makes the rows', async () => {
  const items = new Map<string, Item>()
  const fleet = Array.from({ length: 50 }, (_, n) => fleetOf(undefined, `w${n}`, { items, shards: 200 }))
  await Promise.all(fleet.map(({ sync }) => sync.sync()))
  expect(items.size).toBe(200)
  expect(fleet.reduce((sum, { creates }) => sum + creates(), 0)).toBe(200 + 49)
  expect(fleet.filter(({ sync }) => sync.isBeaten).length).toBe(49)
})

test('what it leaves, because it died meanwhile, is made by one that it was ahead of, also if a third one looks after the shards', async () => {
  const items = new Map<string, Item>()
  const [first, second] = [fleetOf(undefined, 'a', { items }), fleetOf(undefined, 'b', { items, shards: 40 })]
  await Promise.all([first.sync.sync(), second.sync.sync()])
  expect([items.size, second.sync.isBeaten]).toEqual([1, true])
  await second.own('c')
  await second.look()
  await second.turns(1)
  expect([items.size, second.sync.isBeaten]).toEqual([40, false])
})
