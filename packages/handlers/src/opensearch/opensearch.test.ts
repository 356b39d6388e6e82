import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { Client } from '@opensearch-project/opensearch'
import { type Context, type EventMeta, entity, type Handler, reactor } from '@spaceship/core'
import { createEngine } from '@spaceship/core/engine'
import { memoryDeadLetters, memoryState } from '@spaceship/core/memory'
import { silent } from '@spaceship/core/ports'
import { harness } from '@spaceship/core/testing'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { emulators } from '../../../local/test/emulators.ts'
import { memorySearch } from '../testing/index.ts'
import { createSearch, searchIndex } from './index.ts'

let ship: Spaceship
let client: Client
beforeAll(async () => {
  ship = await launch({ emulators })
  client = new Client({ node: ship.endpoints.search, maxRetries: 0 })
})
afterAll(async () => {
  await client.close()
  await ship.close()
})

type Saved = EventMeta & { readonly after: { readonly id: string; readonly n: number } }
type Doc = EventMeta & { readonly document: object }
const at = (id: string, version: number, document: object = {}) =>
  ({ key: id, version: { min: version, max: version }, document }) as unknown as Doc
// Only the signal is used by these handlers.
const context = { signal: new AbortController().signal } as Context
const run = async (handle: Handler<Doc>, event: Doc) => handle(event, context)

test('a document is found by its words, replaced by a newer one, and kept from an older one', async () => {
  const search = createSearch({ client })
  const index = search.index({ index: 'docs', id: (e: Doc) => e.key, document: (e) => e.document })
  await run(index, at('a', 2, { name: 'Acme Rockets', tags: new Set(['x']), raw: new Uint8Array([1]) }))
  expect(await run(index, at('a', 1, { name: 'Old' }))).toMatchObject({ reason: expect.any(String) })
  expect(await run(index, at('a', 2, { name: 'Acme Rockets again' }))).toBeUndefined()
  const { total, hits } = await search.query<{ name: string }>('docs', { match: { name: 'rockets' } })
  expect([total, hits[0]?.document.name]).toEqual([1, 'Acme Rockets again'])
  expect(await search.count('docs', { match: { name: 'old' } })).toEqual({ total: 0 })
})

test.each<readonly [string, { readonly version?: 'n' }]>([
  ['its own version', { version: 'n' }],
  ['the time of its change', {}],
])(
  'a document is ordered by %s: no shard and no stream that is made anew, with lower positions, refuses it',
  async (_, more) => {
    const schema = z.object({ id: z.string(), n: z.number() })
    const Client = entity('client', { table: 'clients', key: 'id', schema, ...more })
    const search = memorySearch()
    const write = search.index({ index: 'docs', id: (e: Saved) => e.key, document: (e) => e.after })
    const deadLetters = memoryDeadLetters()
    const engine = createEngine({
      ...{ application: 'app', state: memoryState(), deadLetters, logger: silent },
      reactors: [reactor('r').on('index', Client.saved('client.saved'), write)],
    })
    const places = [
      ['s', 'shardId-000000000009', '900'],
      ['s', 'shardId-000000000010', '50'],
      ['anew', 'shardId-000000000000', '1'],
    ] as const
    for (const [n, [stream, shard, sequence]] of places.entries()) {
      const change = {
        ...{ eventName: 'INSERT', tableName: 'clients' },
        dynamodb: {
          ...{
            ApproximateCreationDateTime: 1_796_000_000_000 + n,
            ApproximateCreationDateTimePrecision: 'MILLISECOND',
          },
          ...{ Keys: { id: { S: 'a' } }, NewImage: { id: { S: 'a' }, n: { N: String(n) } } },
        },
      }
      const delivery = await engine.open({ stream, shard, redelivers: 'none' })
      const data = Buffer.from(JSON.stringify(change))
      await delivery.push([{ sequence, subSequence: 0, partitionKey: 'a', data, arrivedAt: new Date() }])
      await delivery.quiet()
      const { hits } = await search.query<{ n: number }>('docs', { match_all: {} })
      expect(hits.map(({ document }) => document.n)).toEqual([n])
    }
    expect(deadLetters.letters).toEqual([])
  },
)

