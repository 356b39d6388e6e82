/**
 * Owns the calls to OpenSearch; what its answers mean stands in `answer.ts`.
 *
 * Versions are `external_gte`: of two changes in one instant the later in the stream stands, and a repeat rewrites the
 * same. A delete leaves a tombstone for `index.gc_deletes` (60 s by default): an older write that comes later than that is
 * taken for new.
 */

import { Permanent } from '@spaceship/core'
import { bare, check, like, required } from '@spaceship/core/adapter'
import { type Answer, accepted, failed, writtenBy } from './answer.ts'
import { textOf } from './document.ts'
import { type Search, searchWith, type Write } from './search.ts'

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
 * What is asked of the official client. It is said here and not imported, so that whoever uses this package's doubles in tests needs no
 * types of a client that is not installed.
 */
export interface SearchClient {
  readonly transport: {
    request(asked: {
      method: string
      path: string
      querystring?: Record<string, string>
      body?: Record<string, unknown> | string
    }): PromiseLike<{ readonly statusCode: number | null; readonly body: unknown }> & { abort(): void }
  }
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
export function createSearch(options: { readonly client: SearchClient }): Search {
  check('createSearch', SEARCH, { options })
  const { client } = options
  const call = (request: Request, signal?: AbortSignal) => answered(client, request, signal)
  return searchWith({
    put: async (write, document) => {
      const body = textOf(document)
      return writtenBy(await call({ method: 'PUT', ...target(write), body }, write.signal), write.index)
    },
    delete: async (write) =>
      writtenBy(await call({ method: 'DELETE', ...target(write) }, write.signal), write.index),
    search: async (index, query, { size = 10, signal } = {}) => {
      const path = `/${encodeURIComponent(index)}/_search`
      const { hits } = accepted<SearchAnswer>(
        await call({ index, method: 'POST', path, body: { query, size, track_total_hits: true } }, signal),
        index,
        'hits',
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
        await call({ index, method: 'POST', path, body: { query } }, signal),
        index,
        'count',
      )
      return { total: count }
    },
  })
}

interface Request {
  /** For the advice that a wrong set-up gets. */
  readonly index: string
  readonly method: string
  readonly path: string
  readonly querystring?: Readonly<Record<string, string>>
  readonly body?: unknown
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
async function answered(
  client: SearchClient,
  request: Request,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  signal?.throwIfAborted()
  const { index: _, querystring = {}, body, ...rest } = request
  const sent = client.transport.request({
    ...rest,
    querystring: { ...querystring },
    ...(body === undefined ? {} : { body: body as Record<string, unknown> | string }),
  })
  // Gives nothing back: the client returns its promise, and Node throws what one rejects with that a listener returns.
  const abort = () => {
    sent.abort()
  }
  signal?.addEventListener('abort', abort, { once: true })
  try {
    const { statusCode, body: answer } = await sent
    return { status: statusCode ?? 200, body: answer }
  } catch (cause) {
    signal?.throwIfAborted()
    return failed(cause, request.index)
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

function target({ index, id, version }: Write): Pick<Request, 'index' | 'path' | 'querystring'> {
  const bytes = Buffer.byteLength(id)
  if (bytes === 0 || bytes > LONGEST_ID)
    throw new Permanent(`a document id has 1 to ${LONGEST_ID} bytes, this one ${bytes}`)
  if (!Number.isSafeInteger(version) || version < 0)
    throw new Permanent('a version must be a non-negative whole number below 2^53')
  const querystring = { version: String(version), version_type: 'external_gte' }
  return { index, path: `/${encodeURIComponent(index)}/_doc/${encodeURIComponent(id)}`, querystring }
}
