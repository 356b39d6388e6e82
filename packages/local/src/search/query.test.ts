import { Client } from '@opensearch-project/opensearch'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Search, startSearch } from './index.ts'

const NOW = Date.parse('2026-11-24T09:00:00Z')
let search: Search
let client: Client

const DOCUMENTS = {
  acme: {
    name: 'Acme Rockets',
    note: "don't call before 9",
    plan: 'paid',
    seats: 250,
    tags: ['eu', 'vip'],
    active: true,
    joined: '2026-11-20T10:00:00Z',
    address: { city: 'Bonn' },
  },
  bolt: {
    name: 'Bolt & Søn',
    note: 'rockets, rockets and rockets',
    plan: 'trial',
    seats: 3,
    tags: ['us'],
    active: false,
    joined: '2026-11-23',
    address: { city: 'Århus' },
  },
  cloud: {
    name: 'Cloud Nine',
    note: '東京 office',
    plan: 'paid',
    seats: 40.5,
    tags: [],
    active: true,
    joined: '2026-11-24T08:58:00+00:00',
  },
  empty: { name: null },
}

beforeAll(async () => {
  search = await startSearch({ now: () => NOW })
  client = new Client({ node: search.url, maxRetries: 0 })
  await client.indices.create({
    index: 'clients',
    body: {
      mappings: {
        properties: {
          name: { type: 'text', fields: { keyword: { type: 'keyword' } } },
          note: { type: 'text' },
          plan: { type: 'keyword' },
          seats: { type: 'double' },
          joined: { type: 'date' },
        },
      },
    },
  })
  const body = Object.entries(DOCUMENTS).flatMap(([id, document]) => [{ index: { _id: id } }, document])
  const answer = await client.bulk({ index: 'clients', body })
  expect(answer.body.errors).toBe(false)
})
afterAll(async () => {
  await client.close()
  await search.close()
})

/** Safe: what is wrong or unknown in a body is what these tests are about, so the client's types are set aside. */
const anyBody = (body: object) => body as never

async function found(query: object, rest: object = {}): Promise<readonly unknown[]> {
  const { body } = await client.search({ index: 'clients', body: anyBody({ query, ...rest }) })
  return body.hits.hits.map((hit: Readonly<Record<string, unknown>>) => hit._id)
}
const sorted = async (query: object) => [...(await found(query))].sort()

