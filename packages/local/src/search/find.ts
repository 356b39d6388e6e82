/** `_search`, `_count` and what else runs a query over indices. */
import type { Index } from './indices.ts'
import { exactInteger, type Fields, parseSource } from './json.ts'
import { readMapping } from './mapping.ts'
import { readSourceFilter } from './projection.ts'
import { compileQuery, type QueryScope } from './query.ts'
import { illegalArgument, Refusal, shardRefusal, unsupported } from './refusal.ts'
import { compareBy, readSort, type SortKey, type SortValue, sortExpression } from './sort.ts'
import type { SqlValue, Store } from './store.ts'

const UNDERSTOOD = new Set([
  'query',
  'from',
  'size',
  'sort',
  '_source',
  'track_total_hits',
  'version',
  'seq_no_primary_term',
  'timeout',
])
const KNOWN_ELSEWHERE = new Set(
  `aggregations aggs collapse derived docvalue_fields explain ext fields highlight indices_boost min_score pit post_filter profile rescore
  script_fields search_after search_pipeline slice stats stored_fields suggest terminate_after track_scores`.split(
    /\s+/,
  ),
)
const RESULT_WINDOW = 10_000

interface Request {
  readonly query: unknown
  readonly from: number
  readonly size: number
  readonly sort: readonly SortKey[]
  readonly trackTotal: number
}

interface Row {
  readonly index: Index
  readonly fields: Readonly<Record<string, unknown>>
  readonly keys: readonly SortValue[]
}

/** @throws Refusal for what is unknown, malformed or not supported here */
export function search(body: Fields, indices: readonly Index[], store: Store, now: number): Fields {
  if (indices.length === 0) checkQuery(body.query, now)
  for (const key of Object.keys(body)) {
    if (KNOWN_ELSEWHERE.has(key)) throw unsupported(`[${key}] in a search`)
    if (!UNDERSTOOD.has(key))
      throw new Refusal(400, 'parsing_exception', `Unknown key for a START_OBJECT in [${key}].`)
  }
  const request = readRequest(body, indices)
  const source = readSourceFilter(body._source)
  const total = indices.reduce((sum, index) => sum + countIn(request.query, index, store, now), 0)
  const keys = request.sort.length > 0 ? request.sort : BY_SCORE
  const rows = indices.flatMap((index) => rowsOf(request, keys, index, store, now))
  const order = compareBy(keys)
  const sorted = rows.toSorted((one, other) => order(one.keys, other.keys))
  const page = sorted.slice(request.from, request.from + request.size)
  const scored = request.sort.length === 0
  return {
    took: 0,
    timed_out: false,
    _shards: shards(indices),
    hits: {
      ...(request.trackTotal === 0 ? {} : { total: totalOf(total, request.trackTotal) }),
      max_score:
        indices.length === 0
          ? 0
          : scored && request.size > 0 && sorted[0]
            ? Number(sorted[0].fields.score)
            : null,
      hits: page.map(({ index, fields, keys: sortedBy }) => ({
        _index: index.name,
        _id: fields.id,
        ...(body.version === true ? { _version: exactInteger(BigInt(String(fields.version))) } : {}),
        ...(body.seq_no_primary_term === true ? { _seq_no: Number(fields.seq_no), _primary_term: 1 } : {}),
        _score: scored ? Number(fields.score) : null,
        ...(source === undefined ? {} : { _source: source(parseSource(String(fields.source))) }),
        ...(scored ? {} : { sort: sortedBy }),
      })),
    },
  }
}

const BY_SCORE: readonly SortKey[] = [
  { field: '_score', descending: true, missingFirst: false, unmappedIsMissing: false },
]

/** @throws Refusal as `search` does */
export function count(body: Fields, indices: readonly Index[], store: Store, now: number): Fields {
  for (const key of Object.keys(body)) {
    if (key !== 'query') throw new Refusal(400, 'parsing_exception', `request does not support [${key}]`)
  }
  if (indices.length === 0) checkQuery(body.query, now)
  const total = indices.reduce((sum, index) => sum + countIn(body.query, index, store, now), 0)
  return { count: total, _shards: shards(indices) }
}

/** A query is read before it is known whether there is an index to run it on. */
function checkQuery(query: unknown, now: number): void {
  const nowhere = { name: '', uuid: '_na_', mapping: readMapping(undefined) }
  const scope = { index: nowhere, mapping: nowhere.mapping, now, bind: () => '?', scored: () => 'found' }
  compileQuery(query === undefined ? { match_all: {} } : query, scope)
}

