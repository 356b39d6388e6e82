/** Owns a cluster in memory: what the requests of the adapter do there, and what OpenSearch would answer. */

import type { Query, SearchClient } from '../opensearch/index.ts'
import { compile } from './query.ts'
import { type Refused, refusedDocument, refusedName } from './refused.ts'

type Asked = Parameters<SearchClient['transport']['request']>[0]

interface Answer {
  readonly statusCode: number
  readonly body: unknown
}

interface Stored {
  readonly version: number
  /** Of the write that left it. */
  readonly seqNo: number
  /** Undefined where it was deleted. */
  readonly document: object | undefined
}

interface Index {
  readonly documents: Map<string, Stored>
  /** How many writes it has taken. */
  writes: number
  /** With the filter of each, if it has one. */
  readonly aliases: Map<string, Query | undefined>
}

interface Action {
  readonly index: string
  readonly alias: string
  readonly filter?: Query
  readonly must_exist?: boolean
}

type Actions = readonly Readonly<Partial<Record<'add' | 'remove' | 'remove_index', Action>>>[]

const acknowledged: Answer = { statusCode: 200, body: { acknowledged: true } }

interface Living {
  readonly id: string
  readonly version: number
  readonly seqNo: number
  readonly document: object
}

export interface Cluster {
  answer(asked: Asked): Answer
  /** What a search of this name may find. */
  documents(name: string): Readonly<Record<string, unknown>>
}

export function createCluster(): Cluster {
  const indices = new Map<string, Index>()

  function made(name: string): Index {
    const index = indices.get(name) ?? { documents: new Map(), writes: 0, aliases: new Map() }
    indices.set(name, index)
    return index
  }

  function put(
    name: string,
    { aliases = {} }: { aliases?: Readonly<Record<string, { filter?: Query }>> },
  ): Answer {
    const refused = refusedName(name)
    if (refused !== undefined) throw refusal(refused.status, refused)
    if (indices.has(name)) throw refusal(400, { error: { type: 'resource_already_exists_exception' } })
    for (const [alias, { filter }] of Object.entries(aliases)) made(name).aliases.set(alias, filter)
    made(name)
    return acknowledged
  }

  /** All of it or nothing. */
  function swap(actions: Actions): Answer {
    for (const { add, remove, remove_index: dropped } of actions) {
      const there = indices.get(Object(add ?? remove ?? dropped).index)
      if (there === undefined) throw refusal(404, missing())
      if (remove?.must_exist === true && !there.aliases.has(remove.alias))
        throw refusal(404, { error: { type: 'aliases_not_found_exception' } })
    }
    for (const { add, remove, remove_index: dropped } of actions) {
      if (remove !== undefined) indices.get(remove.index)?.aliases.delete(remove.alias)
      if (add !== undefined) indices.get(add.index)?.aliases.set(add.alias, add.filter)
      if (dropped !== undefined) indices.delete(dropped.index)
    }
    return acknowledged
  }

  function bulk(name: string, lines: string, requireAlias: boolean): Answer {
    const operations = operationsIn(lines)
    const items = operations.map((operation) => {
      const index = writable(name, operation, requireAlias)
      return { [operation.action]: 'status' in index ? index : write(index, operation) }
    })
    return {
      statusCode: 200,
      body: { errors: items.some((item) => 'error' in Object(Object.values(item)[0])), items },
    }
  }

  /** What is written under a name, or why nothing is. */
  function writable(name: string, { ifSeqNo, action }: Operation, requireAlias: boolean): Index | Refused {
    const [only, ...others] = [...indices.values()].filter(({ aliases }) => aliases.has(name))
    if (others.length > 0) return { status: 400, error: { type: 'illegal_argument_exception' } }
    if (only !== undefined) return only
    if (requireAlias && action === 'index') return missing()
    const there = indices.get(name)
    if (there !== undefined) return there
    return ifSeqNo === undefined ? (refusedName(name) ?? made(name)) : missing()
  }

  /** What a name stands for: indices, aliases, and patterns of indices, which may match none. */
  function found(expression: string): Living[] {
    const all = new Map<Index, Query | undefined>()
    for (const part of expression.split(',')) {
      const named = [...indices].filter(([name]) => (part.includes('*') ? stands(part, name) : part === name))
      for (const [, index] of named) all.set(index, undefined)
      const behind = [...indices.values()].filter(({ aliases }) => aliases.has(part))
      for (const index of behind) if (!all.has(index)) all.set(index, index.aliases.get(part))
      if (named.length + behind.length === 0 && !part.includes('*')) throw refusal(404, missing())
    }
    return [...all].flatMap(([{ documents }, filter]) => {
      const isShown = filter === undefined ? () => true : compile(filter)
      return living(documents).filter(({ id, document }) => isShown(document, id))
    })
  }

  function search(
    expression: string,
    operation: string,
    body: { query: Query; size: number; from?: number },
  ): Answer {
    const isWanted = compile(body.query)
    const hits = found(expression).filter(({ id, document }) => isWanted(document, id))
    const _shards = { total: 1, successful: 1, skipped: 0, failed: 0 }
    if (operation === '_count') return { statusCode: 200, body: { count: hits.length, _shards } }
    const page = hits
      .slice(body.from ?? 0, (body.from ?? 0) + body.size)
      .map(({ id, version, seqNo, document }) => ({
        _id: id,
        _version: version,
        _seq_no: seqNo,
        _primary_term: 1,
        _score: 1,
        _source: document,
      }))
    return {
      statusCode: 200,
      body: { timed_out: false, _shards, hits: { total: { value: hits.length }, hits: page } },
    }
  }

  function aliasesOf(pattern: string): Answer {
    const body = [...indices].flatMap(([name, { aliases }]) =>
      stands(pattern, name)
        ? [[name, { aliases: Object.fromEntries([...aliases.keys()].map((one) => [one, {}])) }]]
        : [],
    )
    return { statusCode: 200, body: Object.fromEntries(body) }
  }

  return {
    answer: ({ method, path, querystring, body, bulkBody }) => {
      const [name = '', operation = ''] = path.split('/').slice(1).map(decodeURIComponent)
      if (operation === '_bulk')
        return bulk(name, String(bulkBody ?? ''), querystring?.require_alias === 'true')
      if (operation === '_alias') return aliasesOf(name)
      if (operation === '_refresh') return acknowledged
      if (name === '_aliases') return swap(Object(body).actions)
      // Safe: the adapter makes an index with these, and sends the others in every search; `query` in every count.
      if (method === 'PUT') return put(name, body as Parameters<typeof put>[1])
      return search(name, operation, body as Parameters<typeof search>[2])
    },
    documents: (name) => {
      const isThere = [...indices].some(([index, { aliases }]) => index === name || aliases.has(name))
      return Object.fromEntries((isThere ? found(name) : []).map(({ id, document }) => [id, document]))
    },
  }
}

