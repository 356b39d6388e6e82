import { randomUUID } from 'node:crypto'
import { DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import {
  KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis'
import { entity, marshal, type Reactor, reactor } from '@spaceship/core'
import { silent } from '@spaceship/core/log'
import { memoryDeadLetters, memoryState } from '@spaceship/core/memory'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { emulators } from '../../local/test/emulators.ts'
import { type Worker, type WorkerOptions, worker } from './index.ts'

const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({ id: z.string(), seats: z.number() }),
})
const saved = Client.saved('client.saved')

let ship: Spaceship
let dynamodb: DynamoDBClient
let kinesis: KinesisClient

beforeAll(async () => {
  ship = await launch({
    emulators,
    tables: [{ name: 'clients', key: 'id', stream: 'clients-cdc' }],
    streams: [{ name: 'clients-cdc', shards: 2 }, 'other'],
  })
  dynamodb = new DynamoDBClient(ship.clientConfig('dynamodb'))
  kinesis = new KinesisClient(ship.clientConfig('kinesis'))
})
afterAll(async () => {
  dynamodb.destroy()
  kinesis.destroy()
  await ship.close()
})

async function save(id: string, seats: number): Promise<void> {
  // The attributes that `marshal` makes of strings and numbers are the SDK's.
  await dynamodb.send(new PutItemCommand({ TableName: 'clients', Item: marshal({ id, seats }) as never }))
}

function optionsOf(application: string, more: Partial<WorkerOptions> = {}): WorkerOptions {
  return {
    application,
    streams: ['clients-cdc'],
    state: memoryState(),
    deadLetters: memoryDeadLetters(),
    kinesis,
    dynamodb,
    logger: silent,
    leases: { failover: '1500ms' },
    poll: { interval: '200ms' },
    ...more,
  }
}

function start(
  reactors: Reactor | Reactor[],
  options: WorkerOptions,
): { pod: Worker; report: ReturnType<Worker['run']> } {
  const pod = worker(Array.isArray(reactors) ? reactors : [reactors], options)
  return { pod, report: pod.run() }
}

const wait = { timeout: 20_000, interval: 20 }

test('changes reach the reactor in order; a drained worker leaves everything done, and the next one repeats nothing', async () => {
  const application = `app-${randomUUID()}`
  const seen: string[] = []
  const note = () => reactor('note').on('see', saved, (e) => void seen.push(`${e.after.id}:${e.after.seats}`))
  const first = start(note(), optionsOf(application))
  for (let seats = 1; seats <= 5; seats += 1) await save('order', seats)
  await vi.waitFor(
    () =>
      expect(seen.filter((line) => line.startsWith('order'))).toEqual([
        'order:1',
        'order:2',
        'order:3',
        'order:4',
        'order:5',
      ]),
    wait,
  )
  expect(await first.pod.stop()).toEqual({ complete: true, leases: 2, unfinished: 0 })

  seen.length = 0
  const second = start(note(), optionsOf(application))
  await save('order', 6)
  await vi.waitFor(() => expect(seen).toContain('order:6'), wait)
  await second.pod.stop()
  expect(seen).toEqual(['order:6'])
})

test('the lease table reads as KCL writes it', async () => {
  const application = `app-${randomUUID()}`
  await save('kcl', 1)
  const seen: string[] = []
  const { pod } = start(
    reactor('note').on('see', saved, (e) => void seen.push(e.after.id)),
    optionsOf(application),
  )
  await vi.waitFor(() => expect(seen).toContain('kcl'), wait)
  await pod.stop()
  const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: application }))
  expect(Items).toHaveLength(2)
  for (const item of Items) {
    expect(item.leaseKey?.S).toMatch(/^\d{12}:clients-cdc:\d+:shardId-\d{12}$/)
    expect(item.leaseOwner).toBeUndefined()
    expect(item.startingHashKey?.S).toMatch(/^\d+$/)
    expect(Number(item.leaseCounter?.N)).toBeGreaterThan(0)
  }
  expect(Items.some((item) => /^\d+$/.test(item.checkpoint?.S ?? ''))).toBe(true)
})

test('two workers share the shards, and one takes over when the other leaves', async () => {
  const application = `app-${randomUUID()}`
  const seen = new Map<string, string>()
  const make = (name: string) =>
    start(
      reactor('note').on('see', saved, (e) => void seen.set(e.after.id, name)),
      optionsOf(application, { workerId: name }),
    )
  const one = make('one')
  const two = make('two')
  await vi.waitFor(async () => {
    const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: application }))
    expect(Items.map((item) => item.leaseOwner?.S).sort()).toEqual(['one', 'two'])
  }, wait)
  await one.pod.stop()
  const ids = Array.from({ length: 10 }, (_, i) => `share-${i}`)
  for (const id of ids) await save(id, 1)
  await vi.waitFor(() => expect(ids.every((id) => seen.get(id) === 'two')).toBe(true), wait)
  await two.pod.stop()
})

