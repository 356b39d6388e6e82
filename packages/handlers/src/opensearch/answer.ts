/**
 * Owns what the answers of OpenSearch mean.
 *
 * | answer                                                       | verdict                                              |
 * |--------------------------------------------------------------|------------------------------------------------------|
 * | 2xx; 404 `not_found` for a document that is to be deleted     | done                                                 |
 * | 409 of a write                                               | skip: something newer is there                       |
 * | 408, 429, 5xx; no answer                                     | an outage                                            |
 * | `cluster_block_exception`: the disk is full, or read-only     | an outage                                            |
 * | 401, other 403, no credentials to sign with                  | set-up `denied`                                      |
 * | `index_not_found_exception`, `index_closed_exception`        | set-up `not-found`                                   |
 * | 404, 405 or 2xx that OpenSearch does not word                | set-up `unknown-operation`: something else answers   |
 * | other 4xx (mapping, size, query)                             | Permanent, with the error's type, never its reason   |
 * | a document that is no JSON, an id or version out of range    | Permanent, before it is sent                         |
 */

import { Permanent, Unavailable } from '@spaceship/core'
import type { Written } from './search.ts'

export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** What is asked for where the client signs its requests, and has nothing to sign with. */
const UNSIGNED = /credentials|signer/i

/** What the client threw, as an answer or as the verdict that it is. The client throws for every status of 400 and more; the status tells an outage from an answer. */
export function failed(cause: unknown, index: string): Answer {
  const { meta, name } = Object(cause)
  const status: unknown = meta?.statusCode
  if (typeof status !== 'number') {
    if (UNSIGNED.test(String(name))) throw denied(index, 'no credentials', cause)
    throw new Unavailable('opensearch', 'OpenSearch did not answer', { cause })
  }
  const type = errorType(meta?.body)
  if (status === 408 || status === 429 || status >= 500 || type === 'cluster_block_exception')
    throw new Unavailable('opensearch', `OpenSearch answered ${status} ${type}`, { cause })
  if (status === 401 || status === 403) throw denied(index, `${status} ${type}`, cause)
  if (type === 'index_not_found_exception' || type === 'index_closed_exception') {
    const advice = `create the index '${index}' with its mapping, or open it`
    const setup = { reason: 'not-found', resource: `index '${index}'`, advice } as const
    const message = `OpenSearch answered ${status} ${type}: ${advice}`
    throw new Unavailable('opensearch', message, { cause, setup })
  }
  const isDeletion = Object(meta?.body).result === 'not_found'
  if ((status === 404 && !isDeletion && type === UNTYPED) || status === 405) throw notOpenSearch(index, cause)
  return { status, body: meta?.body }
}

function denied(index: string, what: string, cause: unknown): Unavailable {
  const advice = `give the client credentials that may read and write the index '${index}'`
  const setup = { reason: 'denied', resource: `index '${index}'`, advice } as const
  return new Unavailable('opensearch', `OpenSearch refused the credentials (${what}): ${advice}`, {
    cause,
    setup,
  })
}

function notOpenSearch(index: string, cause?: unknown): Unavailable {
  const advice = "check the client's 'node': what answers there is not OpenSearch, or a proxy before it"
  const setup = { reason: 'unknown-operation', resource: `index '${index}'`, advice } as const
  return new Unavailable('opensearch', advice, { cause, setup })
}

/** @throws as the table says */
export function writtenBy(answer: Answer, index: string): Written {
  if (answer.status === 409) return 'stale'
  if (answer.status !== 404 && (answer.status < 200 || answer.status > 299)) throw refused(answer)
  // Whatever OpenSearch has done with a document, it says so.
  if (typeof Object(answer.body).result !== 'string') throw notOpenSearch(index)
  return 'applied'
}

/** The body of an answer to a search, or to a count. @throws as the table says */
export function accepted<T>(answer: Answer, index: string, has: 'hits' | 'count'): T {
  if (answer.status !== 200) throw refused(answer)
  if (Object(answer.body)[has] === undefined) throw notOpenSearch(index)
  // The shape is OpenSearch's API, held by the tests against the embedded and the real server.
  return answer.body as T
}

/** The error's type only: its reason quotes the document. */
function refused({ status, body }: Answer): Permanent {
  return new Permanent(`OpenSearch refused the request: ${status} ${errorType(body)}`)
}

const UNTYPED = 'without a type'

function errorType(body: unknown): string {
  const { error } = Object(body)
  return typeof error?.type === 'string' ? error.type : UNTYPED
}
