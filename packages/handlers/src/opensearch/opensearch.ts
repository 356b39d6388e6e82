/**
 * Owns the calls to OpenSearch and what its answers mean.
 *
 * | answer                                       | verdict                                              |
 * |----------------------------------------------|------------------------------------------------------|
 * | 2xx; 404 for a document that is to be deleted | done                                                 |
 * | 409 `version_conflict_engine_exception`      | skip: something newer is there                       |
 * | 429, 401, 403, 5xx, no answer, missing index | Unavailable: an outage or a set-up, not the record   |
 * | other 4xx (mapping, size)                    | Permanent, with the error's type, never its reason   |
 *
 * Versions are `external_gte`: of two changes in one instant the later in the stream stands, and a repeat rewrites the
 * same. A delete leaves a tombstone for `index.gc_deletes` (60 s by default): an older write that comes later than that is
 * taken for new.
 */

import type { Client } from '@opensearch-project/opensearch'
import { Permanent, Unavailable } from '@spaceship/core'
import { bare, check, like, required } from '@spaceship/core/adapter'
import { type Search, searchWith, type Write, type Written } from './search.ts'

/** OpenSearch's own limit on ids, in bytes. */
const LONGEST_ID = 512

export const SEARCH = {
  options: bare({
    client: required(
      like(
        'a Client of @opensearch-project/opensearch',
        (client) => typeof Object(client).transport?.request === 'function',
      ),
    ),
  }),
}

/**
 * Search on OpenSearch.
 *
 * @param options `client`: the official client, with its endpoint and credentials
 * @throws ConfigurationError if there is no client
 * @example
 * import { Client } from '@opensearch-project/opensearch'
 * const search = createSearch({ client: new Client({ node: 'https://search.internal' }) })
 */
export function createSearch(options: { readonly client: Client }): Search {
  check('createSearch', SEARCH, { options })
  const { client } = options
  const call = (request: Request, signal?: AbortSignal) => answered(client, request, signal)
  return searchWith({
    put: async (write, document) => {
      const body = bodyOf(document)
      return writtenBy(await call({ method: 'PUT', ...target(write), body }, write.signal), [200, 201])
    },
    delete: async (write) =>
      writtenBy(await call({ method: 'DELETE', ...target(write) }, write.signal), [200, 404]),
    search: async (index, query, { size = 10, signal } = {}) => {
      const path = `/${encodeURIComponent(index)}/_search`
      const { hits } = accepted<SearchAnswer>(
        await call({ method: 'POST', path, body: { query, size, track_total_hits: true } }, signal),
      )
      return {
        total: hits.total.value,
        // The caller says what its documents are, as with every search client.
        hits: hits.hits.map((hit) => ({
          id: hit._id,
          score: hit._score ?? 0,
          document: hit._source as never,
        })),
      }
    },
    count: async (index, query, { signal } = {}) => {
      const path = `/${encodeURIComponent(index)}/_count`
      const { count } = accepted<{ readonly count: number }>(
        await call({ method: 'POST', path, body: { query } }, signal),
      )
      return { total: count }
    },
  })
}

interface Request {
  readonly method: string
  readonly path: string
  readonly querystring?: Readonly<Record<string, string>>
  readonly body?: unknown
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

interface SearchAnswer {
  readonly hits: {
    readonly total: { readonly value: number }
    readonly hits: readonly {
      readonly _id: string
      readonly _score: number | null
      readonly _source: unknown
    }[]
  }
}

/** Every answer below 500 that says something about the request; outages throw. */
async function answered(client: Client, request: Request, signal: AbortSignal | undefined): Promise<Answer> {
  signal?.throwIfAborted()
  const { querystring = {}, body, ...rest } = request
  const sent = client.transport.request({
    ...rest,
    querystring,
    ...(body === undefined ? {} : { body: body as Record<string, unknown> | string }),
  })
  const abort = () => sent.abort()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    const { statusCode, body: answer } = await sent
    return { status: statusCode ?? 200, body: answer }
  } catch (cause) {
    signal?.throwIfAborted()
    return failed(cause)
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/** The client throws for every status of 400 and more; the status tells an outage from an answer. */
function failed(cause: unknown): Answer {
  const { meta } = Object(cause)
  const status: unknown = meta?.statusCode
  if (typeof status !== 'number') throw new Unavailable('opensearch', 'OpenSearch did not answer', { cause })
  const type = errorType(meta?.body)
  if (status === 429 || status >= 500)
    throw new Unavailable('opensearch', `OpenSearch answered ${status} ${type}`, { cause })
  if (status === 401 || status === 403)
    throw new Unavailable('opensearch', `OpenSearch refused the credentials: ${type}`, { cause })
  if (type === 'index_not_found_exception')
    throw new Unavailable('opensearch', 'the index does not exist: create it with its mapping', { cause })
  return { status, body: meta?.body }
}

function writtenBy(answer: Answer, good: readonly number[]): Written {
  if (good.includes(answer.status)) return 'applied'
  if (answer.status === 409) return 'stale'
  throw refused(answer)
}

function accepted<T>(answer: Answer): T {
  if (answer.status !== 200) throw refused(answer)
  // The shape is OpenSearch's API, held by the tests against the embedded and the real server.
  return answer.body as T
}

/** The error's type only: its reason quotes the document. */
function refused({ status, body }: Answer): Permanent {
  return new Permanent(`OpenSearch refused the request: ${status} ${errorType(body)}`)
}

function errorType(body: unknown): string {
  const { error } = Object(body)
  return typeof error?.type === 'string' ? error.type : 'without a type'
}

function target({ index, id, version }: Write): Pick<Request, 'path' | 'querystring'> {
  const bytes = Buffer.byteLength(id)
  if (bytes === 0 || bytes > LONGEST_ID)
    throw new Permanent(`a document id has 1 to ${LONGEST_ID} bytes, this one ${bytes}`)
  if (!Number.isSafeInteger(version) || version < 0)
    throw new Permanent('a version must be a non-negative whole number below 2^53')
  const querystring = { version: String(version), version_type: 'external_gte' }
  return { path: `/${encodeURIComponent(index)}/_doc/${encodeURIComponent(id)}`, querystring }
}

/** JSON knows neither sets nor binary: they become arrays and base64. */
function bodyOf(document: object): string {
  return JSON.stringify(document, (_, value: unknown) => {
    if (value instanceof Set) return [...value]
    return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
  })
}
