/** What a worker holds in memory at the most, whatever its shards have. */

import { GetRecordsCommand, GetShardIteratorCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { entity, reactor } from '@spaceship/core'
import { createEngine } from '@spaceship/core/engine'
import { memoryDeadLetters, memoryState, virtualClock } from '@spaceship/core/memory'
import { silent } from '@spaceship/core/ports'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { Fetches, pollShard, startConsumer } from './consume/index.ts'
import { holdLease } from './leases/index.ts'
import { memoryLeases } from './leases/memory.ts'
import { Troubles } from './troubles.ts'

const Row = entity('row', { table: 'rows', key: 'id', schema: z.looseObject({ id: z.string() }) })
const KIB = 1024
const RECORD = 32 * KIB
const AHEAD = 8 * KIB * KIB
const stream = '123456789012:cdc:1'

function record(shard: string, n: number) {
  const id = `${shard}/${n}`
  const filler = 'x'.repeat(RECORD - 400)
  const change = {
    ...{ eventID: id, eventName: 'INSERT', tableName: 'rows', eventSource: 'aws:dynamodb' },
    dynamodb: {
      ...{ ApproximateCreationDateTime: 1, Keys: { id: { S: id } }, SizeBytes: 1 },
      NewImage: { id: { S: id }, filler: { S: filler } },
    },
  }
  return { SequenceNumber: String(n + 1), PartitionKey: id, Data: Buffer.from(JSON.stringify(change)) }
}

/** Kinesis gives so many bytes at once, and each shard has more than anybody would read here. */
function endless(given: { bytes: number }): KinesisClient {
  const send = async (command: {
    readonly input: { readonly Limit?: number; readonly ShardIterator?: string }
  }) => {
    if (command instanceof GetShardIteratorCommand) return { ShardIterator: `${command.input.ShardId}/0` }
    if (!(command instanceof GetRecordsCommand)) throw new Error('no such request is expected')
    const [shard = '', at] = (command.input.ShardIterator ?? '').split('/')
    const from = Number(at)
    const count = Math.min(command.input.Limit ?? 1, (5 * KIB * KIB) / RECORD)
    const Records = Array.from({ length: count }, (_, n) => record(shard, from + n))
    given.bytes += Records.reduce((sum, { Data }) => sum + Data.length, 0)
    return { Records, NextShardIterator: `${shard}/${from + count}`, MillisBehindLatest: 3_600_000 }
  }
  // Only `send` is used, with the two commands above.
  return { send } as unknown as KinesisClient
}

test('sixty shards with five megabytes a page, whose handlers do not end: the worker holds its bound, and a small page for each shard', async () => {
  const clock = virtualClock()
  const given = { bytes: 0 }
  const begun = new Set<string>()
  const stop = new AbortController()
  const engine = createEngine({
    application: 'app',
    reactors: [
      reactor('waits').on(
        'see',
        Row.saved('row.saved'),
        (e) => {
          begun.add(e.key.replace(/\/.*/, ''))
          return new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()))
        },
        { timeout: '1h' },
      ),
    ],
    state: memoryState({ clock }),
    deadLetters: memoryDeadLetters(),
    logger: silent,
    clock,
    maxAhead: { bytes: AHEAD },
  })
  const table = memoryLeases()
  const fetches = new Fetches(clock, () => engine.room)
  const client = endless(given)
  const shards = Array.from({ length: 60 }, (_, n) => `shard-${n}`)
  for (const shard of shards) {
    await table.create({ stream, shard, checkpoint: 'TRIM_HORIZON', parents: [], hashRange: undefined })
    const lease = (await table.scan()).leases.find((each) => each.shard === shard)
    const taken = lease && (await table.take(lease, 'me'))
    if (taken === undefined) throw new Error('the lease was not taken')
    const polling = {
      ...{ client, stream: 'cdc', shard, of: { stream: 'cdc', startAt: undefined }, limit: 1_000 },
      ...{
        interval: 1_000,
        fetches,
        clock,
        random: () => 0.5,
        logger: silent,
        troubles: new Troubles(silent),
        isCurrent: async () => true,
      },
    }
    await startConsumer({
      ...{
        engine,
        stream: 'cdc',
        clock,
        logger: silent,
        maxStandstill: 3_600_000,
        patience: 10_000,
        makeChildren: async () => [],
        isCurrent: async () => true,
      },
      held: holdLease({
        ...{ table, taken, sentAt: clock.monotonic(), failover: 3_600_000, clock },
        ...{ lost: () => {}, remade: () => {}, wanted: () => {} },
      }),
      reader: (from, signal) => pollShard(polling, from, signal),
    })
  }
  const idle = () => new Promise<void>((resolve) => setImmediate(resolve))
  for (let seconds = 0; seconds < 20; seconds += 1) await clock.moveTo(clock.now() + 1_000, idle)
  // None starves.
  expect(begun.size).toBe(shards.length)
  // A page that was asked for as one of unknown size may be as large as its reader had taken into account: two fit into the bound.
  expect(given.bytes).toBeLessThanOrEqual(AHEAD + 5 * KIB * KIB + shards.length * 256 * KIB)
  stop.abort()
})
