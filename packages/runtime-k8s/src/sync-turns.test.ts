/** Which worker looks at the shards, and how often the others read the lease table for it. */

import { systemClock } from '@spaceship/core/ports'
import { expect, test } from 'vitest'
import type { Item } from './leases/lease.ts'
import { memoryLeases } from './leases/memory.ts'
import { ShardSync, type SyncSettings } from './sync.ts'

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** One shard, which the worker `owner` has, as `me` looks at it. */
function fleetOf(owner: string | undefined, me: string) {
  const items = new Map<string, Item>()
  const table = memoryLeases('app', items)
  const scans: string[] = []
  let lists = 0
  const kinesis = {
    send: async () => {
      lists += 1
      return { Shards: [{ ShardId: 'shardId-0', SequenceNumberRange: {} }] }
    },
  }
  const settings: SyncSettings = {
    // Of the client, `send` alone is used, for ListShards.
    kinesis: kinesis as unknown as SyncSettings['kinesis'],
    clock: systemClock,
    leases: {
      ...table,
      scan: async (how = 'strong') => {
        scans.push(how)
        return table.scan(how)
      },
    },
    logger,
    me,
    streams: [{ stream: 'cdc', name: 'cdc', start: 'TRIM_HORIZON', startAt: undefined }],
  }
  const sync = new ShardSync(settings, () => {})
  const own = async (by: string | undefined) => {
    const [lease] = (await table.scan()).leases
    if (lease !== undefined && by !== undefined) await table.take(lease, by)
  }
  const prepared = async () => {
    sync.identify('single-stream', new Map())
    await sync.sync()
    await own(owner)
    scans.length = 0
    lists = 0
  }
  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn += 1) await sync.sync()
  }
  const look = async () => sync.saw((await table.scan()).leases)
  return { prepared, turns, look, own, scans, lists: () => lists }
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
