import { json, type Reply, serve } from '../http/index.ts'
import { isObject } from './json.ts'
import { filterPath } from './projection.ts'
import { errorBody, Refusal } from './refusal.ts'
import { createRoutes } from './routes.ts'
import { openStore } from './store.ts'

export interface SearchOptions {
  /** @default chosen by the system */
  readonly port?: number
  /** Keeps indices and documents. @default in memory */
  readonly file?: string | undefined
  /** Milliseconds since 1970: when tombstones end, and `now` in date ranges. @default the system's clock */
  readonly now?: () => number
}

export interface Search extends AsyncDisposable {
  readonly url: string
  close(): Promise<void>
}

/**
 * A search endpoint for the official OpenSearch client, over SQLite's full-text index.
 *
 * It answers as OpenSearch does, with the same statuses and error types, for indices, aliases, mappings, documents with external
 * versions, `_bulk`, and queries. What it does not do (aggregations, other queries and options) it refuses with 400: nothing is
 * ignored. Two things differ: a write is visible to a search at once, without a refresh, and scores are BM25
 * but not OpenSearch's figures.
 *
 * @example
 * import { Client } from '@opensearch-project/opensearch'
 * await using search = await startSearch()
 * const client = new Client({ node: search.url })
 */
export async function startSearch({ port, file, now = Date.now }: SearchOptions = {}): Promise<Search> {
  const store = openStore(file)
  const route = createRoutes(store, now)

  const server = await serve(
    (request) => {
      const reply = attempt(() => {
        const { status, body } = route(request)
        const filter = request.query.get('filter_path')
        return { status, body: filter === null ? body : filterPath(body, filter) }
      })
      return request.method === 'HEAD' ? { status: reply.status } : reply
    },
    port === undefined ? {} : { port },
  ).catch((error) => {
    store.close()
    throw error
  })

  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= server.close().finally(store.close)
    return closed
  }
  return { url: server.url, close, [Symbol.asyncDispose]: close }
}

function attempt(work: () => { status: number; body: unknown }): Reply {
  try {
    const { status, body } = work()
    return json(status, isObject(body) ? body : {})
  } catch (error) {
    if (error instanceof Refusal) return json(error.status, errorBody(error))
    throw error
  }
}
