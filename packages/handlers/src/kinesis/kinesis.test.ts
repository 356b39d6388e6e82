import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { event } from '@spaceship/core'
import { eventSinkCases, eventSinkOutageCases } from '@spaceship/core/conformance'
import { virtualClock } from '@spaceship/core/memory'
import { type Clock, systemClock } from '@spaceship/core/ports'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { emulators } from '../../../local/test/emulators.ts'
import { kinesisSink, publisher } from './index.ts'

let ship: Spaceship
let client: KinesisClient
beforeAll(async () => {
  ship = await launch({ emulators, streams: ['domain-events', 'throttled', 'conformance'] })
  client = new KinesisClient(ship.clientConfig('kinesis'))
})
afterAll(async () => {
  client.destroy()
  await ship.close()
})

async function records(stream: string) {
  const start = {
    StreamName: stream,
    ShardId: 'shardId-000000000000',
    ShardIteratorType: 'TRIM_HORIZON' as const,
  }
  let { ShardIterator } = await client.send(new GetShardIteratorCommand(start))
  const all: { key: string; data: Uint8Array; text: string }[] = []
  for (;;) {
    const { Records = [], NextShardIterator } = await client.send(new GetRecordsCommand({ ShardIterator }))
    if (Records.length === 0) return all
    for (const { PartitionKey = '', Data = new Uint8Array() } of Records)
      all.push({ key: PartitionKey, data: Data, text: Buffer.from(Data).toString() })
    ShardIterator = NextShardIterator
  }
}

describe('kinesisSink', () => {
  for (const { name, run } of eventSinkCases) {
    test(name, () =>
      run({
        sink: kinesisSink({ client, stream: 'conformance' }),
        received: async () =>
          (await records('conformance')).map(({ key, data }) => ({ partitionKey: key, data })),
      }),
    )
  }
  for (const { name, run } of eventSinkOutageCases) {
    test(name, async () => {
      const endpoint = 'http://127.0.0.1:1'
      const lost = new KinesisClient({ ...ship.clientConfig('kinesis'), endpoint, maxAttempts: 1 })
      await run(kinesisSink({ client: lost, stream: 'conformance', attempts: 2, random: () => 0 }))
      lost.destroy()
    })
  }
})

test('a published event is a CloudEvent in its lane; a payload that does not fit is refused before it is sent', async () => {
  const paid = event('invoice.paid', {
    schema: z.object({ clientId: z.string(), amount: z.number() }),
    key: (e) => e.clientId,
  })
  const publish = publisher({ stream: 'domain-events', client, source: 'billing' })
  await publish(paid, { clientId: 'acme', amount: 4200 }, { id: 'i-1' })
  await expect(
    publish(paid, { clientId: 'acme', amount: '4200' as unknown as number }),
  ).rejects.toMatchObject({ code: 'schema' })
  const [first, ...more] = await records('domain-events')
  expect(more).toEqual([])
  expect(first?.key).toBe('acme')
  expect(JSON.parse(first?.text ?? '')).toMatchObject({
    specversion: '1.0',
    id: 'i-1',
    source: 'billing',
    type: 'invoice.paid',
    data: { amount: 4200 },
  })
})

test('single refused records are sent again: nothing is lost, and each key keeps its order', async () => {
  const sink = kinesisSink({ client, stream: 'throttled', random: () => 0 })
  ship.faults.throttle({ putRecords: 0.4 })
  const all = Array.from({ length: 60 }, (_, n) => ({
    partitionKey: `key-${n % 3}`,
    data: Buffer.from(String(n)),
  }))
  await Promise.all([sink.put(all.slice(0, 30)), sink.put(all.slice(30))])
  ship.faults.clear()
  const seen = await records('throttled')
  for (const key of ['key-0', 'key-1', 'key-2']) {
    const own = all.filter((record) => record.partitionKey === key).map((record) => record.data.toString())
    expect(seen.filter((record) => record.key === key).map((record) => record.text)).toEqual(own)
  }
})

test('a record that is too large fails alone, before anything is sent; one of the largest size arrives', async () => {
  const sink = kinesisSink({ client, stream: 'domain-events' })
  const [large, small] = [crypto.randomUUID(), crypto.randomUUID()]
  const put = (size: number) => sink.put([{ partitionKey: large, data: new Uint8Array(size) }])
  const [refused, ...others] = await Promise.allSettled([
    put(1_048_577 - large.length),
    put(1_048_576 - large.length),
    sink.put([{ partitionKey: small, data: new Uint8Array(1) }]),
  ])
  expect(refused).toMatchObject({
    reason: { code: 'permanent', message: expect.stringContaining("'domain-events'") },
  })
  for (const other of others) expect(other).toMatchObject({ status: 'fulfilled' })
  const keys = (await records('domain-events')).map(({ key }) => key)
  expect([large, small].map((key) => keys.filter((found) => found === key).length)).toEqual([1, 1])
  const raised = kinesisSink({ client, stream: 'domain-events', maxRecordBytes: 100 })
  await expect(raised.put([{ partitionKey: 'k', data: new Uint8Array(100) }])).rejects.toMatchObject({
    code: 'permanent',
  })
})

