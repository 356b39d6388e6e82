/** Owns one request through the official client, and its abort. */

import { type Answer, failed } from './answer.ts'

/**
 * What is asked of the official client. It is said here and not imported, so that whoever uses this package's doubles in tests needs no
 * types of a client that is not installed.
 */
export interface SearchClient {
  readonly transport: {
    request(
      asked: {
        method: string
        path: string
        querystring?: Record<string, string>
        body?: Record<string, unknown> | string
        bulkBody?: Buffer
      },
      options?: { maxRetries?: number },
    ): PromiseLike<{
      readonly statusCode: number | null
      readonly body: unknown
      readonly headers?: unknown
    }> & { abort(): void }
  }
}

/** The addresses that the official client knows, without the credentials in them; another one may not show them. */
export function endpointsOf(client: SearchClient): readonly string[] {
  const { connections } = Object(Object(client).connectionPool)
  const urls: unknown[] = Array.isArray(connections) ? connections.map((one) => Object(one).url) : []
  return [...new Set(urls.flatMap((url) => (url instanceof URL ? [url.origin] : [])))]
}

export interface Request {
  /** For the advice that a wrong set-up gets. */
  readonly index: string
  readonly method: string
  readonly path: string
  readonly querystring?: Readonly<Record<string, string>>
  readonly body?: Readonly<Record<string, unknown>>
  /** Of a bulk request, its lines. */
  readonly bulkBody?: Buffer
}

export type Call = (request: Request, signal?: AbortSignal) => Promise<Answer>

/** Every answer below 500 that says something about the request; outages throw. */
export function callsOf(client: SearchClient): Call {
  return async ({ index, method, path, querystring = {}, body, bulkBody }, signal) => {
    signal?.throwIfAborted()
    const asked = {
      method,
      path,
      querystring: { ...querystring },
      ...(body !== undefined && { body: { ...body } }),
      ...(bulkBody !== undefined && { bulkBody }),
    }
    // The engine tries again, and knows when: the client's own repeats would double the load of a server that is slow.
    const sent = client.transport.request(asked, { maxRetries: 0 })
    // Gives nothing back: the client returns its promise, and Node throws what one rejects with that a listener returns.
    const abort = () => {
      sent.abort()
    }
    signal?.addEventListener('abort', abort, { once: true })
    try {
      const { statusCode, body: answer, headers } = await sent
      return { status: statusCode ?? 200, body: answer, headers }
    } catch (cause) {
      signal?.throwIfAborted()
      return failed(cause, index)
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }
}
