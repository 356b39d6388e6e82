import { gunzipSync } from 'node:zlib'
import type { S3Client } from '@aws-sdk/client-s3'
import { entity, marshal, type Reactor, type RouteOptions, reactor } from '@spaceship/core'
import { createEngine } from '@spaceship/core/engine'
import { memoryDeadLetters, memoryState, virtualClock } from '@spaceship/core/memory'
import { type StateStore, silent } from '@spaceship/core/ports'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { type S3ArchiveOptions, s3Archive } from './index.ts'

const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({ id: z.string(), n: z.number(), text: z.string().optional() }),
})

type Row = Readonly<Record<string, unknown>>

function changed(sequence: number, after: Row, before?: Row) {
  const change = {
    eventName: before === undefined ? 'INSERT' : 'MODIFY',
    tableName: 'clients',
    dynamodb: {
      ApproximateCreationDateTime: 1_796_000_000_000_000 + sequence,
      Keys: marshal({ id: after.id }),
      NewImage: marshal(after),
      ...(before !== undefined && { OldImage: marshal(before) }),
    },
  }
  const data = new TextEncoder().encode(JSON.stringify(change))
  return { sequence: String(sequence), subSequence: 0, partitionKey: 'p', data, arrivedAt: new Date(0) }
}

/** An archive on a stream of its own, and the objects that it has put, as lines. */
function archiving(options: Partial<S3ArchiveOptions> = {}) {
  const objects: { readonly bytes: number; readonly lines: readonly string[] }[] = []
  const send = async ({ input }: { readonly input: { readonly Body: Uint8Array } }) => {
    const text = gunzipSync(input.Body).toString()
    objects.push({ bytes: text.length, lines: text.split('\n').slice(0, -1) })
    return {}
  }
  // The archive asks a client nothing but to send.
  const client = { send } as unknown as S3Client
  const clock = virtualClock()
  const deadLetters = memoryDeadLetters()
  const archive = s3Archive({ client, bucket: 'b', entity: 'client', ...options })
  const engine = createEngine({
    ...{ application: 'app', state: memoryState({ clock }), deadLetters, clock, logger: silent },
    reactors: [reactor('archiving').on('archive', Client.saved('saved'), archive)],
  })
  return { engine, clock, objects, deadLetters }
}

const shard = { stream: 's', shard: 'shardId-0', redelivers: 'none' } as const

test("a change whose old image fails today's schema is archived, with the reason", async () => {
  const { engine, clock, objects, deadLetters } = archiving()
  const delivery = await engine.open(shard)
  await delivery.push([
    changed(1, { id: 'a', n: 1 }, { id: 'a', n: 0 }),
    changed(2, { id: 'b', n: 1 }, { id: 'b', n: 'hush' }),
    changed(3, { id: 'c', n: 1 }),
  ])
  await delivery.quiet()
  await clock.moveTo(clock.now() + 5_000)
  await delivery.quiet()
  expect(deadLetters.letters).toEqual([])
  const [a, b, c] = objects.flatMap(({ lines }) => lines.map((line) => JSON.parse(line)))
  expect([a.before, b.after, c.after]).toEqual([
    { id: 'a', n: 0 },
    { id: 'b', n: 1 },
    { id: 'c', n: 1 },
  ])
  expect(b).toMatchObject({ key: 'b', beforeRefused: expect.stringContaining("'before' of client: at n") })
  expect(b).not.toHaveProperty('before')
  expect(b.beforeRefused).not.toContain('hush')
  expect(a).not.toHaveProperty('beforeRefused')
})

/** The events in each object that these reactors put, of a row that was made and one that was changed. */
async function archivedBy(reactorsOf: (archive: ReturnType<typeof s3Archive>) => readonly Reactor[]) {
  const objects = new Map<string, readonly string[]>()
  const send = async ({ input }: { readonly input: { readonly Key: string; readonly Body: Uint8Array } }) => {
    const lines = gunzipSync(input.Body).toString().split('\n').slice(0, -1)
    objects.set(
      input.Key,
      lines.map((line) => JSON.parse(line).event),
    )
    return {}
  }
  const clock = virtualClock()
  const stores = { state: memoryState({ clock }), deadLetters: memoryDeadLetters() }
  // The archive asks a client nothing but to send.
  const reactors = reactorsOf(
    s3Archive({ client: { send } as unknown as S3Client, bucket: 'b', entity: 'client' }),
  )
  const engine = createEngine({ application: 'app', ...stores, clock, logger: silent, reactors })
  const delivery = await engine.open(shard)
  await delivery.push([changed(1, { id: 'a', n: 1 }), changed(2, { id: 'b', n: 2 }, { id: 'b', n: 1 })])
  await clock.moveTo(clock.now() + 5_000)
  await delivery.quiet()
  return [...objects.values()].toSorted((a, b) => a.length - b.length)
}

test('two routes that archive the same record write objects of their own, also if their names read alike', async () => {
  const saved = Client.saved('saved')
  const created = Client.created('created')
  const routes = await archivedBy((archive) => [
    reactor('archiving').on('all', saved, archive).on('new', created, archive),
  ])
  expect(routes).toEqual([['created'], ['saved', 'saved']])
  const alike = await archivedBy((archive) => [
    reactor('archive').on('eu-all', saved, archive),
    reactor('archive-eu').on('all', saved, archive),
  ])
  expect(alike).toEqual([
    ['saved', 'saved'],
    ['saved', 'saved'],
  ])
})