test.each<[string, object, string[]]>([
  ['match_all', { match_all: {} }, ['acme', 'bolt', 'cloud', 'empty']],
  ['match, any case', { match: { name: 'ACME' } }, ['acme']],
  ['match, any word', { match: { name: 'acme cloud' } }, ['acme', 'cloud']],
  ['match, all words', { match: { name: { query: 'acme cloud', operator: 'and' } } }, []],
  [
    'match, all words in any order',
    { match: { name: { query: 'rockets acme', operator: 'and' } } },
    ['acme'],
  ],
  ['match beyond ASCII', { match: { name: 'SØN' } }, ['bolt']],
  ['match of a part of a word', { match: { name: 'rock' } }, []],
  ['match of an ideograph', { match: { note: '京' } }, ['cloud']],
  ['match of a word with an apostrophe', { match: { note: "DON'T" } }, ['acme']],
  ['match of half of it', { match: { note: 'don' } }, []],
  ['match of what only looks like syntax', { match: { name: 'acme" OR name:*' } }, ['acme']],
  ['match without words', { match: { name: '&' } }, []],
  ['match on a keyword', { match: { plan: 'paid' } }, ['acme', 'cloud']],
  ['match on a number', { match: { seats: '250' } }, ['acme']],
  ['match_phrase', { match_phrase: { note: 'rockets and rockets' } }, ['bolt']],
  ['match_phrase in the wrong order', { match_phrase: { name: 'rockets acme' } }, []],
  ['multi_match', { multi_match: { query: 'rockets', fields: ['name', 'note'] } }, ['acme', 'bolt']],
  ['term on a keyword', { term: { plan: 'trial' } }, ['bolt']],
  ['term is exact', { term: { plan: 'Trial' } }, []],
  ['term on a subfield', { term: { 'name.keyword': 'Acme Rockets' } }, ['acme']],
  ['term on a text', { term: { name: { value: 'acme' } } }, ['acme']],
  ['term on a text does not analyse', { term: { name: 'Acme' } }, []],
  ['term in an array', { term: { 'tags.keyword': 'vip' } }, ['acme']],
  ['term on a boolean', { term: { active: true } }, ['acme', 'cloud']],
  ['term on a date', { term: { joined: '2026-11-23T00:00:00.000Z' } }, ['bolt']],
  ['term inside of an object', { match: { 'address.city': 'århus' } }, ['bolt']],
  ['term on an unknown field', { term: { nope: 1 } }, []],
  ['terms', { terms: { plan: ['trial', 'churned'] } }, ['bolt']],
  ['no terms', { terms: { plan: [] } }, []],
  ['range', { range: { seats: { gt: 3, lte: 250 } } }, ['acme', 'cloud']],
  ['range of dates', { range: { joined: { gte: '2026-11-20', lt: '2026-11-23' } } }, ['acme']],
  ['range with a fraction', { range: { seats: { gte: 40.5, lt: 40.6 } } }, ['cloud']],
  ['range from now', { range: { joined: { gte: 'now-5m', lte: 'now' } } }, ['cloud']],
  ['a date stands for the whole day', { term: { joined: '2026-11-20' } }, ['acme']],
  ['up to and with a day', { range: { joined: { lte: '2026-11-20' } } }, ['acme']],
  ['after a day', { range: { joined: { gt: '2026-11-20' } } }, ['bolt', 'cloud']],
  ['from a day', { range: { joined: { gte: '2026-11-23' } } }, ['bolt', 'cloud']],
  ['before a day', { range: { joined: { lt: '2026-11-23' } } }, ['acme']],
  ['a month stands for its first day', { range: { joined: { gt: '2026-11' } } }, ['acme', 'bolt', 'cloud']],
  ['a year, too', { range: { joined: { lte: '2026' } } }, []],
  ['in a minute', { term: { joined: '2026-11-24T09:58+01:00' } }, ['cloud']],
  ['range of words', { range: { plan: { gte: 'q' } } }, ['bolt']],
  ['exists', { exists: { field: 'seats' } }, ['acme', 'bolt', 'cloud']],
  ['exists on a text', { exists: { field: 'name' } }, ['acme', 'bolt', 'cloud']],
  ['exists on an object', { exists: { field: 'address' } }, ['acme', 'bolt']],
  ['a single id', { ids: { values: 'acme' } }, ['acme']],
  ['ids', { ids: { values: ['acme', 'nobody'] } }, ['acme']],
  ['prefix on a keyword', { prefix: { plan: 'tr' } }, ['bolt']],
  ['prefix is literal', { prefix: { plan: '%' } }, []],
  ['prefix on a text', { prefix: { name: { value: 'rock' } } }, ['acme']],
  [
    'bool must and filter',
    { bool: { must: { match: { name: 'acme cloud' } }, filter: [{ range: { seats: { lt: 100 } } }] } },
    ['cloud'],
  ],
  [
    'bool must_not',
    { bool: { must_not: [{ term: { plan: 'paid' } }, { match: { name: 'bolt' } }] } },
    ['empty'],
  ],
  [
    'bool should',
    { bool: { should: [{ term: { plan: 'trial' } }, { term: { 'tags.keyword': 'vip' } }] } },
    ['acme', 'bolt'],
  ],
  [
    'bool should beside must decides nothing',
    { bool: { must: { match_all: {} }, should: { term: { plan: 'trial' } } } },
    ['acme', 'bolt', 'cloud', 'empty'],
  ],
  [
    'bool minimum_should_match',
    {
      bool: {
        should: [{ term: { plan: 'paid' } }, { term: { active: true } }, { ids: { values: ['acme'] } }],
        minimum_should_match: 3,
      },
    },
    ['acme'],
  ],
  [
    'bool in bool',
    {
      bool: { must_not: { bool: { should: [{ term: { plan: 'paid' } }, { ids: { values: ['empty'] } }] } } },
    },
    ['bolt'],
  ],
  ['an empty bool', { bool: {} }, ['acme', 'bolt', 'cloud', 'empty']],
])('%s', async (_, query, expected) => {
  await expect(sorted(query)).resolves.toEqual(expected)
})

