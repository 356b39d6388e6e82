import { Client } from '@opensearch-project/opensearch'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Search, startSearch } from './index.ts'

let search: Search
let client: Client
beforeEach(async () => {
  search = await startSearch()
  client = new Client({ node: search.url, maxRetries: 0 })
})
afterEach(async () => {
  await client.close()
  await search.close()
})

test('the official client indexes, finds, replaces and removes a document', async () => {
  await expect(client.ping()).resolves.toMatchObject({ statusCode: 200 })
  expect((await client.info()).body.version.distribution).toBe('opensearch')
  const write = (version: number, name: string) =>
    client.index({ index: 'clients', id: 'acme', version, version_type: 'external', body: { name } })
  await expect(write(1, 'Acme')).resolves.toMatchObject({
    statusCode: 201,
    body: { result: 'created', _version: 1 },
  })
  await expect(write(3, 'Acme Rockets')).resolves.toMatchObject({
    statusCode: 200,
    body: { result: 'updated' },
  })
  await expect(write(2, 'stale')).rejects.toMatchObject({
    statusCode: 409,
    body: { error: { type: 'version_conflict_engine_exception' } },
  })
  const names = async (word: string) => {
    const { body } = await client.search({ index: 'clients', body: { query: { match: { name: word } } } })
    return body.hits.hits.map(({ _source }) => _source)
  }
  await expect(names('rockets')).resolves.toEqual([{ name: 'Acme Rockets' }])
  await expect(names('stale')).resolves.toEqual([])
  await client.delete({ index: 'clients', id: 'acme', version: 4, version_type: 'external' })
  await expect(names('rockets')).resolves.toEqual([])
  await expect(client.get({ index: 'clients', id: 'acme' })).rejects.toMatchObject({
    statusCode: 404,
    body: { found: false },
  })
  await expect(client.exists({ index: 'clients', id: 'acme' })).resolves.toMatchObject({ body: false })
})

test('indices are created, described, emptied and deleted', async () => {
  await expect(client.indices.exists({ index: 'i' })).resolves.toMatchObject({ body: false })
  await client.indices.create({ index: 'i', body: { mappings: { properties: { a: { type: 'keyword' } } } } })
  await client.index({
    index: 'i',
    id: '1',
    refresh: true,
    body: { b: 1, c: 'two words', d: '2026-01-01', e: { f: false } },
  })
  const { body } = await client.indices.getMapping({ index: 'i' })
  expect(body.i?.mappings).toEqual({
    properties: {
      a: { type: 'keyword' },
      b: { type: 'long' },
      c: { type: 'text', fields: { keyword: { type: 'keyword', ignore_above: 256 } } },
      d: { type: 'date' },
      e: { properties: { f: { type: 'boolean' } } },
    },
  })
  await expect(client.indices.refresh({ index: 'i' })).resolves.toMatchObject({ statusCode: 200 })
  await client.deleteByQuery({ index: 'i', body: { query: { match_all: {} } } })
  await expect(client.count({ index: 'i' })).resolves.toMatchObject({ body: { count: 0 } })
  await client.indices.delete({ index: 'i' })
  await expect(client.search({ index: 'i' })).rejects.toMatchObject({
    statusCode: 404,
    body: { error: { type: 'index_not_found_exception' } },
  })
})

test('a document that the mapping refuses leaves neither document, nor version, nor field behind', async () => {
  await client.indices.create({ index: 'i', body: { mappings: { properties: { n: { type: 'integer' } } } } })
  const refused = client.index({
    index: 'i',
    id: '1',
    version: 5,
    version_type: 'external',
    body: { fresh: 'x', n: 'many' },
  })
  await expect(refused).rejects.toMatchObject({
    statusCode: 400,
    body: { error: { type: 'mapper_parsing_exception' } },
  })
  expect((await client.indices.getMapping({ index: 'i' })).body.i?.mappings.properties).toEqual({
    n: { type: 'integer' },
  })
  await client.index({ index: 'i', id: '1', version: 5, version_type: 'external', body: { n: 1 } })
})

test('an error about a document does not quote it', async () => {
  const answer = await fetch(`${search.url}/i/_doc/1`, {
    method: 'PUT',
    body: '{"secret": "hunter2"',
    headers: { 'content-type': 'application/json' },
  })
  expect(answer.status).toBe(400)
  await expect(answer.text()).resolves.not.toContain('hunter2')
})

test.each([
  ['/a%zz/_doc/1', 'PUT', '{}'],
  ['/_aliases', 'POST', '{"actions":[]}'],
  ['/_search/scroll', 'POST', '{}'],
  ['/i/_search', 'POST', '{'],
  ['/i/_search', 'POST', '[]'],
  ['/i', 'PUT', '{"aliases":{"a":{"routing":"1"}}}'],
  ['/i', 'PUT', '{"settings":{"analysis":{"analyzer":{}}}}'],
  ['/i', 'PUT', '{"mappings":{"properties":{"v":{"type":"knn_vector"}}}}'],
  ['/i', 'PUT', '{"mappings":{"properties":{"v":{"type":"text","analyzer":"english"}}}}'],
  ['/i/_update/1', 'POST', '{"script":"ctx._source.n++"}'],
  ['/i/_doc/1', 'PUT', '[]'],
  ['/i/_doc/1?pipeline=p', 'PUT', '{}'],
  ['/_bulk', 'POST', '{"index":{"_index":"i","_id":"1","routing":"r"}}\n{}\n'],
  ['/_bulk', 'POST', '{"index":{"_index":"i","_id":"1"}}\n{}\n{"index":{"_index":"i","_id":"2"}}\n'],
])('%s %s %s is refused with 400', async (path, method, body) => {
  const answer = await fetch(`${search.url}${path}`, {
    method,
    body,
    headers: { 'content-type': 'application/json' },
  })
  expect(answer.status).toBe(400)
})

test('whatever the order and repetition of versioned writes, the highest version decides', async () => {
  const write = fc.record({ version: fc.integer({ min: 1, max: 8 }), deleted: fc.boolean() })
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 12 }), async (writes) => {
      run += 1
      const id = `document-${run}`
      // One version is one state of the row, whether it is deleted or not.
      const state = new Map(writes.map(({ version, deleted }) => [version, deleted]))
      const body: object[] = writes.flatMap(({ version }): object[] => {
        const action = { _id: id, version, version_type: 'external' }
        return state.get(version) ? [{ delete: action }] : [{ index: action }, { version }]
      })
      // Safe: the client's types know no list of mixed lines.
      await client.bulk({ index: 'versions', body } as never)
      const highest = Math.max(...state.keys())
      const { body: after } = await client.search({
        index: 'versions',
        body: { query: { ids: { values: [id] } } },
      })
      expect(after.hits.hits.map(({ _source }) => _source)).toEqual(
        state.get(highest) ? [] : [{ version: highest }],
      )
    }),
    { numRuns: 50 },
  )
})

test('closes twice', async () => {
  const mine = await startSearch()
  await Promise.all([mine.close(), mine.close()])
  await expect(fetch(mine.url)).rejects.toThrow()
})

test('no whole number equals a fraction', async () => {
  const body = { mappings: { properties: { seats: { type: 'long' } } } }
  await client.indices.create({ index: 'whole', body: body as never })
  await client.index({ index: 'whole', id: 'a', body: { seats: 40.5 } })
  const found = async (seats: number) =>
    (await client.count({ index: 'whole', body: { query: { term: { seats } } } })).body.count
  expect([await found(40.5), await found(40)]).toEqual([0, 1])
})
