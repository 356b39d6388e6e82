/** Which request asks for what. The parameters of each route are listed: one that is not is refused. */
import { decoded, parsed, type Request } from '../http/index.ts'
import { changeAliases, describeAliases } from './alias-actions.ts'
import { parseDocument, runBulk } from './bulk.ts'
import { conflict, createDocuments } from './documents.ts'
import { count, idsMatching, search } from './find.ts'
import { readSettings } from './index-settings.ts'
import { createIndices, type Index } from './indices.ts'
import { exactInteger, type Fields, isObject, parseSource } from './json.ts'
import { describeMapping, extendMapping, readMapping } from './mapping.ts'
import { misnamed } from './names.ts'
import { readSourceFilter } from './projection.ts'
import { illegalArgument, invalidRequest, Refusal, unsupported } from './refusal.ts'
import type { Store } from './store.ts'
import { long } from './versions.ts'
import { applyWrite, type Operation, readWrite } from './writes.ts'

export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** One request, its path already taken apart: `names` are the parts that the route's pattern left open. */
interface Call {
  readonly names: readonly string[]
  readonly query: URLSearchParams
  readonly body: string
}

interface Route {
  readonly methods: string
  /** `*` stands for one name. */
  readonly pattern: string
  readonly parameters: readonly string[]
  readonly run: (call: Call) => Answer
}

/** Parameters that change how an answer is written, or that mean nothing to one node whose every write is visible at once. */
const HARMLESS = [
  'pretty',
  'error_trace',
  'filter_path',
  'timeout',
  'cluster_manager_timeout',
  'master_timeout',
  'preference',
  'human',
]
const WRITING = [
  'refresh',
  'wait_for_active_shards',
  'require_alias',
  'version',
  'version_type',
  'if_seq_no',
  'if_primary_term',
]
const CHOOSING = ['ignore_unavailable', 'allow_no_indices', 'expand_wildcards']

