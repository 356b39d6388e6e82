import { createSearch, type Query, type Search } from '../opensearch/index.ts'
import { compile } from './query.ts'

export interface MemorySearch extends Search {
  /** The documents of an index, by id. */
  documents(index: string): Readonly<Record<string, unknown>>
}

interface Stored {
  readonly version: number
  /** Undefined where it was deleted. */
  readonly document: object | undefined
}

/** A request of the adapter, taken apart. */
interface Asked {
  readonly method: string
  readonly path: string
  readonly querystring?: { readonly version?: string }
  readonly body?: unknown
}

interface Answer {
  readonly statusCode: number
  readonly body: unknown
}

/**
 * A search engine in memory, for tests: the adapter itself, whose client answers as OpenSearch does. Documents have their
 * versions, indices are made by the first write, and what is asked of one that is missing is refused.
 *
 * It knows the queries `match_all`, `match_none`, `match`, `term`, `terms`, `range`, `exists`, `ids` and `bool`, on fields as OpenSearch
 * maps them by itself: texts (with a `.keyword`), dates, numbers and booleans. Scores are always 1. The embedded spaceship knows more.
 *
 * `search` and `count` throw a SpaceshipError `query` for other queries and options.
 */
export function memorySearch(): MemorySearch {
  const indices = new Map<string, Map<string, Stored>>()
  const answered = (asked: Asked) => answer(indices, asked)
  const client = {
    transport: {
      request: (asked: Asked) =>
        Object.assign(
          Promise.resolve().then(() => answered(asked)),
          { abort: () => {} },
        ),
    },
  }
  const search = createSearch({ client })
  return {
    ...search,
    search: async (index, query, options) => {
      compile(query)
      return search.search(index, query, options)
    },
    count: async (index, query, options) => {
      compile(query)
      return search.count(index, query, options)
    },
    documents: (index) =>
      Object.fromEntries(living(indices.get(index)).map(({ id, document }) => [id, document])),
  }
}

function answer(
  indices: Map<string, Map<string, Stored>>,
  { method, path, querystring, body }: Asked,
): Answer {
  const [index = '', operation = '', id = ''] = path.split('/').slice(1).map(decodeURIComponent)
  if (operation === '_doc') {
    const documents = indices.get(index) ?? new Map<string, Stored>()
    indices.set(index, documents)
    const version = Number(querystring?.version)
    return write(documents, id, {
      version,
      document: method === 'PUT' ? documentIn(String(body)) : undefined,
    })
  }
  // Safe: the adapter sends these two in every search, and `query` in every count.
  const { query, size } = body as { readonly query: Query; readonly size: number }
  const isWanted = compile(query)
  const found = matching(indices, index).flatMap((documents) =>
    living(documents).filter(({ id, document }) => isWanted(document, id)),
  )
  const _shards = { total: 1, successful: 1, skipped: 0, failed: 0 }
  if (operation === '_count') return { statusCode: 200, body: { count: found.length, _shards } }
  const hits = found.slice(0, size).map((one) => ({ _id: one.id, _score: 1, _source: one.document }))
  return {
    statusCode: 200,
    body: { timed_out: false, _shards, hits: { total: { value: found.length }, hits } },
  }
}

/** A document with all digits of its integers, as a client with `enableLongNumeralSupport` reads it. */
function documentIn(text: string): object {
  const exact = (_: string, value: unknown, { source }: { source?: string } = {}) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? '')
      ? BigInt(source ?? '')
      : value
  // Safe: every Node that this package supports passes the third argument, which the type library does not know yet.
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown)
}

function write(documents: Map<string, Stored>, id: string, stored: Stored): Answer {
  const current = documents.get(id)
  if (current !== undefined && stored.version < current.version)
    throw refusal(409, { error: { type: 'version_conflict_engine_exception' } })
  documents.set(id, stored)
  const found = current?.document !== undefined
  const head = { _id: id, _version: stored.version }
  if (stored.document !== undefined)
    return { statusCode: found ? 200 : 201, body: { ...head, result: found ? 'updated' : 'created' } }
  if (found) return { statusCode: 200, body: { ...head, result: 'deleted' } }
  // The client throws for 404, as for every status of 400 and more.
  throw refusal(404, { ...head, result: 'not_found' })
}

/** The indices that a name stands for: names, and patterns that may match none. */
function matching(indices: Map<string, Map<string, Stored>>, expression: string): Map<string, Stored>[] {
  const names = new Set<string>()
  for (const part of expression.split(',')) {
    if (part.includes('*')) for (const name of indices.keys()) if (stands(part, name)) names.add(name)
    if (part.includes('*')) continue
    if (!indices.has(part)) throw refusal(404, { error: { type: 'index_not_found_exception' } })
    names.add(part)
  }
  return [...names].flatMap((name) => indices.get(name) ?? [])
}

function stands(pattern: string, name: string): boolean {
  const [first = '', ...pieces] = pattern.split('*')
  const last = pieces.pop() ?? ''
  let at = first.length
  for (const piece of pieces) {
    const found = name.indexOf(piece, at)
    if (found === -1) return false
    at = found + piece.length
  }
  return name.startsWith(first) && name.length - last.length >= at && name.endsWith(last)
}

function living(
  documents: Map<string, Stored> = new Map(),
): { readonly id: string; readonly document: object }[] {
  return [...documents].flatMap(([id, { document }]) => (document === undefined ? [] : [{ id, document }]))
}

/** As the client throws it. */
function refusal(statusCode: number, body: object): Error {
  return Object.assign(new Error(`the server answered ${statusCode}`), { meta: { statusCode, body } })
}
