/** Which rows a look at the shards makes. */

import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { virtualClock } from '@spaceship/core/memory'
import { silent, systemClock } from '@spaceship/core/ports'
import { expect, test } from 'vitest'
import { SHARD_END, SINGLE_STREAM } from './leases/index.ts'
import { memoryLeases } from './leases/memory.ts'
import { Streams } from './streams.ts'
import { ShardSync } from './sync.ts'

const closed = new AbortController().signal

test('of a stream whose shards of the start have all expired, those that followed are read', async () => {
  const leases = memoryLeases()
  // Only `send` is used, for the list of the shards.
  const send = async ({ input }: { readonly input: { readonly ShardFilter?: unknown } }) => ({
    Shards: input.ShardFilter === undefined ? [{ ShardId: 'b', ParentShardId: 'a' }] : [],
  })
  const kinesis = { send } as unknown as KinesisClient
  const listed = [{ stream: 'cdc', name: 'cdc', start: 'AT_TIMESTAMP' as const, startAt: new Date(0) }]
  const settings = { clock: systemClock, kinesis, leases, logger: silent, me: 'me', closed, failover: 10_000 }
  const streams = new Streams({ ...settings, streams: listed })
  streams.identify('multi-stream', new Map([['cdc', '123456789012:cdc:1']]))
  await new ShardSync(settings, streams, () => {}).sync()
  const made = (await leases.scan()).leases.map(({ shard, checkpoint }) => [shard, checkpoint.sequence])
  expect(made).toEqual([['b', 'AT_TIMESTAMP']])
})

/** A table without the streams' names: after some looks at the shards of which the stream consists. */
async function looked(
  rows: readonly {
    readonly shard: string
    readonly parents: readonly string[]
    readonly checkpoint: string
  }[],
  shards: readonly { readonly ShardId: string; readonly ParentShardId?: string }[],
) {
  const leases = memoryLeases()
  for (const row of rows) await leases.create({ stream: SINGLE_STREAM, ...row, hashRange: undefined })
  // Somebody reads one of them.
  const [, taken] = (await leases.scan()).leases
  if (taken !== undefined) await leases.take(taken, 'other')
  // Only `send` is used, for the list of the shards.
  const kinesis = { send: async () => ({ Shards: shards }) } as unknown as KinesisClient
  const listed = [{ stream: 'cdc', name: 'cdc', start: 'LATEST' as const, startAt: undefined }]
  const settings = {
    clock: systemClock,
    kinesis,
    leases,
    logger: silent,
    me: 'other',
    closed,
    failover: 10_000,
  }
  const streams = new Streams({ ...settings, streams: listed })
  streams.identify('single-stream', new Map())
  const sync = new ShardSync(settings, streams, () => {})
  for (let look = 0; look < 4; look += 1) await sync.sync()
  const made = (await leases.scan()).leases.toSorted((a, b) => a.shard.localeCompare(b.shard))
  return made.map(({ shard, parents, checkpoint }) => [shard, checkpoint.sequence, ...parents])
}

const SPLIT = [
  { shard: 'a', parents: [], checkpoint: SHARD_END },
  { shard: 'b', parents: ['a'], checkpoint: '10' },
  { shard: 'c', parents: ['a'], checkpoint: '10' },
]

test('of a stream that was made again, a row that would wait for a shard which is none of its parents is made anew, too', async () => {
  expect(await looked(SPLIT, [{ ShardId: 'a' }, { ShardId: 'b' }, { ShardId: 'c' }])).toEqual([
    ['a', 'TRIM_HORIZON'],
    ['b', 'TRIM_HORIZON'],
    ['c', 'TRIM_HORIZON'],
  ])
})

test('a list of shards that is late takes no position from a shard that has just been split off', async () => {
  const late = [{ ShardId: 'a' }, ...['b', 'c'].map((ShardId) => ({ ShardId, ParentShardId: 'a' }))]
  const rows = SPLIT.map((row) => (row.shard === 'a' ? { ...row, checkpoint: '5' } : row))
  expect(await looked(rows, late)).toEqual([
    ['a', '5'],
    ['b', '10', 'a'],
    ['c', '10', 'a'],
  ])
})

