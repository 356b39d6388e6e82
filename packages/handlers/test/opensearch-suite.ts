/** Owns what search must do on a real OpenSearch, beyond what it does everywhere. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@opensearch-project/opensearch'
import { type Context, type EventMeta, entity, type Handler, reactor } from '@spaceship/core'
import { type Clock, systemClock } from '@spaceship/core/ports'
import { harness } from '@spaceship/core/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type OpenSearchLane, type OpenSearchNode, startOpenSearch } from '../../../scripts/opensearch.ts'
import { createSearch, type Search, searchIndex } from '../src/opensearch/index.ts'
import { placeSuite } from './place-suite.ts'
import { rebuildSuite } from './rebuild-suite.ts'
import { searchSuite } from './search-suite.ts'

type Doc = EventMeta & { readonly after: Row }
const Row = z.object({
  id: z.string(),
  name: z.string(),
  plan: z.enum(['trial', 'paid']),
  seats: z.number().int(),
  since: z.iso.datetime(),
  tags: z.array(z.string()).optional(),
  address: z.object({ city: z.string() }).nullable().optional(),
  labels: z.record(z.string(), z.string()).optional(),
})
type Row = z.infer<typeof Row>
const ClientEntity = entity('client', { table: 'clients', key: 'id', schema: Row })
const index = searchIndex('clients', ClientEntity, { settings: { number_of_replicas: 0 } })

const row = (id: string, more: object = {}): Row => ({
  ...{ id, name: 'Acme Rockets', plan: 'trial', seats: 5, since: '2026-11-24T09:00:00Z' },
  ...more,
})
// Safe: these handlers use the key, the version and the time of an event, and of the context the signal alone.
const at = (key: string, version: number, after: object = row(key)) =>
  ({ key, version: { min: version, max: version }, after, at: new Date(0) }) as unknown as Doc
const context = { signal: new AbortController().signal } as Context
const run = async (handle: Handler<Doc>, event: Doc) => handle(event, context)
const stale = { reason: expect.any(String) }

export function openSearchSuite(lane: OpenSearchLane): void {
  let node: OpenSearchNode
  let client: Client
  let data: string
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'spaceship-opensearch-'))
    node = await startOpenSearch(lane, { data, settings: { 'http.max_content_length': '1mb' } })
    client = new Client({ node: node.url })
  }, 300_000)
  afterEach(() => client.indices.delete({ index: '*' }))
  afterAll(async () => {
    await client.close()
    await node.stop()
    await rm(data, { recursive: true, force: true })
  })

  /** What is written is found at once. */
  const search = (clock: Clock = systemClock): Search => {
    const real = createSearch({ client, create: true, clock })
    const refreshed = () => client.indices.refresh({ index: '_all' })
    return {
      ...real,
      query: async (...asked) => refreshed().then(() => real.query(...asked)),
      count: async (...asked) => refreshed().then(() => real.count(...asked)),
      purge: (...asked) => {
        const purge = real.purge(...asked)
        return Object.assign(async (...given: Parameters<typeof purge>) => {
          await refreshed()
          return purge(...given)
        }, purge)
      },
    }
  }

  describe('as everywhere', () => searchSuite(async () => search()))

  describe('made anew', () => rebuildSuite(async (clock) => search(clock), 3))

  describe('names', () => placeSuite(() => client))

  test('a data stream is a set-up, and no dead letter for each record', async () => {
    const template = { index_patterns: ['logs-*'], data_stream: {} }
    await client.indices.putIndexTemplate({ name: 'logs', body: template as never })
    await client.indices.createDataStream({ name: 'logs-a' })
    const handle = search().index({ index: 'logs-a', id: (e: Doc) => e.key, document: (e) => e.after })
    await expect(run(handle, at('a', 1))).rejects.toMatchObject({ setup: { reason: 'unknown-operation' } })
    await client.indices.deleteDataStream({ name: 'logs-a' })
    await client.indices.deleteIndexTemplate({ name: 'logs' })
  })

  test('the mapping follows from the schema, and finds what it promises', async () => {
    const { index: write, query } = search()
    const zoe = row('zoe', {
      name: 'Zo\u00eb',
      plan: 'paid',
      since: '2026-11-28T10:00:00Z',
      tags: ['big'],
      address: { city: 'Bern' },
      labels: { tier: 'gold', 'app.kubernetes.io/name': 'x' },
    })
    await Promise.all([run(write(index), at('acme', 1)), run(write(index), at('zoe', 1, zoe))])
    const found = async (asked: object) => (await query(index, { ...asked })).hits.map((hit) => hit.id)
    expect(await found({ match: { name: 'rockets' } })).toEqual(['acme'])
    expect(await found({ term: { 'name.keyword': 'Acme Rockets' } })).toEqual(['acme'])
    expect(await found({ term: { plan: 'paid' } })).toEqual(['zoe'])
    expect(await found({ range: { since: { gt: '2026-11-25' } } })).toEqual(['zoe'])
    expect(await found({ term: { 'address.city.keyword': 'Bern' } })).toEqual(['zoe'])
    expect(await found({ term: { 'labels.tier': 'gold' } })).toEqual(['zoe'])
    expect(
      (await query(index, { match_all: {} }, { sort: [{ since: 'desc' }], from: 1 })).hits,
    ).toMatchObject([{ id: 'acme' }])
  })

  test('documents of a comparison come from all of an index, also beyond the ten thousand that a search pages through', async () => {
    const keeper = search().keeper(index)
    const [old, young] = [index.hash, `${index.hash}-2`]
    for (const version of [old, young]) {
      await keeper.make(version)
      const lines = Array.from({ length: 10_500 }, (_, n) => {
        const isStale = version === young && n >= 10_000
        const action = { _id: `c${n}`, version: isStale ? 1 : 2, version_type: 'external' }
        return `${JSON.stringify({ index: action })}\n${JSON.stringify({ id: `c${n}`, name: String(isStale) })}\n`
      })
      // A request takes a megabyte here.
      for (let from = 0; from < lines.length; from += 3_500)
        await client.transport.request({
          method: 'POST',
          path: `/clients-v${version}/_bulk`,
          bulkBody: lines.slice(from, from + 3_500).join(''),
        })
    }
    await keeper.show(old)
    const { counts, sampled, differing } = await keeper.compare(old, young, 2_000)
    expect([counts, sampled]).toEqual([[10_500, 10_500], 2_000])
    // One in twenty-one differs, so of two thousand there is one.
    expect(differing.length).toBeGreaterThan(0)
    expect(differing.every((id) => Number(id.slice(1)) >= 10_000)).toBe(true)
  })

  test('one of many is refused for its contents: it alone is, and its field is named', async () => {
    const { index: write, count } = search()
    const handle = write(index)
    const all = Array.from({ length: 300 }, (_, n) =>
      run(handle, at(String(n), 1, n === 77 ? row('77', { seats: 'many' }) : undefined)),
    )
    const ends = await Promise.allSettled(all)
    expect(ends.flatMap((end, n) => (end.status === 'rejected' ? [n] : []))).toEqual([77])
    expect(ends[77]).toMatchObject({
      reason: { code: 'permanent', message: expect.stringContaining("'seats'") },
    })
    expect(await count(index, { match_all: {} })).toEqual({ total: 299 })
  })

  test('a text that is too long for an open map is refused by the name of the map; mapped by its path, it is taken', async () => {
    const noted = (length: number) => row('long', { labels: { note: 'x'.repeat(length) } })
    // A little too long, too long with its path, and too long alone are told in other words.
    for (const length of [32_750, 32_760, 40_000])
      await expect(run(search().index(index), at('long', 1, noted(length)))).rejects.toMatchObject({
        code: 'permanent',
        message: expect.stringContaining("open map 'labels'"),
      })
    const long = noted(40_000)
    const fields = { 'labels.note': { type: 'text' } }
    const texts = searchIndex('texts', ClientEntity, { fields, settings: { number_of_replicas: 0 } })
    expect(await run(search().index(texts), at('long', 1, long))).toBeUndefined()
  })

  test('a request that is too large is divided; a document that is too large alone is refused for good', async () => {
    const { index: write, count } = search()
    const handle = write(index)
    const large = (key: string, size: number) => run(handle, at(key, 1, row(key, { name: 'x'.repeat(size) })))
    const ends = await Promise.allSettled([
      ...Array.from({ length: 12 }, (_, n) => large(String(n), 200_000)),
      large('whale', 1_100_000),
    ])
    expect(ends.at(-1)).toMatchObject({ reason: { code: 'permanent' } })
    expect(ends.filter(({ status }) => status === 'fulfilled').length).toBe(12)
    expect(await count(index, { match_all: {} })).toEqual({ total: 12 })
  })

  test('an index that is read-only, or closed, is waited for', async () => {
    const { index: write } = search()
    const handle = write(index)
    await run(handle, at('a', 1))
    const name = `clients-v${index.hash}`
    const block = (value: boolean | null) =>
      client.indices.putSettings({ index: name, body: { 'index.blocks.write': value } as never })
    await block(true)
    await expect(run(handle, at('a', 2))).rejects.toMatchObject({ code: 'unavailable', setup: undefined })
    await block(null)
    expect(await run(handle, at('a', 2))).toBeUndefined()
    await client.indices.close({ index: name })
    await expect(run(handle, at('a', 3))).rejects.toMatchObject({ setup: { reason: 'not-found' } })
  })

  test('the alias goes while documents are written: nothing is lost, and no index of its name appears', async () => {
    const { index: write, count } = search()
    const handle = write(index)
    await run(handle, at('first', 1))
    const name = `clients-v${index.hash}`
    const alias = `clients-write-${index.hash}`
    const without = createSearch({ client, create: false }).index(index)
    const alter = (kind: 'add' | 'remove') =>
      client.indices.updateAliases({ body: { actions: [{ [kind]: { index: name, alias } }] } as never })
    const writing = Array.from({ length: 200 }, (_, n) => run(without, at(`during-${n}`, 1)))
    await alter('remove')
    const again = Array.from({ length: 200 }, (_, n) => run(without, at(`after-${n}`, 1)))
    const ends = await Promise.allSettled([...writing, ...again])
    for (const end of ends)
      if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'unavailable' })
    expect(ends.slice(200).every(({ status }) => status === 'rejected')).toBe(true)
    await alter('add')
    const { body } = await client.cat.indices({ format: 'json', h: ['index'] as never })
    expect(body).toEqual([{ index: name }])
    await Promise.all(Array.from({ length: 200 }, (_, n) => run(without, at(`during-${n}`, 1))))
    await Promise.all(Array.from({ length: 200 }, (_, n) => run(without, at(`after-${n}`, 1))))
    expect(await count(index, { match_all: {} })).toEqual({ total: 401 })
  })

  test('through the engine: a whole shard again, and out of order, changes nothing and makes no letter', async () => {
    const real = search()
    const saved = ClientEntity.saved('client.saved')
    const left = ClientEntity.removed('client.left')
    const indexing = reactor('indexing')
      .on('index', saved, real.index(index))
      .on('unindex', left, real.remove(index))
    const ship = harness(() => indexing)
    for (let n = 0; n < 30; n += 1) await ship.put(ClientEntity, row(`c${n % 10}`, { seats: n }))
    for (let n = 0; n < 5; n += 1) await ship.remove(ClientEntity, `c${n}`)
    const before = await real.query(index, { match_all: {} }, { sort: [{ seats: 'asc' }] })
    expect(before.hits.map(({ document }) => document.seats)).toEqual([25, 26, 27, 28, 29])
    await ship.redeliver()
    expect(await real.query(index, { match_all: {} }, { sort: [{ seats: 'asc' }] })).toEqual(before)
    expect(ship.deadLetters).toEqual([])
  })

  test('what was removed stays removed when the server has forgotten it: after a restart, and a flush', async () => {
    const { index: write, remove } = search()
    await run(write(index), at('a', 5))
    await run(remove(index), at('a', 7))
    await client.indices.flush({ index: '_all' })
    const port = Number(new URL(node.url).port)
    await node.stop('SIGKILL')
    node = await startOpenSearch(lane, { data, port, settings: { 'http.max_content_length': '1mb' } })
    const after = search()
    expect(await run(after.index(index), at('a', 6))).toMatchObject(stale)
    expect(await after.count(index, { match_all: {} })).toEqual({ total: 0 })
    expect(await run(after.index(index), at('a', 8))).toBeUndefined()
    expect(await after.count(index, { match_all: {} })).toEqual({ total: 1 })
  }, 120_000)
}
