/** Holds the embedded search to what a real OpenSearch answered: same status and error type, same body where it succeeded. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Search, startSearch } from './index.ts'

interface Pair {
  readonly section: string
  readonly name: string
  readonly request: { method: string; path: string; query?: Record<string, string>; body?: unknown }
  readonly response: { status: number; body: unknown }
}

const file = new URL('../../test/fixtures/opensearch/observed.json', import.meta.url)
// Safe: the file is part of this package, in this form.
const { pairs } = JSON.parse(readFileSync(file, 'utf8')) as { pairs: readonly Pair[] }

let search: Search
let now = Date.parse('2026-11-24T09:00:00Z')
beforeAll(async () => {
  search = await startSearch({ now: () => now })
  await put('/lines', {
    settings: { number_of_shards: 2 },
    mappings: { properties: { level: { type: 'keyword' } } },
  })
})
afterAll(() => search.close())

const expand = (text: string) =>
  text.replace(/<(.) x (\d+)>/g, (_, character: string, times: string) => character.repeat(Number(times)))

function payload(body: unknown): string {
  if (!Array.isArray(body)) return typeof body === 'string' ? body : JSON.stringify(body)
  const lines = body.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
  return lines.at(-1) === '<no final newline>' ? lines.slice(0, -1).join('\n') : `${lines.join('\n')}\n`
}

async function send({ method, path, query, body }: Pair['request'], type = 'application/json') {
  const init = body === undefined ? {} : { body: expand(payload(body)), headers: { 'content-type': type } }
  const answer = await fetch(`${search.url}${expand(path)}?${new URLSearchParams(query)}`, {
    method,
    ...init,
  })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? answer.ok : JSON.parse(text) }
}

async function put(path: string, body: unknown, query?: Record<string, string>) {
  const { status } = await send({ method: 'PUT', path, body, ...(query ? { query } : {}) })
  expect(status).toBeLessThan(300)
}

const document = (id: string, version: number, age: number, index = 'clients-v1') =>
  put(`/${index}/_doc/${id}`, index === 'gc' ? { v: age } : { age }, {
    version: String(version),
    version_type: 'external',
  })
const aliased = (actions: readonly unknown[]) =>
  send({ method: 'POST', path: '/_aliases', body: { actions } })
const external = (version: number) => ({ version: String(version), version_type: 'external' })
const remove = (id: string, version: number, index: string) =>
  send({ method: 'DELETE', path: `/${index}/_doc/${id}`, query: external(version) })

/** What the recording did between the pairs that it shows, by the pair that comes next. */
const BEFORE: Readonly<Record<string, () => Promise<unknown>>> = {
  'stale delete v9': () => document('d', 10, 10),
  'delete without a version of an external v100': () => document('u', 100, 1),
  delete_by_query: () => document('u3', 100, 77),
  'delete_by_query of a document at version 0': () => document('u4', 0, 78),
  'gc_deletes 1s: late index v11 at once': async () => {
    await put('/gc', { settings: { 'index.gc_deletes': '1s', number_of_replicas: 0 } })
    await document('a', 10, 10, 'gc')
    await remove('a', 12, 'gc')
  },
  'after 2.5 s, no refresh: late index v11': async () => {
    now += 2_500
  },
  'refresh before gc_deletes has passed': async () => {
    await document('b', 10, 10, 'gc')
    await remove('b', 12, 'gc')
  },
  'refresh after it, nothing else written in between': async () => {
    now += 2_500
  },
  'create read and write aliases': async () => {
    for (const name of ['/people-v1', '/people-v2']) await put(name, { settings: { number_of_replicas: 0 } })
  },
  'write to an alias of two indices without a write index': () =>
    aliased(['people-v1', 'people-v2'].map((index) => ({ add: { index, alias: 'both' } }))),
  'swap an index for an alias of the same name (remove_index)': () => put('/legacy', {}),
  'filtered alias that hides tombstone stubs': async () => {
    await put('/stub-v1', { mappings: { properties: { deleted: { type: 'boolean' } } } })
    await put('/stub-v1/_doc/a', { name: 'a' })
    await put('/stub-v1/_doc/b', { deleted: true }, external(5))
  },
  'mixed outcomes': async () => {
    for (const id of ['b-upd', 'b-old', 'b-del']) await document(id, 10, 1)
  },
}

/** What differs on purpose: an error that the embedded search finds earlier, or calls unsupported. */
const OTHER_ERROR: Readonly<Record<string, string>> = {
  'search_after without sort': 'illegal_argument_exception',
  'unknown aggregation': 'illegal_argument_exception',
}

/** Fields that a recording cannot share with another run, or that only the real thing has. */
const VOLATILE = new Set([
  'took',
  '_seq_no',
  'index_uuid',
  'reason',
  'cluster_uuid',
  'build_hash',
  'build_type',
  'name',
  'caused_by',
  'resource.type',
  'resource.id',
  'node',
  'phase',
  'failed_shards',
  'line',
  'col',
])

function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable)
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' ? expand(value).replace(/^<.*>$/, '<generated>') : value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !VOLATILE.has(key))
      .map(([key, inner]) => [key, comparable(inner)]),
  )
}

const errorOf = (body: unknown) =>
  typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined
const typeOf = (error: unknown) =>
  typeof error === 'object' && error !== null && 'type' in error ? error.type : typeof error

for (const [section, inSection] of Map.groupBy(pairs, (pair) => pair.section)) {
  describe(section, () => {
    for (const { name, request, response } of inSection) {
      test(name, async () => {
        await BEFORE[name]?.()
        const answer = await send(
          request,
          /content type text|wrong content type/.test(name) ? 'text/plain' : undefined,
        )
        expect(answer.status).toBe(response.status)
        const error = errorOf(response.body)
        if (error !== undefined) expect(typeOf(errorOf(answer.body))).toBe(OTHER_ERROR[name] ?? typeOf(error))
        else if (name === 'cluster health') expect(response.body).toMatchObject(answer.body)
        else expect(comparable(answer.body)).toEqual(comparable(response.body))
      })
    }
  })
}
