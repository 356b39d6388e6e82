/** Documents that a real OpenSearch refuses: the status and the type of the error are those of 3.8. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Search, startSearch } from './index.ts'

const types = {
  ...{ flat: 'flat_object', n: 'long', int: 'integer', short: 'short', byte: 'byte', float: 'float' },
  ...{ half: 'half_float', double: 'double', d: 'date', k: 'keyword', text: 'text' },
}
const properties = {
  ...Object.fromEntries(Object.entries(types).map(([name, type]) => [name, { type }])),
  object: { properties: { x: { type: 'keyword' } } },
}

let search: Search
beforeAll(async () => {
  search = await startSearch()
  for (const dynamic of ['false', 'strict']) {
    const { status } = await ask('PUT', `/${dynamic}`, JSON.stringify({ mappings: { dynamic, properties } }))
    expect(status).toBe(200)
  }
})
afterAll(() => search.close())

async function ask(method: string, path: string, body: string) {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${search.url}${path}`, { method, body, headers })
  // Safe: the fields that answers have, and errors.
  return {
    status: answer.status,
    body: (await answer.json()) as { error?: { type: string }; _source?: unknown },
  }
}

let documents = 0
async function told(index: string, document: string): Promise<string> {
  documents += 1
  const { status, body } = await ask('PUT', `/${index}/_doc/${documents}`, document)
  return status < 300 ? 'taken' : `${status} ${body.error?.type}`
}

const MAPPER = '400 mapper_parsing_exception'
const ILLEGAL = '400 illegal_argument_exception'
const STRICT = '400 strict_dynamic_mapping_exception'
const lists = (levels: number, inner: string) => `${'['.repeat(levels)}${inner}${']'.repeat(levels)}`
const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

test.each([
  ...['{"":1}', '{"":null}', '{"a..b":1}', '{".b":1}', '{".":1}', '{"..":[]}', '{"a. .b":1}'].map((each) => [
    each,
    MAPPER,
  ]),
  ...['{"object":{"":1}}', '{"object":{"a..b":1}}', '{"object.":1}', '{"flat.x":1}'].map((each) => [
    each,
    MAPPER,
  ]),
  ...['{" ":1}', '{"*":1}', '{"a.":1}', '{"k.":"x"}', '{"unmapped":{"":1}}', '{"flat":{"":1,"a..b":2}}'].map(
    (each) => [each, 'taken'],
  ),
])('a name that leads nowhere: %s is %s', async (document, expected) => {
  expect(await told('false', document ?? '')).toBe(expected)
})

test('a field of OpenSearch itself is no field of a document', async () => {
  const own =
    '_id _index _source _routing _version _seq_no _field_names _ignored _nested_path _data_stream_timestamp _feature'
  for (const name of own.split(' ')) expect(await told('false', `{"${name}":1}`), name).toBe(MAPPER)
  expect(await told('false', '{"_id.x":1}')).toBe(MAPPER)
  for (const name of ['_type', '_score', '_meta']) expect(await told('false', `{"${name}":1}`)).toBe('taken')
  expect(await told('false', '{"object":{"_id":1}}')).toBe('taken')
  expect(await told('mapped', '{"_primary_term":1}')).toBe(ILLEGAL)
  expect(await told('mapped', '{"object":{" ":1}}')).toBe(ILLEGAL)
})

test('twenty lists in one another are taken, and twenty objects with the document; no more', async () => {
  for (const field of ['unmapped', 'k']) {
    expect(await told('false', `{"${field}":${lists(20, '"x"')}}`)).toBe('taken')
    expect(await told('false', `{"${field}":${lists(21, '"x"')}}`)).toBe(MAPPER)
    expect(await told('false', `{"${field}":${lists(21, '')}}`)).toBe(MAPPER)
  }
  expect(await told('false', `{"flat":{"a":${lists(31, '1')}},"unmapped":${objects(31)}}`)).toBe('taken')
  expect(await told('deep', `{"a":${objects(19)}}`)).toBe('taken')
  expect(await told('deep', `{"a":${objects(20)}}`)).toBe(MAPPER)
})

test.each([
  '{"a":1,"a":2}',
  '{"a":1,"\\u0061":2}',
  '{"unmapped":[{"a":{"b":"\\"","c":[]},"a":2}]}',
  '{"flat":{"a":1,"a":1}}',
  '{"\\ud800":1}',
  '{"flat":{"\\ud800":1}}',
])(
  'a name that stands twice, or ends in half a letter, is refused wherever it stands: %s',
  async (document) => {
    expect(await told('false', document)).toBe(MAPPER)
    const lines = `{"index":{"_id":"a"}}\n${document}\n{"index":{}}\n{"a":"{\\"b\\":1,\\"b\\":1}","c":{"a":1}}\n`
    const { body } = await ask('POST', '/false/_bulk', lines)
    expect(body).toMatchObject({ items: [{ index: { status: 400 } }, { index: { status: 201 } }] })
  },
)

test('a name that stands twice is refused in what is no document, too', async () => {
  const typed = async (method: string, path: string, body: string) =>
    (await ask(method, path, body)).body.error?.type
  expect(await typed('POST', '/false/_search', '{"size":1,"size":2}')).toBe('json_parse_exception')
  expect(await typed('POST', '/false/_count', '{"query":{"match_all":{}},"query":{"match_all":{}}}')).toBe(
    'parsing_exception',
  )
  expect(await typed('PUT', '/twice', '{"settings":{},"settings":{}}')).toBe('parse_exception')
  expect(await typed('POST', '/_aliases', '{"actions":[],"actions":[]}')).toBe('json_parse_exception')
  expect(await typed('POST', '/false/_bulk', '{"index":{"_id":"a","_id":"b"}}\n{}\n')).toBe(
    'json_parse_exception',
  )
  expect(await typed('POST', '/false/_update/1', '{"doc":{"k":"a","k":"b"}}')).toBe(
    'x_content_parse_exception',
  )
})

test('an open map holds a value with its path as far as a word of an index goes', async () => {
  const flat = (length: number) => told('false', JSON.stringify({ flat: { a: 'x'.repeat(length) } }))
  // `flat.flat.a=` and the value are 32,766 bytes.
  expect(await flat(32_754)).toBe('taken')
  expect(await flat(32_755)).toBe(ILLEGAL)
  expect(await told('false', JSON.stringify({ flat: { ['k'.repeat(33_000)]: 1 } }))).toBe(ILLEGAL)
  expect(await told('false', JSON.stringify({ flat: { ['k'.repeat(33_000)]: [null, {}] } }))).toBe('taken')
})

/** Of a field, what it takes and what it refuses. */
const NUMBERS: Readonly<Record<string, readonly [taken: string, refused: string]>> = {
  n: [
    '"" 1.9 "1.9" "+5" ".5" "5." "1e3" 9223372036854775807 9223372036854775807.5 "9223372036854775807.9" -9223372036854775808',
    '"·5" "5d" "0x10" 9223372036854775808 -9223372036854775809 1e19 "9223372036854775808" 1e400 "-"',
  ],
  int: ['"" "·5" "5·" "5d" 2147483647 1e3', '"·" "0x10" 2147483647.5 "2147483647.9" 2147483648 -2147483649'],
  short: ['"5f" 32767.9 -32768.9', '32768 -32769'],
  byte: ['127.9 -128.9', '128 -129'],
  double: ['"·5·" "5d" 1e30 "1e30"', '"0x10" 1e400 "NaN" "Infinity" "x"'],
  float: ['3.4e38 "5f"', '3.5e38 1e39'],
  half: ['65519', '65520 1e39'],
  d: [
    '0 -1 1000.0 1000.5 "1000.5" 9223372036854775807 "2024-02-29" "2024-01-01T10:00:00Z"',
    '1e30 1e3 1E3 -1e3 9223372036854775808 "9223372036854775808" "1e3" "2024-02-30" "2024-01-01T24:00:00Z"',
  ],
}
test.each(Object.entries(NUMBERS))('numbers in a field: %s', async (field, [taken, refused]) => {
  for (const [values, expected] of [
    [taken, 'taken'],
    [refused, MAPPER],
  ] as const)
    for (const value of values.split(' '))
      expect(await told('false', `{"${field}":${value.replaceAll('·', ' ')}}`), value).toBe(expected)
})

test('a number is kept, shown and found as it was written', async () => {
  const written = '{"k":1.0,"flat":{"a":1e2},"list":[0.10,-0,12345678901234567890]}'
  await ask('PUT', '/false/_doc/written', written)
  const answer = await fetch(`${search.url}/false/_doc/written`)
  expect(await answer.text()).toContain(`"_source":${written}`)
  const count = async (term: object) =>
    (await ask('POST', '/false/_count', JSON.stringify({ query: { term } }))).body
  expect([
    await count({ k: '1.0' }),
    await count({ k: '1' }),
    await count({ 'flat.a': '1e2' }),
  ]).toMatchObject([{ count: 1 }, { count: 0 }, { count: 1 }])
})

test('a strict mapping refuses a field that it does not know, also without a value in it', async () => {
  for (const value of ['[]', '[null]', 'null', lists(21, ''), '1', '{}'])
    expect(await told('strict', `{"new":${value}}`), value).toBe(STRICT)
})