export function createRoutes(store: Store, now: () => number): (request: Request) => Answer {
  const indices = createIndices(store)
  const documents = createDocuments(store, indices.changed, now)
  const ok = (body: unknown): Answer => ({ status: 200, body })
  const acknowledged = ok({ acknowledged: true })
  const chosen = ({ query }: Call, name: string | undefined) => {
    return indices.matching(name, { ignoreMissing: query.get('ignore_unavailable') === 'true' })
  }

  /** Not as an alias shows them. */
  const own = (call: Call, name: string | undefined) =>
    chosen(call, name).map((index) => indices.concrete(index.name))

  function write(operation: Operation, call: Call, index = '', id?: string): Answer {
    const { query } = call
    const problems: string[] = []
    const named = readWrite(operation, index, id, Object.fromEntries(query), problems)
    if (problems.length > 0) throw invalidRequest(problems)
    const { status, body } = applyWrite(named, () => parseDocument(call.body, operation), documents, indices)
    const forced = query.get('refresh') === 'true' || query.get('refresh') === ''
    return { status, body: forced ? { ...body, forced_refresh: true } : body }
  }

  function indexDocument(call: Call, index?: string, id?: string): Answer {
    const type = call.query.get('op_type') ?? 'index'
    if (type !== 'index' && type !== 'create')
      throw illegalArgument(`opType must be 'create' or 'index', found: [${type}]`)
    return write(type, call, index, id)
  }

  function read({ query }: Call, name = '', id = ''): Answer {
    const index = indices.get(name)
    const stored = documents.read(index, id)
    if (!stored) return { status: 404, body: { _index: index.name, _id: id, found: false } }
    const expected = long('version', query.get('version') ?? undefined)
    if (expected !== undefined && expected !== stored.version) {
      throw conflict(
        index,
        id,
        `current version [${stored.version}] is different than the one provided [${expected}]`,
      )
    }
    const source = readSourceFilter(query.get('_source') ?? undefined)
    const head = {
      _index: index.name,
      _id: id,
      _version: exactInteger(stored.version),
      _seq_no: stored.seqNo,
      _primary_term: 1,
      found: true,
    }
    return ok(source ? { ...head, _source: source(parseSource(stored.source)) } : head)
  }

  function bulk({ body, query }: Call, index?: string): Answer {
    return ok(
      runBulk(body, { index, requireAlias: query.get('require_alias') === 'true' }, documents, indices),
    )
  }

  function searchBody({ body, query }: Call): Fields {
    const overrides: [string, unknown][] = []
    for (const name of ['size', 'from', '_source', 'track_total_hits']) {
      const value = query.get(name)
      if (value !== null)
        overrides.push([name, value === 'true' || value === 'false' ? value === 'true' : value])
    }
    const sort = query.get('sort')
    if (sort !== null) {
      const keys = sort.split(',').map((key) => key.split(':'))
      overrides.push([
        'sort',
        keys.map(([field = '', order]) => (order === undefined ? field : { [field]: order })),
      ])
    }
    return { ...parseObject(body), ...Object.fromEntries(overrides) }
  }

  function removeByQuery(call: Call, name?: string): Answer {
    const { query, ...rest } = parseObject(call.body)
    const [other] = Object.keys(rest)
    if (other !== undefined) throw unsupported(`[${other}] in a delete by query`)
    if (query === undefined) throw invalidRequest(['query is missing'])
    const removed = chosen(call, name).flatMap((index) =>
      idsMatching(query, index, store, now()).map((id) =>
        documents.remove(indices.concrete(index.name), id, { type: 'internal' }),
      ),
    )
    const done = {
      took: 0,
      timed_out: false,
      total: removed.length,
      deleted: removed.length,
      batches: removed.length > 0 ? 1 : 0,
    }
    const none = { version_conflicts: 0, noops: 0, retries: { bulk: 0, search: 0 }, throttled_millis: 0 }
    return ok({ ...done, ...none, requests_per_second: -1, throttled_until_millis: 0, failures: [] })
  }

  function createIndex(call: Call, name = ''): Answer {
    const { mappings, settings, aliases, ...rest } = parseObject(call.body, 'parse_exception')
    const [other] = Object.keys(rest)
    if (other !== undefined) throw unsupported(`[${other}] of an index`)
    indices.create(name, { mappings, settings, aliases })
    return ok({ acknowledged: true, shards_acknowledged: true, index: name })
  }

  function putMapping(call: Call, name?: string): Answer {
    const addition = readMapping(parseObject(call.body, 'parse_exception'))
    for (const index of own(call, name)) {
      extendMapping(index.mapping, addition)
      if (addition.dynamic !== undefined) index.mapping = { ...index.mapping, dynamic: addition.dynamic }
      indices.changed(index)
    }
    return acknowledged
  }

  function putSettings(call: Call, name?: string): Answer {
    for (const index of own(call, name)) {
      index.settings = readSettings(parseObject(call.body), index.settings)
      indices.changed(index)
    }
    return acknowledged
  }

  function refreshed(call: Call, name?: string): Answer {
    const settings = chosen(call, name).map((index) => index.settings)
    const total = settings.reduce((sum, { shards, replicas }) => sum + shards * (1 + replicas), 0)
    const successful = settings.reduce((sum, { shards }) => sum + shards, 0)
    return ok({ _shards: { total, successful, failed: 0 } })
  }

  const describeAll = (found: readonly Index[], describe: (index: Index) => unknown) =>
    ok(Object.fromEntries(found.map((index) => [index.name, describe(index)])))

  const routes: readonly Route[] = [
    { methods: 'GET HEAD', pattern: '/', parameters: [], run: () => ok(INFO) },
    { methods: 'GET', pattern: '/_cluster/health', parameters: ['wait_for_status'], run: () => ok(HEALTH) },
    { methods: 'POST PUT', pattern: '/_bulk', parameters: WRITING.slice(0, 3), run: (call) => bulk(call) },
    {
      methods: 'POST PUT',
      pattern: '/*/_bulk',
      parameters: WRITING.slice(0, 3),
      run: (call) => bulk(call, call.names[0]),
    },
    ...['/_search', '/*/_search'].map((pattern) => ({
      methods: 'GET POST',
      pattern,
      parameters: ['size', 'from', 'sort', '_source', 'track_total_hits', 'request_cache', ...CHOOSING],
      run: (call: Call) => ok(search(searchBody(call), chosen(call, call.names[0]), store, now())),
    })),
    ...['/_count', '/*/_count'].map((pattern) => ({
      methods: 'GET POST',
      pattern,
      parameters: CHOOSING,
      run: (call: Call) =>
        ok(count(parseObject(call.body, 'parsing_exception'), chosen(call, call.names[0]), store, now())),
    })),
    ...['/_refresh', '/*/_refresh', '/_flush', '/*/_flush'].map((pattern) => ({
      methods: 'GET POST',
      pattern,
      parameters: CHOOSING,
      run: (call: Call) => refreshed(call, call.names[0]),
    })),
    {
      methods: 'POST',
      pattern: '/*/_delete_by_query',
      parameters: ['refresh', ...CHOOSING],
      run: (call) => removeByQuery(call, call.names[0]),
    },
    {
      methods: 'PUT POST',
      pattern: '/*/_doc/*',
      parameters: ['op_type', ...WRITING],
      run: (call) => indexDocument(call, ...call.names),
    },
    {
      methods: 'POST',
      pattern: '/*/_doc',
      parameters: ['op_type', ...WRITING],
      run: (call) => indexDocument(call, ...call.names),
    },
    {
      methods: 'PUT POST',
      pattern: '/*/_create/*',
      parameters: WRITING,
      run: (call) => write('create', call, ...call.names),
    },
    {
      methods: 'POST',
      pattern: '/*/_update/*',
      parameters: WRITING,
      run: (call) => write('update', call, ...call.names),
    },
    {
      methods: 'DELETE',
      pattern: '/*/_doc/*',
      parameters: WRITING.filter((name) => name !== 'require_alias'),
      run: (call) => write('delete', call, ...call.names),
    },
    {
      methods: 'GET HEAD',
      pattern: '/*/_doc/*',
      parameters: ['version', '_source', 'realtime', 'refresh'],
      run: (call) => read(call, ...call.names),
    },
    {
      methods: 'POST',
      pattern: '/_aliases',
      parameters: [],
      run: (call) => {
        changeAliases(parseObject(call.body), indices)
        return acknowledged
      },
    },
    {
      methods: 'GET',
      pattern: '/_alias/*',
      parameters: CHOOSING,
      run: (call) => describeAliases(own(call, undefined), call.names[0]),
    },
    ...['/*/_alias', '/*/_alias/*'].map((pattern) => ({
      methods: 'GET',
      pattern,
      parameters: CHOOSING,
      run: (call: Call) => describeAliases(own(call, call.names[0]), call.names[1]),
    })),
    {
      methods: 'GET',
      pattern: '/*/_mapping',
      parameters: CHOOSING,
      run: (call) =>
        describeAll(chosen(call, call.names[0]), ({ mapping }) => ({ mappings: describeMapping(mapping) })),
    },
    {
      methods: 'PUT POST',
      pattern: '/*/_mapping',
      parameters: CHOOSING,
      run: (call) => putMapping(call, call.names[0]),
    },
    {
      methods: 'PUT',
      pattern: '/*/_settings',
      parameters: CHOOSING,
      run: (call) => putSettings(call, call.names[0]),
    },
    {
      methods: 'PUT',
      pattern: '/*',
      parameters: ['wait_for_active_shards'],
      run: (call) => createIndex(call, ...call.names),
    },
    {
      methods: 'HEAD',
      pattern: '/*',
      parameters: CHOOSING,
      run: (call) => ({ status: chosen(call, call.names[0]).length > 0 ? 200 : 404, body: '' }),
    },
    {
      methods: 'DELETE',
      pattern: '/*',
      parameters: CHOOSING,
      run: (call) => {
        const { names } = call
        for (const name of names[0]?.split(',') ?? [])
          if (indices.find(name) === undefined && indices.writable(name) !== undefined)
            throw illegalArgument(
              `The provided expression [${name}] matches an alias, specify the corresponding concrete indices instead.`,
            )
        for (const index of own(call, names[0])) indices.drop(index)
        return acknowledged
      },
    },
  ]

  return (request) => {
    const parts = request.path.split('/').filter((part) => part !== '')
    for (const { methods, pattern, parameters, run } of routes) {
      const names = methods.split(' ').includes(request.method) ? matchPath(pattern, parts) : undefined
      if (!names) continue
      checkParameters(request, parameters)
      const type = unsupportedType(request)
      if (type !== undefined)
        return { status: 406, body: { error: `Content-Type header [${type}] is not supported`, status: 406 } }
      return run({ names, query: request.query, body: request.body.toString('utf8') })
    }
    const error = `no handler found for uri [${request.path}] and method [${request.method}] in the embedded search`
    return { status: 400, body: { error } }
  }
}