interface Operation {
  readonly action: 'index' | 'delete'
  readonly id: string
  readonly version: number
  /** Of the write that a removal is bound to. */
  readonly ifSeqNo: number | undefined
  readonly document: object | undefined
}

function operationsIn(lines: string): Operation[] {
  const all: Operation[] = []
  const each = lines.split('\n').slice(0, -1)[Symbol.iterator]()
  for (const line of each) {
    // Safe: the adapter writes its actions so, and a document behind each that indexes.
    const { index, delete: removal } = JSON.parse(line) as Partial<
      Record<'index' | 'delete', { _id: string; version: number; if_seq_no?: number }>
    >
    const { _id: id = '', version = 0, if_seq_no: ifSeqNo } = index ?? removal ?? {}
    const document = index && documentIn(String(each.next().value))
    all.push({ action: index === undefined ? 'delete' : 'index', id, version, ifSeqNo, document })
  }
  return all
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

function write(index: Index, { id, version, ifSeqNo, document }: Operation): object {
  const refused = document && refusedDocument(document)
  if (refused !== undefined) return refused
  const { documents } = index
  const current = documents.get(id)
  const isThere = current?.document !== undefined
  const isStale =
    ifSeqNo === undefined
      ? current !== undefined && version < current.version
      : !isThere || ifSeqNo !== current.seqNo
  if (isStale) return { status: 409, error: { type: 'version_conflict_engine_exception' } }
  index.writes += 1
  // A removal that is bound to a write has no version of its own.
  const next = ifSeqNo === undefined ? version : (current?.version ?? 0) + 1
  documents.set(id, { version: next, seqNo: index.writes, document })
  if (document !== undefined) return { status: isThere ? 200 : 201, result: isThere ? 'updated' : 'created' }
  return isThere ? { status: 200, result: 'deleted' } : { status: 404, result: 'not_found' }
}

function missing(): Refused {
  return { status: 404, error: { type: 'index_not_found_exception' } }
}

function stands(pattern: string, name: string): boolean {
  const [first = '', ...pieces] = pattern.split('*')
  if (pieces.length === 0) return pattern === name
  const last = pieces.pop() ?? ''
  let at = first.length
  for (const piece of pieces) {
    const place = name.indexOf(piece, at)
    if (place === -1) return false
    at = place + piece.length
  }
  return name.startsWith(first) && name.length - last.length >= at && name.endsWith(last)
}

function living(documents: Map<string, Stored>): Living[] {
  return [...documents].flatMap(([id, { version, seqNo, document }]) =>
    document === undefined ? [] : [{ id, version, seqNo, document }],
  )
}

/** As the client throws it. */
function refusal(statusCode: number, body: object): Error {
  return Object.assign(new Error(`the server answered ${statusCode}`), { meta: { statusCode, body } })
}