/** The ids of all documents that a query finds in an index. */
export function idsMatching(query: unknown, index: Index, store: Store, now: number): readonly string[] {
  const { sql, parameters } = statement(query, index, now, () => ({ select: 'd.id', rest: 'order by d.doc' }))
  return store.query(sql, parameters).map(({ id }) => String(id))
}

function readRequest(body: Fields, indices: readonly Index[]): Request {
  const from = whole('from', body.from, 0)
  const size = whole('size', body.size, 10)
  const [index] = indices
  if (from + size > RESULT_WINDOW && index) {
    const reason = `Result window is too large, from + size must be less than or equal to: [${RESULT_WINDOW}] but was [${from + size}].`
    throw shardRefusal(index, 'illegal_argument_exception', reason)
  }
  const { track_total_hits: track = RESULT_WINDOW } = body
  const trackTotal =
    track === true
      ? Number.POSITIVE_INFINITY
      : track === false
        ? 0
        : whole('track_total_hits', track, RESULT_WINDOW)
  return { query: body.query, from, size, sort: readSort(body.sort), trackTotal }
}

function countIn(query: unknown, index: Index, store: Store, now: number): number {
  const { sql, parameters } = statement(query, index, now, () => ({ select: 'count(*) as total', rest: '' }))
  return Number(store.query(sql, parameters)[0]?.total)
}

function rowsOf(
  { query, from, size }: Request,
  keys: readonly SortKey[],
  index: Index,
  store: Store,
  now: number,
): readonly Row[] {
  const { sql, parameters } = statement(query, index, now, (scope, score) => {
    const sorted = keys.map(
      (key, position) => `${sortExpression(key, index, scope).replace(/^score$/, score)} as key_${position}`,
    )
    const order = keys.map(({ descending, missingFirst }, position) => {
      return `key_${position} is null ${missingFirst ? 'desc' : 'asc'}, key_${position} ${descending ? 'desc' : 'asc'}`
    })
    return {
      select: `d.id, d.version, d.seq_no, d.source, ${score} as score, ${sorted.join(', ')}`,
      rest: `order by ${order.join(', ')}, d.doc limit ${scope.bind(from + size)}`,
    }
  })
  return store.query(sql, parameters).map((fields) => ({
    index,
    fields,
    keys: keys.map((_, position) => sortValue(fields[`key_${position}`])),
  }))
}

type Shape = (scope: QueryScope, score: string) => { readonly select: string; readonly rest: string }

function statement(
  query: unknown,
  index: Index,
  now: number,
  shape: Shape,
): { sql: string; parameters: readonly SqlValue[] } {
  const parameters: SqlValue[] = []
  const tables: string[] = []
  const scope: QueryScope = {
    index,
    mapping: index.mapping,
    now,
    bind: (value) => `?${parameters.push(value)}`,
    scored: (sql) => {
      const name = `found_${tables.length}`
      tables.push(`${name} as materialized (${sql})`)
      return name
    },
  }
  const clause = compileQuery(query === undefined ? { match_all: {} } : query, scope)
  const shown = index.filter === undefined ? '1' : compileQuery(index.filter, scope).where
  const { select, rest } = shape(scope, clause.score)
  const common = tables.length > 0 ? `with ${tables.join(', ')} ` : ''
  const sql = `${common}select ${select} from document d where d.index_key = ${scope.bind(index.key)} and d.deleted_at is null and (${shown}) and (${clause.where}) ${rest}`
  return { sql, parameters }
}

function shards(indices: readonly Index[]): Fields {
  const total = indices.reduce((sum, { settings }) => sum + settings.shards, 0)
  return { total, successful: total, skipped: 0, failed: 0 }
}

function totalOf(total: number, tracked: number): Fields {
  return total > tracked ? { value: tracked, relation: 'gte' } : { value: total, relation: 'eq' }
}

function sortValue(value: unknown): SortValue {
  return value === null || value === undefined ? null : typeof value === 'string' ? value : Number(value)
}

function whole(name: string, value: unknown, otherwise: number): number {
  if (value === undefined) return otherwise
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0) return number
  throw illegalArgument(`[${name}] parameter must be a non-negative whole number, but was [${value}]`)
}