test('200 changes of 400 KB: an object holds 16 MiB of them, however many may be in one', async () => {
  const { engine, clock, objects, deadLetters } = archiving()
  const delivery = await engine.open(shard)
  const text = 'x'.repeat(400_000)
  for (let page = 0; page < 20; page += 1) {
    // More is wanted when objects are written: nobody waits for time to pass meanwhile.
    await delivery.push(
      Array.from({ length: 10 }, (_, n) => {
        const sequence = page * 10 + n + 1
        return changed(sequence, { id: `c${sequence}`, n: sequence, text })
      }),
    )
  }
  await delivery.quiet()
  await clock.moveTo(clock.now() + 5_000)
  await delivery.quiet()
  expect(deadLetters.letters).toEqual([])
  expect(objects.flatMap(({ lines }) => lines).length).toBe(200)
  expect(Math.max(...objects.map(({ bytes }) => bytes))).toBeLessThanOrEqual(16 * 1024 * 1024)
  expect(Math.max(...objects.map(({ lines }) => lines.length))).toBe(41)
}, 60_000)

/** Owners of one shard after one another, with a clock, a state store and a bucket in common; objects are told by the keys of their rows. */
function owners(options: RouteOptions, stateOf: (memory: StateStore) => StateStore = (memory) => memory) {
  const objects = new Map<string, readonly string[]>()
  const client = {
    send: async ({ input }: { readonly input: { readonly Key: string; readonly Body: Uint8Array } }) => {
      const lines = gunzipSync(input.Body).toString().split('\n').slice(0, -1)
      objects.set(
        input.Key,
        lines.map((line) => JSON.parse(line).key),
      )
      return {}
    },
  }
  const clock = virtualClock()
  const state = stateOf(memoryState({ clock }))
  const open = async (records: readonly ReturnType<typeof changed>[]) => {
    const engine = createEngine({
      ...{ application: 'app', state, deadLetters: memoryDeadLetters(), clock, logger: silent },
      reactors: [
        reactor('archiving').on(
          'archive',
          Client.saved('saved'),
          // The archive asks a client nothing but to send.
          s3Archive({ client: client as unknown as S3Client, bucket: 'b', entity: 'client' }),
          options,
        ),
      ],
    })
    const delivery = await engine.open(shard)
    await delivery.push(records)
    // Until the batch waits for its time alone.
    await delivery.quiet()
    return delivery
  }
  return { client, clock, objects, open }
}

const row = (sequence: number) => changed(sequence, { id: 'abc'[sequence - 1], n: sequence })

test('what is left of an archived batch of which some claims are completed takes nothing of the object away', async () => {
  const completed = Promise.withResolvers<void>()
  let first: string | undefined
  let [isThrottled, done] = [true, 0]
  const { clock, objects, open } = owners({ effect: 'claim' }, (memory) => ({
    ...memory,
    set: async (key, value, expected) => {
      first ??= key
      const isDone = value.state === 'completed'
      if (isThrottled && isDone && key === first)
        throw Object.assign(new Error('throttled'), { name: 'ThrottlingException' })
      const answer = await memory.set(key, value, expected)
      if (isDone && ++done === 2) completed.resolve()
      return answer
    },
  }))
  const one = await open([row(1), row(2), row(3)])
  await clock.moveTo(clock.now() + 5_000)
  await completed.promise
  one.revoke(new Error('the lease is lost'))
  isThrottled = false
  const heir = await open([row(1), row(2), row(3)])
  while (!heir.complete) {
    await clock.moveTo(clock.now() + 1_000)
    await heir.quiet()
  }
  expect([...objects.values()]).toEqual([['a', 'b', 'c'], ['a']])
})

test('a put that S3 takes after the lease went on takes nothing of what the next owner has put', async () => {
  const { client, clock, objects, open } = owners({})
  const { send } = client
  const [asked, late] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const ended = Promise.withResolvers<void>()
  client.send = async (command) => {
    client.send = send
    asked.resolve()
    await late.promise
    const answer = await send(command)
    ended.resolve()
    return answer
  }
  const one = await open([row(1)])
  await clock.moveTo(clock.now() + 5_000)
  await asked.promise
  one.revoke(new Error('the lease is lost'))
  const heir = await open([row(1), row(2), row(3)])
  await clock.moveTo(clock.now() + 5_000)
  await heir.quiet()
  late.resolve()
  await ended.promise
  expect([...objects.values()]).toEqual([['a', 'b', 'c'], ['a']])
})

test('a batch that is repeated overwrites itself', async () => {
  const { clock, objects, open } = owners({})
  for (let n = 0; n < 2; n += 1) {
    const delivery = await open([row(1), row(2)])
    await clock.moveTo(clock.now() + 5_000)
    await delivery.quiet()
    // As after a crash: nothing of what is done is kept.
    delivery.revoke(new Error('the lease is lost'))
  }
  expect([...objects.values()]).toEqual([['a', 'b']])
})

test('names tell the first and the last position, and sort as these do, those within an aggregate too', async () => {
  const { clock, objects, open } = owners({})
  const names: string[] = []
  for (const [sequence, subSequence] of [
    [9, 0],
    [9, 2],
    [9, 10],
    [10, 0],
  ] as const) {
    const delivery = await open([
      { ...changed(sequence, { id: 'a', n: 1 }), subSequence },
      changed(200, { id: 'b', n: 2 }),
    ])
    await clock.moveTo(clock.now() + 5_000)
    await delivery.quiet()
    delivery.revoke(new Error('the lease is lost'))
    names.push([...objects.keys()].at(-1) ?? '')
  }
  expect(names.toSorted()).toEqual(names)
  expect(new Set(names).size).toBe(4)
  expect(names[1]).toMatch(
    /date=2026-11-30\/shardId-0-0{59}9\.0{7}2-200-[0-9a-f]{16}!archiving!archive\.ndjson\.gz$/,
  )
})
