/** The end of a shard: what is said of it for good stays said, and it waits for what its children wait for. */

import { GetShardIteratorCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { entity, reactor } from '@spaceship/core'
import { createEngine, type StreamRecord } from '@spaceship/core/engine'
import { memoryDeadLetters, memoryState, type VirtualClock, virtualClock } from '@spaceship/core/memory'
import { silent } from '@spaceship/core/ports'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { holdLease, type LeaseTable, type NewLease, SHARD_END } from '../leases/index.ts'
import { memoryLeases } from '../leases/memory.ts'
import { Troubles } from '../troubles.ts'
import { startConsumer } from './consumer.ts'
import { Fetches } from './fetches.ts'
import { pollShard } from './polling.ts'
import type { Page, Reader } from './reader.ts'

const Row = entity('row', { table: 'rows', key: 'id', schema: z.looseObject({ id: z.string() }) })
const shard = 'shardId-000000000000'
const stream = '123456789012:cdc:1'

test('a renewal beside the end of a shard does not write an earlier position over it', async () => {
  const leases = memoryLeases()
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const table: LeaseTable = {
    ...leases,
    checkpoint: async (lease, progress, isHeld) => {
      if (progress.checkpoint.sequence === SHARD_END) {
        asked.resolve()
        await answered.promise
      }
      return leases.checkpoint(lease, progress, isHeld)
    },
  }
  const { consumer, clock } = await consuming(table, async () => [])
  await pass(clock, 1_000)
  await asked.promise
  const renewal = consumer.beat()
  answered.resolve()
  await renewal
  expect(await consumer.done).toBe('ended')
  expect(await checkpointIn(leases)).toBe(SHARD_END)
})

test('a shard of which a child may not be made yet is held until it may', async () => {
  const leases = memoryLeases()
  let may = false
  let asked = 0
  const { consumer, clock } = await consuming(leases, async () => {
    asked += 1
    return may ? ['child'] : 'later'
  })
  // The other parent may lag or be halted for longer than a shard may stand still.
  for (let passed = 0; passed < 90 * 60_000; passed += 15_000) {
    await pass(clock, 15_000)
    await consumer.beat()
  }
  expect(asked).toBeGreaterThan(1)
  expect(await checkpointIn(leases)).not.toBe(SHARD_END)
  may = true
  await pass(clock, 1_000)
  expect(await consumer.done).toBe('ended')
  expect(await checkpointIn(leases)).toBe(SHARD_END)
})

test('the mark that a page without records comes with is kept for the next owner', async () => {
  const leases = memoryLeases()
  async function* reader(): AsyncGenerator<Page, void> {
    yield { records: [], millisBehind: 4_000, mark: '@1796000005000', pause: 0 }
    await new Promise(() => {})
  }
  const { clock } = await consuming(leases, async () => [], { checkpoint: 'LATEST', reader })
  await pass(clock, 100)
  const [lease] = (await leases.scan()).leases
  expect(lease?.first).toBe('@1796000005000')
})

test('a drain that meets a table that refuses the end of a shard asks for it at a pace', async () => {
  const leases = memoryLeases()
  let asked = 0
  const table: LeaseTable = {
    ...leases,
    checkpoint: async () => {
      asked += 1
      // As over a network.
      await new Promise<void>((resolve) => setImmediate(resolve))
      throw new Error('throttled')
    },
  }
  const { consumer, clock } = await consuming(table, async () => [])
  await pass(clock, 3_000)
  const before = asked
  expect(before).toBeGreaterThan(0)
  const drained = consumer.drain(new Date(clock.now() + 5_000)).catch(() => {})
  for (let turn = 0; turn < 200; turn += 1) await pass(clock, 50)
  await drained
  expect(asked - before).toBeLessThan(40)
})

test('a drain that begins while the place of a first page is written gives the lease up, and runs nothing of the page', async () => {
  const leases = memoryLeases()
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const table: LeaseTable = {
    ...leases,
    checkpoint: async (lease, progress, isHeld) => {
      asked.resolve()
      await answered.promise
      return leases.checkpoint(lease, progress, isHeld)
    },
  }
  const record: StreamRecord = {
    ...{ sequence: '7', subSequence: 0, partitionKey: 'a', data: Buffer.from('no JSON') },
    arrivedAt: new Date(0),
  }
  async function* reader(): AsyncGenerator<Page, void> {
    yield { records: [record], millisBehind: 0, pause: 0 }
    await new Promise(() => {})
  }
  const { consumer, clock } = await consuming(table, async () => [], { checkpoint: 'LATEST', reader })
  await asked.promise
  const drained = consumer.drain(new Date(clock.now() + 5_000))
  await pass(clock, 1_000)
  answered.resolve()
  expect(await drained).toEqual({ unfinished: 0, isLost: false })
  expect(await consumer.done).toBe('released')
  const [lease] = (await leases.scan()).leases
  expect([lease?.owner, lease?.first]).toEqual([undefined, '7'])
})

async function pass(clock: VirtualClock, ms: number): Promise<void> {
  const idle = () => new Promise<void>((resolve) => setImmediate(resolve))
  await idle()
  await clock.moveTo(clock.now() + ms, idle)
}

async function checkpointIn(leases: LeaseTable): Promise<string | undefined> {
  return (await leases.scan()).leases.find((lease) => lease.shard === shard)?.checkpoint.sequence
}

/** Of a shard that has one record, and has ended. */
async function consuming(
  table: LeaseTable,
  makeChildren: () => Promise<readonly string[] | 'later' | undefined>,
  { checkpoint = 'TRIM_HORIZON', reader }: { checkpoint?: string; reader?: Reader } = {},
) {
  const clock = virtualClock()
  const lease: NewLease = { stream, shard, checkpoint, parents: [], hashRange: undefined }
  await table.create(lease)
  const [free] = (await table.scan()).leases
  const taken = free && (await table.take(free, 'me'))
  if (taken === undefined) throw new Error('the lease was not taken')
  const engine = createEngine({
    application: 'app',
    reactors: [reactor('note').on('see', Row.saved('row.saved'), () => {})],
    state: memoryState({ clock }),
    deadLetters: memoryDeadLetters(),
    logger: silent,
    clock,
  })
  const consumer = await startConsumer({
    ...{ engine, stream: 'cdc', clock, logger: silent, makeChildren, isCurrent: async () => true },
    maxStandstill: 3_600_000,
    patience: 10_000,
    held: holdLease({
      ...{ table, taken, sentAt: clock.monotonic(), failover: 60_000, clock },
      ...{ lost: () => {}, remade: () => {}, wanted: () => {} },
    }),
    reader:
      reader ??
      ((from, signal) =>
        pollShard(
          {
            of: { stream: 'cdc', startAt: undefined },
            ...{ client: ended(), stream: 'cdc', shard, limit: 10, interval: 200, clock, random: () => 0.5 },
            ...{
              logger: silent,
              troubles: new Troubles(silent),
              isCurrent: async () => true,
              fetches: new Fetches(clock, () => 1_000),
            },
          },
          from,
          signal,
        )),
  })
  return { consumer, clock }
}

function ended(): KinesisClient {
  const record = { SequenceNumber: '7', PartitionKey: 'a', Data: Buffer.from('no JSON') }
  const send = async (command: unknown) =>
    command instanceof GetShardIteratorCommand ? { ShardIterator: 'i' } : { Records: [record] }
  // Only `send` is used, with the command above and GetRecords.
  return { send } as unknown as KinesisClient
}

test('a shard that cannot be consumed is given up at once, so that another worker tries', async () => {
  const leases = memoryLeases()
  // biome-ignore lint/correctness/useYield: it fails before the first page.
  async function* reader(): AsyncGenerator<Page, void> {
    throw new TypeError('no such answer')
  }
  const { consumer, clock } = await consuming(leases, async () => [], { reader })
  await pass(clock, 1_000)
  expect(await consumer.done).toBe('failed')
  const [lease] = (await leases.scan()).leases
  expect(lease?.owner).toBeUndefined()
})