test('the better match comes first, and says so', async () => {
  const { body } = await client.search({
    index: 'clients',
    body: { query: { match: { note: 'rockets call' } } },
  })
  const scores = body.hits.hits.map((hit: Readonly<Record<string, unknown>>) => Number(hit._score))
  expect(scores[0]).toBeGreaterThan(scores[1] ?? 0)
  expect(body.hits.max_score).toBe(scores[0])
})

test('filters do not score', async () => {
  const { body } = await client.search({
    index: 'clients',
    body: { query: { bool: { filter: { match: { name: 'acme' } } } } },
  })
  expect(body.hits).toMatchObject({ max_score: 0, hits: [{ _score: 0 }] })
})

test('sorts by fields, missing values last, and pages', async () => {
  const all = { match_all: {} }
  await expect(found(all, { sort: [{ seats: 'desc' }] })).resolves.toEqual(['acme', 'cloud', 'bolt', 'empty'])
  await expect(found(all, { sort: ['plan', { seats: { order: 'asc' } }] })).resolves.toEqual([
    'cloud',
    'acme',
    'bolt',
    'empty',
  ])
  await expect(
    found(all, { sort: [{ seats: { order: 'asc', missing: '_first' } }], size: 2 }),
  ).resolves.toEqual(['empty', 'bolt'])
  await expect(found(all, { sort: [{ 'tags.keyword': 'desc' }], from: 1, size: 2 })).resolves.toEqual([
    'bolt',
    'cloud',
  ])
})

test('shows a part of the source', async () => {
  const show = async (_source: unknown) => {
    const { body } = await client.search({
      index: 'clients',
      body: anyBody({ query: { ids: { values: ['acme'] } }, _source }),
    })
    return body.hits.hits[0]?._source
  }
  await expect(show(['plan', 'address'])).resolves.toEqual({ plan: 'paid', address: { city: 'Bonn' } })
  await expect(show({ excludes: ['n*', 'tags', 'address.city', 'joined', 'active'] })).resolves.toEqual({
    plan: 'paid',
    seats: 250,
    address: {},
  })
  await expect(show(false)).resolves.toBeUndefined()
})

test('counts, over patterns too', async () => {
  await client.index({ index: 'clients-old', id: '1', body: { plan: 'paid' } })
  const count = async (index: string, query?: object) =>
    (await client.count({ index, body: anyBody(query ? { query } : {}) })).body.count
  await expect(count('clients', { term: { plan: 'paid' } })).resolves.toBe(2)
  await expect(count('clients*', { match: { plan: 'paid' } })).resolves.toBe(3)
  await expect(count('_all')).resolves.toBe(5)
  await expect(count('nothing-*')).resolves.toBe(0)
  await client.indices.delete({ index: 'clients-old' })
})