test('a record that Kinesis refuses for what it holds fails alone, and keeps no other from being sent', async () => {
  const requests: string[][] = []
  // Only `send` is used of a client.
  const client = {
    send: async ({ input }: { input: { Records: readonly { PartitionKey: string }[] } }) => {
      const keys = input.Records.map((record) => record.PartitionKey)
      requests.push(keys)
      if (keys.includes('poison')) throw Object.assign(new Error('no'), { name: 'ValidationException' })
      return { Records: input.Records.map(() => ({})) }
    },
  } as unknown as KinesisClient
  const sink = kinesisSink({ client, stream: 'any', random: () => 0 })
  const put = (partitionKey: string) => sink.put([{ partitionKey, data: new Uint8Array() }])
  const results = await Promise.allSettled(['first', 'a', 'poison', 'b', 'a'].map(put))
  expect(results.map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ])
  expect(results[2]).toMatchObject({ reason: { code: 'permanent', cause: { name: 'ValidationException' } } })
  expect(requests.filter((keys) => keys.includes('poison')).length).toBe(2)
})

test('an outage of records that go out alone is waited for, and ends their puts after so many attempts', async () => {
  let requests = 0
  const waits: number[] = []
  // Only `send` is used of a client.
  const client = {
    send: async ({ input }: { input: { Records: readonly unknown[] } }) => {
      requests += 1
      if (requests === 2) throw Object.assign(new Error('no'), { name: 'ValidationException' })
      // Whoever asks for ever is answered at some time.
      if (requests === 1 || requests > 100) return { Records: input.Records.map(() => ({})) }
      throw Object.assign(new Error('busy'), {
        name: 'ServiceUnavailable',
        $metadata: { httpStatusCode: 503 },
      })
    },
  } as unknown as KinesisClient
  const clock: Clock = {
    ...systemClock,
    // The bound of a request, which is answered before it.
    sleep: async (ms, signal) => (ms === 30_000 ? systemClock.sleep(ms, signal) : void waits.push(ms)),
  }
  const sink = kinesisSink({ client, stream: 'any', random: () => 0.5, attempts: 3, clock })
  const put = (partitionKey: string) => sink.put([{ partitionKey, data: new Uint8Array() }])
  const [first, ...results] = await Promise.allSettled(['first', 'a', 'b', 'c'].map(put))
  expect(first?.status).toBe('fulfilled')
  expect(results).toMatchObject(Array(3).fill({ status: 'rejected', reason: { code: 'unavailable' } }))
  expect([requests, waits]).toEqual([5, [50, 100]])
})

test('a put that comes at any moment around the end of another is sent', async () => {
  for (let turns = 0; turns < 12; turns += 1) {
    const sent: string[] = []
    // Only `send` is used of a client.
    const client = {
      send: async ({ input }: { input: { Records: readonly { PartitionKey: string }[] } }) => {
        sent.push(...input.Records.map((record) => record.PartitionKey))
        return { Records: input.Records.map(() => ({})) }
      },
    } as unknown as KinesisClient
    const sink = kinesisSink({ client, stream: 'any' })
    const first = sink.put([{ partitionKey: 'first', data: new Uint8Array() }])
    for (let turn = 0; turn < turns; turn += 1) await undefined
    const second = sink.put([{ partitionKey: 'second', data: new Uint8Array() }])
    const settled = Promise.all([first, second]).then(() => 'sent')
    const never = new Promise((resolve) => setImmediate(() => resolve('stuck')))
    expect([turns, await Promise.race([settled, never])]).toEqual([turns, 'sent'])
    expect(sent).toEqual(['first', 'second'])
  }
})

test('an answer without the records is none: nothing is taken for accepted', async () => {
  for (const answer of [{}, { Records: [] }, { FailedRecordCount: 0, Records: [{}] }]) {
    // Only `send` is used of a client.
    const client = { send: async () => answer } as unknown as KinesisClient
    const records = ['a', 'b'].map((partitionKey) => ({ partitionKey, data: new Uint8Array() }))
    await expect(kinesisSink({ client, stream: 'any' }).put(records)).rejects.toMatchObject({
      code: 'unavailable',
      setup: { reason: 'unknown-operation' },
    })
  }
})

test('a request that is never answered is given up after a while: what waits behind it is sent, and the record itself again', async () => {
  const clock = virtualClock()
  const sent: string[][] = []
  let late = 0
  // Only `send` is used of a client.
  const client = {
    send: (
      { input }: { input: { Records: readonly { PartitionKey: string }[] } },
      { abortSignal }: { abortSignal: AbortSignal },
    ) => {
      sent.push(input.Records.map((record) => record.PartitionKey))
      abortSignal.addEventListener('abort', () => {
        if (Object(abortSignal.reason).code === 'no-answer') late += 1
      })
      return sent.length === 1
        ? new Promise(() => {})
        : Promise.resolve({ Records: input.Records.map(() => ({})) })
    },
  } as unknown as KinesisClient
  const sink = kinesisSink({ client, stream: 'any', clock, random: () => 0 })
  const puts = ['first', 'second'].map((partitionKey) => sink.put([{ partitionKey, data: new Uint8Array() }]))
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
  await clock.moveTo(clock.now() + 29_999, settled)
  expect([sent, late]).toEqual([[['first']], 0])
  await clock.moveTo(clock.now() + 1, settled)
  await Promise.all(puts)
  expect([sent.slice(1).flat().toSorted(), late]).toEqual([['first', 'second'], 1])
})