/** The names that stand for the `*` of a pattern; nothing if the path is another. */
function matchPath(pattern: string, parts: readonly string[]): readonly string[] | undefined {
  const expected = pattern.split('/').filter((part) => part !== '')
  if (expected.length !== parts.length) return undefined
  const names: string[] = []
  for (const [position, part] of parts.entries()) {
    if (expected[position] !== '*') {
      if (expected[position] !== part) return undefined
      continue
    }
    const name = decoded(part)
    if (name === undefined) return undefined
    // A leading underscore is reserved for routes, but an id may begin with one.
    if (position === 0 && name.startsWith('_') && name !== '_all') return undefined
    names.push(name)
  }
  return names
}

function checkParameters({ path, query }: Request, parameters: readonly string[]): void {
  for (const name of query.keys()) {
    if (parameters.includes(name) || HARMLESS.includes(name)) continue
    throw illegalArgument(
      `request [${path}] contains unrecognized parameter: [${name}], or one that the embedded search does not support`,
    )
  }
  // These are taken as long as they ask for what happens anyway.
  if ((query.get('allow_no_indices') ?? 'true') !== 'true') throw unsupported('allow_no_indices=false')
  const expand = query.get('expand_wildcards') ?? 'open'
  if (expand !== 'open' && expand !== 'all')
    throw unsupported(`expand_wildcards=${expand}, every index is open`)
  const copies = query.get('wait_for_active_shards') ?? '1'
  if (copies !== '1' && copies !== '0')
    throw unsupported(`wait_for_active_shards [${copies}], there is one copy of everything`)
}