test('statement 28: parents are finished before children are read, through a split and a merge', async () => {
  const application = `app-${randomUUID()}`
  await using reshaped = await launch({
    emulators,
    tables: [{ name: 'clients', key: 'id', stream: 'reshaped' }],
  })
  const table = new DynamoDBClient(reshaped.clientConfig('dynamodb'))
  const stream = new KinesisClient(reshaped.clientConfig('kinesis'))
  const put = (seats: number) =>
    table.send(new PutItemCommand({ TableName: 'clients', Item: marshal({ id: 'moving', seats }) as never }))
  const open = async () =>
    ((await stream.send(new ListShardsCommand({ StreamName: 'reshaped' }))).Shards ?? []).filter(
      (shard) => shard.SequenceNumberRange?.EndingSequenceNumber === undefined,
    )
  await put(1)
  await reshaped.settled()
  const [only] = await open()
  await stream.send(
    new SplitShardCommand({
      StreamName: 'reshaped',
      ShardToSplit: only?.ShardId,
      NewStartingHashKey: (2n ** 127n).toString(),
    }),
  )
  await vi.waitFor(async () => expect(await open()).toHaveLength(2), wait)
  await put(2)
  await reshaped.settled()
  const [left, right] = await open()
  await stream.send(
    new MergeShardsCommand({
      StreamName: 'reshaped',
      ShardToMerge: left?.ShardId,
      AdjacentShardToMerge: right?.ShardId,
    }),
  )
  await vi.waitFor(async () => expect(await open()).toHaveLength(1), wait)
  await put(3)
  await reshaped.settled()

  const seen: number[] = []
  const { pod } = start(
    reactor('note').on('see', saved, (e) => void seen.push(e.after.seats)),
    optionsOf(application, { streams: ['reshaped'], kinesis: stream, dynamodb: table }),
  )
  await vi.waitFor(() => expect(seen).toEqual([1, 2, 3]), wait)
  await pod.stop()
  table.destroy()
  stream.destroy()
}, 40_000)

test('an unfinished record is not passed by the checkpoint: the next worker gets it, and only it', async () => {
  const application = `app-${randomUUID()}`
  const seen: string[] = []
  let stuck = true
  const note = () =>
    reactor('note', { retry: { base: '1h', max: '1h', attempts: 9 } }).on('see', saved, (e) => {
      if (e.after.id === 'stuck' && stuck) throw new Error('not yet')
      seen.push(e.after.id)
    })
  const random = () => 0.000_02
  const first = start(note(), optionsOf(application, { random: () => 1 }))
  await save('stuck', 1)
  const after = Array.from({ length: 6 }, (_, i) => `after-${i}`)
  for (const id of after) await save(id, 1)
  await vi.waitFor(() => expect(after.every((id) => seen.includes(id))).toBe(true), wait)
  expect(await first.pod.stop()).toMatchObject({ complete: false, unfinished: expect.any(Number) })

  const done = [...seen]
  stuck = false
  const second = start(note(), optionsOf(application, { random }))
  await save('fresh', 1)
  await vi.waitFor(() => expect(seen).toContain('fresh'), wait)
  await second.pod.stop()
  expect(seen.filter((id) => after.includes(id))).toEqual(done.filter((id) => after.includes(id)))
})

test('a wrong configuration lists every problem; an unknown stream fails the run', async () => {
  const bad = () =>
    worker(
      [reactor('r').on('see', saved, () => {})],
      optionsOf('app', { streams: ['a', 'a'], leases: { failover: '10ms' }, poll: { limit: 0 } }),
    )
  expect(bad).toThrow(
    /'leases\.failover' is '10ms'.*\n.*poll\.limit' is 0.*\n.*'streams\[1\]' is 'a', which is listed before/,
  )
  const tableless = () => worker([reactor('r').on('see', saved, () => {})], optionsOf('x'))
  expect(tableless).toThrow(
    /'application' is 'x', which names the lease table: expected .*, or a table in 'leases.table'/,
  )
  const unknown = start(
    reactor('r').on('see', saved, () => {}),
    optionsOf(`app-${randomUUID()}`, { streams: ['unheard-of'] }),
  )
  await expect(unknown.report).rejects.toThrow(
    /'streams\[0\]' cannot use the stream 'unheard-of' \(not-found\)/,
  )
})

test('a stop before the run, and a second stop, are fine', async () => {
  const pod = worker([reactor('r').on('see', saved, () => {})], optionsOf('app'))
  expect(await pod.stop()).toEqual({ complete: true, leases: 0, unfinished: 0 })
  expect(await pod.run()).toEqual({ complete: true, leases: 0, unfinished: 0 })
})

test('leases that cannot be renewed in time are lost, and what they held is taken up again without loss', async () => {
  const application = `app-${randomUUID()}`
  const said: string[] = []
  const hear = (message: string) => void said.push(message)
  const seen: string[] = []
  const { pod } = start(
    reactor('note').on('see', saved, (e) => void seen.push(e.after.id)),
    optionsOf(application, { logger: { debug: hear, info: hear, warn: hear, error: hear } }),
  )
  const count = (message: string) => said.filter((line) => line === message).length
  await vi.waitFor(() => expect(count('lease taken')).toBe(2), wait)
  ship.faults.throttle({ dynamodb: 1 })
  await vi.waitFor(() => expect(count('lease lost')).toBe(2), wait)
  ship.faults.clear()
  await vi.waitFor(() => expect(count('lease taken')).toBe(4), wait)
  const ids = Array.from({ length: 6 }, (_, i) => `again-${i}`)
  for (const id of ids) await save(id, 1)
  await vi.waitFor(() => expect(ids.every((id) => seen.includes(id))).toBe(true), wait)
  expect(await pod.stop()).toEqual({ complete: true, leases: 2, unfinished: 0 })
})

test('a worker whose pages are held back still drains, and says what is unfinished', async () => {
  const application = `app-${randomUUID()}`
  let started = 0
  const stuck = reactor('stuck').on('see', saved, (_, { signal }) => {
    started += 1
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  })
  for (let n = 0; n < 6; n += 1) await save(`held-${n}`, 1)
  const { pod, report } = start(
    stuck,
    optionsOf(application, {
      maxAhead: { records: 1 },
      drainTimeout: '300ms',
      poll: { interval: '200ms', limit: 2 },
    }),
  )
  await vi.waitFor(() => expect(started).toBeGreaterThan(1), wait)
  await pod.stop()
  expect(await report).toMatchObject({ complete: false, leases: 2 })
})