test.each<[string, object, RegExp]>([
  ['aggregations', { aggs: { plans: { terms: { field: 'plan' } } } }, /does not support \[aggs\]/],
  ['highlighting', { highlight: { fields: { name: {} } } }, /does not support \[highlight\]/],
  ['an unknown key', { querry: {} }, /Unknown key .* \[querry\]/],
  [
    'a query of the real thing',
    { query: { fuzzy: { name: 'acne' } } },
    /does not support the query \[fuzzy\]/,
  ],
  [
    'a query language',
    { query: { query_string: { query: 'a AND b' } } },
    /does not support the query \[query_string\]/,
  ],
  ['an unknown query', { query: { matches: {} } }, /unknown query \[matches\]/],
  [
    'an option of a query',
    { query: { match: { name: { query: 'acme', fuzziness: 'AUTO' } } } },
    /does not support \[fuzziness\] in the query \[match\]/,
  ],
  ['a boost', { query: { term: { plan: { value: 'paid', boost: 2 } } } }, /does not support \[boost\]/],
  [
    'an option of bool',
    { query: { bool: { must: [], mustNot: [] } } },
    /does not support \[mustNot\] in the query \[bool\]/,
  ],
  [
    'a relative minimum',
    { query: { bool: { should: [], minimum_should_match: '75%' } } },
    /minimum_should_match/,
  ],
  [
    'an unknown clause inside of another',
    { query: { bool: { must_not: [{ nope: {} }] } } },
    /unknown query \[nope\]/,
  ],
  ['an empty query', { query: {} }, /empty clause/],
  ['a query that is null', { query: null }, /malformed/],
  ['two queries at once', { query: { match_all: {}, term: { plan: 'paid' } } }, /expected one key/],
  ['metadata fields', { query: { term: { _id: 'acme' } } }, /metadata field \[_id\]/],
  ['wildcards in fields', { query: { multi_match: { query: 'a', fields: ['na*'] } } }, /wildcards/],
  ['rounded dates', { query: { range: { joined: { gte: 'now/d' } } } }, /all shards failed/],
  ['a word for a number', { query: { term: { seats: 'many' } } }, /all shards failed/],
  [
    'a time zone',
    { query: { range: { joined: { gte: '2026-11-20', time_zone: '+01:00' } } } },
    /does not support \[time_zone\]/,
  ],
  ['a script sort', { sort: [{ _script: {} }] }, /sorting by \[_script\]/],
  ['sorting by a text', { sort: ['name'] }, /all shards failed/],
  ['a negative size', { size: -1 }, /non-negative/],
  [
    'too many terms',
    { query: { ids: { values: Array.from({ length: 40_000 }, (_, i) => `${i}`) } } },
    /size or depth/,
  ],
])('refuses %s aloud', async (_, body, reason) => {
  const refused = client.search({ index: 'clients', body: anyBody(body) })
  await expect(refused).rejects.toMatchObject({
    statusCode: 400,
    body: { error: { reason: expect.stringMatching(reason) } },
  })
})

test('refuses parameters that it would have to ignore', async () => {
  for (const path of [
    'clients/_search?q=acme',
    'clients/_search?scroll=1m',
    'clients/_search?allow_no_indices=false',
    'clients/_search?expand_wildcards=closed',
    'clients/_count?routing=a',
    'clients/_doc/acme?stored_fields=a',
  ]) {
    const answer = await fetch(`${search.url}/${path}`)
    expect([path, answer.status]).toEqual([path, 400])
    await expect(answer.text()).resolves.toMatch(/unrecognized parameter|does not support/)
  }
})

test('a binary field is kept, and neither searched nor sorted by', async () => {
  const body = { mappings: { properties: { raw: { type: 'binary' } } } }
  await client.indices.create({ index: 'bytes', body: body as never })
  for (const raw of ['AQI=', 'no base64!', ['AQ==', 5, null]])
    await client.index({ index: 'bytes', id: JSON.stringify(raw), body: { raw } })
  await expect(client.index({ index: 'bytes', id: 'x', body: { raw: { a: 1 } } })).rejects.toMatchObject({
    body: { error: { type: 'mapper_parsing_exception' } },
  })
  const count = async (query: object) =>
    (await client.count({ index: 'bytes', body: { query } as never })).body.count
  expect(await count({ match_all: {} })).toBe(3)
  expect(await count({ exists: { field: 'raw' } })).toBe(0)
  for (const asked of [
    { query: { term: { raw: 'AQI=' } } },
    { query: { range: { raw: { gt: 1 } } } },
    { sort: ['raw'] },
  ])
    await expect(client.search({ index: 'bytes', body: asked as never })).rejects.toMatchObject({
      statusCode: 400,
    })
})