/** The content type of a body that is not JSON. */
function unsupportedType({ headers, body }: Request): string | undefined {
  const type = headers['content-type'] ?? ''
  const isJson = /^application\/(x-ndjson|(vnd\.[\w.-]+\+)?(x-nd)?json)\b/.test(type)
  return body.length === 0 || isJson ? undefined : type
}

/** @param misnaming the type of the error for a name that stands twice */
function parseObject(text: string, misnaming = 'json_parse_exception'): Fields {
  if (text.trim() === '') return {}
  let value: unknown
  try {
    value = parsed(text)
  } catch {
    throw new Refusal(400, 'json_parse_exception', 'the request body is not JSON')
  }
  const problem = misnamed(text)
  if (problem !== undefined) throw new Refusal(400, misnaming, problem)
  if (isObject(value)) return value
  throw new Refusal(400, 'parsing_exception', 'the request body is not an object')
}

const INFO = {
  name: 'spaceship',
  cluster_name: 'spaceship',
  cluster_uuid: 'embedded',
  version: {
    distribution: 'opensearch',
    number: '3.8.0',
    build_type: 'embedded',
    build_hash: 'embedded',
    build_snapshot: false,
    lucene_version: '10.5.0',
    minimum_wire_compatibility_version: '2.19.0',
    minimum_index_compatibility_version: '2.0.0',
  },
  tagline: 'The OpenSearch Project: https://opensearch.org/',
}

const HEALTH = {
  cluster_name: 'spaceship',
  status: 'green',
  timed_out: false,
  number_of_nodes: 1,
  number_of_data_nodes: 1,
}