/** A stream of shards that follow on each other, and a worker that looks after them, with a clock to set. */
function looking(
  rows: readonly { readonly shard: string; readonly checkpoint: string }[],
  parents: Readonly<Record<string, readonly string[]>> = { a: [], b: ['a'], c: ['a'] },
) {
  const clock = virtualClock()
  const leases = memoryLeases()
  const made = async () => {
    for (const { shard, checkpoint } of rows)
      await leases.create({
        ...{ stream: SINGLE_STREAM, shard, checkpoint, hashRange: undefined },
        parents: parents[shard] ?? [],
      })
  }
  const ended = (id: string) => Object.values(parents).some((of) => of.includes(id))
  const asked = Promise.withResolvers<void>()
  const held = { list: Promise.resolve() }
  const Shards = Object.entries(parents).map(([ShardId, [ParentShardId]]) => ({
    ShardId,
    ...(ParentShardId === undefined ? {} : { ParentShardId }),
    SequenceNumberRange: ended(ShardId) ? { EndingSequenceNumber: '9' } : {},
  }))
  // Only `send` is used, for the list of the shards.
  const kinesis = {
    send: async () => {
      asked.resolve()
      await held.list
      return { Shards }
    },
  } as unknown as KinesisClient
  const listed = [{ stream: 'cdc', name: 'cdc', start: 'TRIM_HORIZON' as const, startAt: undefined }]
  const settings = { clock, kinesis, leases, logger: silent, me: 'me', closed, failover: 10_000 }
  const streams = new Streams({ ...settings, streams: listed })
  streams.identify('single-stream', new Map())
  const sync = new ShardSync(settings, streams, () => {})
  const shards = async () => (await leases.scan()).leases.map(({ shard }) => shard).sort()
  return { asked: asked.promise, clock, held, made, shards, sync }
}

test('the row of an ended shard stays for three lives after nobody needs it: a request to make it may be on its way', async () => {
  const { clock, made, shards, sync } = looking([
    { shard: 'a', checkpoint: SHARD_END },
    { shard: 'b', checkpoint: '10' },
    { shard: 'c', checkpoint: '10' },
  ])
  await made()
  await sync.sync(true)
  await clock.moveTo(clock.now() + 29_999)
  await sync.sync(true)
  expect(await shards()).toEqual(['a', 'b', 'c'])
  await clock.moveTo(clock.now() + 1)
  await sync.sync(true)
  expect(await shards()).toEqual(['b', 'c'])
})

test('after a look that is older than two lives no row is made: the shard may have ended, and its row be deleted', async () => {
  const { asked, clock, held, shards, sync } = looking([])
  const list = Promise.withResolvers<void>()
  held.list = list.promise
  const look = sync.sync(true)
  await asked
  await clock.moveTo(clock.now() + 20_001)
  list.resolve()
  const failures = await look
  expect([await shards(), sync.isBeaten]).toEqual([[], true])
  expect(failures?.get('cdc')).toMatchObject({
    code: 'stream-late',
    message: expect.stringMatching(/listed within 20001 ms.*at most 20000 ms/),
  })
  // The next look, which comes soon, makes it.
  await sync.sync()
  expect([await shards(), sync.isBeaten]).toEqual([['a'], false])
})

test('rows of a long line of ended shards go together, not one after the other', async () => {
  const { clock, made, shards, sync } = looking(
    [...['a', 'b', 'c'].map((shard) => ({ shard, checkpoint: SHARD_END })), { shard: 'd', checkpoint: '10' }],
    { a: [], b: ['a'], c: ['b'], d: ['c'] },
  )
  await made()
  await sync.sync(true)
  await clock.moveTo(clock.now() + 30_000)
  await sync.sync(true)
  expect(await shards()).toEqual(['d'])
})

test('a stream whose shards are never listed keeps no rows from the stream after it', async () => {
  const clock = virtualClock()
  const leases = memoryLeases()
  const asked = Promise.withResolvers<void>()
  // Only `send` is used, for the list of the shards.
  const kinesis = {
    send: ({ input }: { readonly input: { readonly StreamName?: string } }) => {
      if (input.StreamName === 'well') return Promise.resolve({ Shards: [{ ShardId: 'a' }] })
      asked.resolve()
      return new Promise(() => {})
    },
  } as unknown as KinesisClient
  const listed = ['mute', 'well'].map((name) => ({
    ...{ stream: name, name, start: 'TRIM_HORIZON' as const, startAt: undefined },
  }))
  const settings = { clock, kinesis, leases, logger: silent, me: 'me', closed, failover: 10_000 }
  const streams = new Streams({ ...settings, streams: listed })
  streams.identify(
    'multi-stream',
    new Map(listed.map(({ stream }, n) => [stream, `123456789012:${stream}:${n}` as const])),
  )
  const sync = new ShardSync(settings, streams, () => {})
  const look = sync.sync(true)
  await asked.promise
  await clock.moveTo(clock.now() + 60_000)
  expect([...((await look) ?? [])].map(([name]) => name)).toEqual(['mute'])
  expect((await leases.scan()).leases.map(({ shard }) => shard)).toEqual(['a'])
})