test('a removed document stays out when an older write comes late; removing what is not there is fine', async () => {
  const search = createSearch({ client })
  const index = search.index({ index: 'docs', id: (e: Doc) => e.key, document: (e) => e.document })
  const remove = search.remove({ index: 'docs', id: (e: Doc) => e.key })
  await run(index, at('gone', 5, { name: 'Gone' }))
  expect(await run(remove, at('gone', 7))).toBeUndefined()
  expect(await run(index, at('gone', 6, { name: 'Gone' }))).toMatchObject({ reason: expect.any(String) })
  expect(await run(remove, at('never', 1))).toBeUndefined()
  expect(await search.count('docs', { match: { name: 'gone' } })).toEqual({ total: 0 })
})

test('what OpenSearch refuses is refused for good, without the document in the error', async () => {
  const search = createSearch({ client })
  const long = search.index({ index: 'docs', id: () => 'x'.repeat(513), document: (e: Doc) => e.document })
  await expect(run(long, at('a', 1, { secret: 'hush' }))).rejects.toMatchObject({ code: 'permanent' })
  await expect(search.query('docs', { no_such_query: {} })).rejects.toMatchObject({ code: 'permanent' })
})

test.each([
  ['that is slower than its time', () => {}],
  ['that breaks off', (response: ServerResponse) => response.destroy()],
  ['that says 503', (response: ServerResponse) => response.writeHead(503).end()],
])('an answer %s is an outage, and the client asks once: nothing is written twice', async (_, answer) => {
  let asked = 0
  const server = createServer((request, response) => {
    asked += 1
    request.resume().on('end', () => answer(response))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  // With its defaults the client would ask four times.
  const { port } = server.address() as AddressInfo // what a TCP server answers
  const eager = new Client({ node: `http://127.0.0.1:${port}`, requestTimeout: 200 })
  const search = createSearch({ client: eager })
  const index = search.index({ index: 'docs', id: (e: Doc) => e.key, document: (e) => e.document })
  await expect(run(index, at('a', 1, { name: 'x' }))).rejects.toMatchObject({ code: 'unavailable' })
  expect(asked).toBe(1)
  await eager.close()
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

test('a missing index and a server that is gone are outages', async () => {
  await expect(createSearch({ client }).query('nowhere', { match_all: {} })).rejects.toMatchObject({
    code: 'unavailable',
  })
  const gone = new Client({ node: 'http://127.0.0.1:9', maxRetries: 0 })
  await expect(createSearch({ client: gone }).count('docs', { match_all: {} })).rejects.toMatchObject({
    code: 'unavailable',
  })
  await gone.close()
})

test('a document comes to every engine as the same: all digits of an integer, sets as lists, binary as base64, dates as ISO text', async () => {
  const sent: string[] = []
  // Of the client, `transport.request` alone is used.
  const recording = {
    transport: {
      request: ({ bulkBody }: { readonly bulkBody: Buffer }) => {
        const [, document = ''] = bulkBody.toString().split('\n')
        if (document !== '') sent.push(document)
        const body = { items: [{ index: { status: 201, result: 'created' } }] }
        return Object.assign(Promise.resolve({ statusCode: 200, body }), { abort: () => {} })
      },
    },
  } as unknown as Client
  const memory = memorySearch()
  const document = {
    cents: 3804086584686624769n,
    tags: new Set(['x', new Uint8Array([1, 2])]),
    at: new Date(0),
    nested: [{ big: -9223372036854775808n, none: undefined }],
  }
  for (const search of [createSearch({ client: recording }), memory])
    await run(
      search.index({ index: 'docs', id: (e: Doc) => e.key, document: (e) => e.document }),
      at('a', 1, document),
    )
  expect(sent).toEqual([
    '{"cents":3804086584686624769,"tags":["x","AQI="],"at":"1970-01-01T00:00:00.000Z","nested":[{"big":-9223372036854775808}]}',
  ])
  expect(memory.documents('docs').a).toEqual({
    cents: 3804086584686624769n,
    tags: ['x', 'AQI='],
    at: '1970-01-01T00:00:00.000Z',
    nested: [{ big: -9223372036854775808n }],
  })
})

test('what no index holds is refused with its path, alike in memory', async () => {
  for (const search of [createSearch({ client }), memorySearch()]) {
    const index = search.index({ index: 'docs', id: (e: Doc) => e.key, document: (e) => e.document })
    for (const wrong of [Number.NaN, new Map(), [undefined], () => 1, new Date(Number.NaN)])
      await expect(run(index, at('a', 1, { deep: { wrong } }))).rejects.toMatchObject({
        code: 'permanent',
        message: expect.stringContaining("'deep.*"),
      })
  }
})

test.each([
  ['__proto__', '{"labels":{"__proto__":"x"}}', 'labels.__proto__'],
  ['__proto__ of the document itself', '{"__proto__":{"x":1}}', '__proto__'],
  ['a constructor with a prototype', '{"a":[{"constructor":{"prototype":1}}]}', 'a[0].constructor'],
  ['a constructor that is null', '{"labels":{"hush":{"constructor":null}}}', 'labels.*.constructor'],
])('%s is refused with its path: no answer that holds it could be read', async (_, text, path) => {
  const index = searchIndex('poisoned', z.object({}).loose())
  for (const search of [createSearch({ client, create: true }), memorySearch()]) {
    const write = search.index({ index, id: (e: Doc) => e.key, document: (e) => e.document })
    await run(write, at('fine', 1, { constructor: { name: 'x' }, text: '__proto__ "constructor":null' }))
    await expect(run(write, at('poison', 1, JSON.parse(text)))).rejects.toMatchObject({
      code: 'permanent',
      message: expect.stringContaining(`'${path}'`),
    })
    expect((await search.query(index, { match_all: {} })).hits.map(({ id }) => id)).toEqual(['fine'])
  }
})

test('a document that somebody else has poisoned is told as that, with its place and what to do, and without what it holds', async () => {
  const body = '{"labels":{"hush":{"constructor":null}}}'
  const headers = { 'content-type': 'application/json' }
  await fetch(`${ship.endpoints.search}/foreign/_doc/a`, { method: 'PUT', headers, body: '{}' })
  await fetch(`${ship.endpoints.search}/foreign/_doc/b`, { method: 'PUT', headers, body })
  const error = await createSearch({ client })
    .query('foreign', { match_all: {} })
    .catch((error: unknown) => error)
  expect(error).toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining("'hits.hits[1]._source.*.*.constructor'"),
    setup: {
      reason: 'unknown-operation',
      advice: expect.stringContaining("remove the document that has it from the index 'foreign'"),
    },
  })
  expect(inspect(error, { depth: 9 })).not.toContain('hush')
})

test('an item that is removed and made again is found if its version has gone on, or if times decide; one that begins anew is not', async () => {
  const schema = z.object({ id: z.string(), n: z.number() })
  for (const [version, again, total] of [
    ['n', 1, 0],
    ['n', 7, 1],
    [undefined, 1, 1],
  ] as const) {
    const Row = entity('row', { table: 'rows', key: 'id', schema, ...(version !== undefined && { version }) })
    const index = searchIndex('rows', Row)
    const search = memorySearch()
    const ship = harness(() =>
      reactor('searching')
        .on('index', Row.saved('row.saved'), search.index(index))
        .on('unindex', Row.removed('row.left'), search.remove(index)),
    )
    await ship.put(Row, { id: 'a', n: 5 })
    await ship.remove(Row, 'a')
    await ship.put(Row, { id: 'a', n: again })
    expect((await search.count(index, { match_all: {} })).total).toBe(total)
    expect(ship.deadLetters).toEqual([])
  }
})
