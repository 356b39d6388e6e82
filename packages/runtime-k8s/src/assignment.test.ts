import { setImmediate as turn } from 'node:timers/promises'
import { DescribeStreamSummaryCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { entity, reactor } from '@spaceship/core'
import { memoryDeadLetters, memoryState, virtualClock } from '@spaceship/core/memory'
import { silent } from '@spaceship/core/ports'
import { describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { Assignment } from './assignment.ts'
import { type LeaseTable, SHARD_END, SINGLE_STREAM } from './leases/index.ts'
import { memoryLeases } from './leases/memory.ts'
import { parseWorkerOptions } from './options.ts'
import { Streams } from './streams.ts'
import { ShardSync } from './sync.ts'
import { Troubles } from './troubles.ts'

const NO_TICKS = { routes: [], leave: async () => {} }

const Row = entity('row', { table: 'rows', key: 'id', schema: z.looseObject({ id: z.string() }) })
const shard = 'shardId-000000000000'

test('a shard whose end is written between the look and the take is not read again from its start', async () => {
  const asked: unknown[] = []
  const send = async (command: unknown) => {
    asked.push(command)
    return {}
  }
  // Only `send` is used.
  const kinesis = { send } as unknown as KinesisClient
  const reactors = [reactor('note').on('see', Row.saved('row.saved'), () => {})]
  const stores = { state: memoryState(), deadLetters: memoryDeadLetters() }
  const streams = ['cdc']
  const { engine, settings } = parseWorkerOptions(reactors, {
    ...{ application: 'app', streams, ...stores, kinesis, logger: silent, workerId: 'me' },
  })
  const leases = memoryLeases()
  const table: typeof leases = {
    ...leases,
    // The answer to the end was lost, and it reaches the table only now.
    take: async (lease, owner) => {
      await leases.checkpoint(lease, {
        checkpoint: { sequence: SHARD_END, subSequence: 0 },
        journal: undefined,
      })
      return leases.take(lease, owner)
    },
  }
  const ours = new Streams(settings)
  const shards = new ShardSync({ ...settings, leases: table }, ours, () => {})
  ours.identify('multi-stream', new Map([['cdc', '123456789012:cdc:1']]))
  await leases.create({
    ...{ stream: '123456789012:cdc:1', shard, checkpoint: 'TRIM_HORIZON' },
    ...{ parents: [], hashRange: undefined },
  })
  const [free] = (await leases.scan()).leases
  // From before: it is lost, and its row still names us.
  if (free !== undefined) await leases.take(free, 'me')
  const troubles = new Troubles(settings.logger)
  const assignment = new Assignment({
    ...{ engine, settings: { ...settings, leases: table }, streams: ours, shards, troubles },
    ...{
      notices: { tell: async () => {}, told: async () => {}, beat: async () => {}, silent: false },
      direct: NO_TICKS,
      freed: () => {},
      lost: () => {},
    },
  })
  const before = asked.length
  await assignment.take(new AbortController().signal)
  expect([assignment.holdings.size, asked.length - before]).toEqual([0, 0])
  const [lease] = (await leases.scan()).leases
  expect([lease?.owner, lease?.checkpoint.sequence]).toEqual([undefined, SHARD_END])
})

/** A worker that holds leases of some of as many equal parts of the stream's keys; nothing that it asks Kinesis is answered. */
async function holding(
  count: number,
  parts = Array.from({ length: count }, (_, n) => n),
  leases: LeaseTable = memoryLeases(),
  clock = virtualClock(),
): Promise<Assignment> {
  // Only `send` is used.
  const kinesis = { send: () => new Promise<never>(() => {}) } as unknown as KinesisClient
  const reactors = [reactor('note').on('see', Row.saved('row.saved'), () => {})]
  const stores = { state: memoryState(), deadLetters: memoryDeadLetters() }
  const { engine, settings } = parseWorkerOptions(reactors, {
    ...{ application: 'app', streams: ['cdc'], ...stores, kinesis, logger: silent, workerId: 'me' },
    clock,
  })
  const start = (n: number) => (2n ** 128n / BigInt(count)) * BigInt(n)
  for (const n of parts)
    await leases.create({
      ...{ stream: SINGLE_STREAM, shard: `shardId-${n}`, checkpoint: 'TRIM_HORIZON', parents: [] },
      hashRange: [String(start(n)), String(start(n + 1) - 1n)],
    })
  const streams = new Streams(settings)
  const shards = new ShardSync({ ...settings, leases }, streams, () => {})
  streams.identify('single-stream', new Map())
  const notices = { tell: async () => {}, told: async () => {}, beat: async () => {}, silent: false }
  const troubles = new Troubles(settings.logger)
  const about = { engine, settings: { ...settings, leases }, streams, shards, troubles, notices }
  const assignment = new Assignment({ ...about, direct: NO_TICKS, freed: () => {}, lost: () => {} })
  await assignment.take(new AbortController().signal)
  expect(assignment.holdings.size).toBe(parts.length)
  return assignment
}

test('a stream that was made again and may not be looked at keeps no lease of another stream from being taken', async () => {
  const reactors = [reactor('note').on('see', Row.saved('row.saved'), () => {})]
  const stores = { state: memoryState(), deadLetters: memoryDeadLetters() }
  const send = (command: unknown) =>
    command instanceof DescribeStreamSummaryCommand
      ? Promise.reject(Object.assign(new Error('gone'), { name: 'ResourceNotFoundException' }))
      : new Promise<never>(() => {})
  // Only `send` is used.
  const kinesis = { send } as unknown as KinesisClient
  const { engine, settings } = parseWorkerOptions(reactors, {
    ...{ application: 'app', streams: ['gone', 'cdc'], ...stores, kinesis, logger: silent, workerId: 'me' },
    clock: virtualClock(),
  })
  const leases = memoryLeases()
  for (const stream of ['1:gone:200', '1:cdc:100'])
    await leases.create({ stream, shard, checkpoint: 'TRIM_HORIZON', parents: [], hashRange: undefined })
  const streams = new Streams(settings)
  const shards = new ShardSync({ ...settings, leases }, streams, () => {})
  streams.identify(
    'multi-stream',
    new Map([
      ['gone', '1:gone:100'],
      ['cdc', '1:cdc:100'],
    ]),
  )
  const notices = { tell: async () => {}, told: async () => {}, beat: async () => {}, silent: false }
  const troubles = new Troubles(settings.logger)
  const about = { engine, settings: { ...settings, leases }, streams, shards, troubles, notices }
  const assignment = new Assignment({ ...about, direct: NO_TICKS, freed: () => {}, lost: () => {} })
  await assignment.take(new AbortController().signal)
  expect(assignment.holdings.size).toBe(1)
})

describe('whether a worker holds the shard of a partition key', () => {
  test('is asked of all its leases with one hash of the key, however many they are', async () => {
    const hashes = vi.spyOn(process.getBuiltinModule('node:crypto'), 'createHash')
    for (const count of [1, 8, 64]) {
      const assignment = await holding(count)
      hashes.mockClear()
      expect(assignment.holdings.holds('cdc', 'note/see')).toBe(true)
      expect([count, hashes.mock.calls]).toEqual([count, [['md5']]])
    }
    hashes.mockRestore()
  })

  test('is said by the MD5 of the key, and of the stream that is asked for alone', async () => {
    // Their hashes begin with 0c, 4a, 92 and e1: one in each quarter.
    const keys = ['a', 'c', 'b', 'e']
    const held = async (...parts: number[]) => {
      const assignment = await holding(4, parts)
      expect(keys.some((key) => assignment.holdings.holds('other', key))).toBe(false)
      return keys.filter((key) => assignment.holdings.holds('cdc', key))
    }
    expect(await held(0, 1, 2, 3)).toEqual(keys)
    expect(await held(0, 2)).toEqual(['a', 'b'])
    expect(await held(1)).toEqual(['c'])
    expect(await held(3)).toEqual(['e'])
  })
})

test('a worker takes many leases at the same time, each once, and a failure of one costs it no other', async () => {
  let [running, most, takes] = [0, 0, 0]
  let failed: string | undefined
  const table = memoryLeases()
  const slow: LeaseTable = {
    ...table,
    take: async (lease, owner) => {
      takes += 1
      const nth = takes
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      if (nth !== 5) return table.take(lease, owner)
      failed = lease.shard
      throw new Error('no answer')
    },
  }
  await expect(holding(40, undefined, slow)).rejects.toThrow('no answer')
  expect([takes, most]).toEqual([40, 16])
  const { leases } = await table.scan()
  expect(leases.filter(({ owner }) => owner === 'me').length).toBe(39)
  expect(leases.find(({ shard: id }) => id === failed)?.owner).toBeUndefined()
})

test('what stood still here is not stolen back from whoever has it now', async () => {
  const clock = virtualClock()
  const leases = memoryLeases()
  const assignment = await holding(2, [0, 1], leases, clock)
  // No read is answered.
  for (let s = 0; s < 200 && assignment.holdings.size > 0; s += 1)
    await clock.moveTo(clock.now() + 1_000, () => turn())
  expect(assignment.holdings.size).toBe(0)
  for (const lease of (await leases.scan()).leases) await leases.take(lease, 'peer')
  await assignment.take(new AbortController().signal)
  expect([assignment.holdings.size, (await leases.scan()).leases.map(({ owner }) => owner)]).toEqual([
    0,
    ['peer', 'peer'],
  ])
})
