import { gunzipSync } from 'node:zlib'
import type { S3Client } from '@aws-sdk/client-s3'
import { entity, marshal, type Reactor, reactor } from '@spaceship/core'
import { createEngine } from '@spaceship/core/engine'
import { memoryDeadLetters, memoryState, virtualClock } from '@spaceship/core/memory'
import { silent } from '@spaceship/core/ports'
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
