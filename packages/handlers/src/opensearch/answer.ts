/**
 * Owns what the answers of OpenSearch mean.
 *
 * | answer                                                       | verdict                                              |
 * |--------------------------------------------------------------|------------------------------------------------------|
 * | 2xx; 404 `not_found` for a document that is to be deleted     | done                                                 |
 * | 409 of a write                                               | skip: something newer is there                       |
 * | 408, 429, 5xx; no answer                                     | an outage                                            |
 * | `timed_out`, or shards that failed or did not answer, of a search or count | an outage: what was found is not all   |
 * | no answer, because nobody knows the host (`ENOTFOUND`)       | set-up `unknown-operation`                           |
 * | TLS: a certificate that is not trusted, or no TLS there      | set-up `unknown-operation`                           |
 * | `cluster_block_exception`: the disk is full, or read-only     | an outage                                            |
 * | 401, other 403, no credentials to sign with                  | set-up `denied`                                      |
 * | `index_not_found_exception`, `index_closed_exception`        | set-up `not-found`                                   |
 * | an answer that holds a name of `poison.ts`                    | set-up `unknown-operation`: the client cannot read it |
 * | an answer that is no JSON although it says so                | an outage: the client does not tell its status       |
 * | 405; 2xx or 4xx that OpenSearch does not word; any 3xx        | set-up `unknown-operation`: something else answers   |
 * | 413, 414, 431; a 4xx with a type (mapping, query)            | Permanent, with the error's type, never its reason   |
 * | a document that is no JSON, an id or version out of range    | Permanent, before it is sent                         |
 */

import { Permanent, Unavailable } from '@spaceship/core'
import { isOfTls, networkCode } from '../network/index.ts'
import { pathWithin } from './poison.ts'

export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: unknown
}

/** Whether it is the embedded spaceship's. */
export function isEmbedded({ headers }: Answer): boolean {
  return Object(headers).server === 'spaceship'
}

/** What is asked for where the client signs its requests, and has nothing to sign with. */
const UNSIGNED = /credentials|signer/i

/** What a proxy answers, too, of one request that is too large for it: the next one may not be. */
const TOO_LARGE: ReadonlySet<number> = new Set([413, 414, 431])

/** What the client threw, as an answer or as the verdict that it is. The client throws for every status of 400 and more; the status tells an outage from an answer. */
export function failed(cause: unknown, index: string): Answer {
  const { meta, name } = Object(cause)
  const status: unknown = meta?.statusCode
  if (typeof status !== 'number') {
    if (name === 'DeserializationError') throw unreadable(cause, index)
    if (UNSIGNED.test(String(name))) throw denied(index, 'no credentials', cause)
    const code = networkCode(cause)
    if (code === 'ENOTFOUND')
      throw nowhere(index, "check the host of the client's 'node': nobody knows it (ENOTFOUND)", cause)
    if (isOfTls(code)) throw nowhere(index, untrusted(code), cause)
    throw new Unavailable('opensearch', 'OpenSearch did not answer', { cause })
  }
  const meaning = meaningOf(status, meta?.body, index, cause)
  if (meaning !== undefined) throw meaning
  const isWorded = errorType(meta?.body) !== UNTYPED || TOO_LARGE.has(status)
  if (status !== 409 && (status === 405 || !isWorded)) throw notOpenSearch(index, status, cause)
  return { status, body: meta?.body }
}

/** The names in an answer to a search, down to the document. */
const WORDS = ['hits', '_source']

/** An answer that the client could not read. It is no cause of the error: the client's own quotes all of it. */
function unreadable(cause: unknown, index: string): Unavailable {
  let where: string | undefined
  try {
    where = pathWithin(JSON.parse(String(Object(cause).data)), WORDS)
  } catch {
    return new Unavailable('opensearch', 'OpenSearch, or a proxy before it, answered what is no JSON')
  }
  if (where === undefined)
    return new Unavailable('opensearch', 'the client cannot read what OpenSearch answered')
  const advice = `remove the document that has it from the index '${index}', or give the client 'disablePrototypePoisoningProtection: true'`
  const setup = { reason: 'unknown-operation', resource: `index '${index}'`, advice } as const
  const message = `the client refuses to read an answer of OpenSearch for a name in it, '${where}': ${advice}`
  return new Unavailable('opensearch', message, { setup })
}

/** What a status and an error mean wherever they stand: for a whole request, or for one write of a bulk. Undefined if they are about the write. */
export function meaningOf(
  status: number,
  body: unknown,
  index: string,
  cause?: unknown,
): Unavailable | undefined {
  const type = errorType(body)
  const because = cause === undefined ? {} : { cause }
  if (status === 408 || status === 429 || status >= 500 || type === 'cluster_block_exception')
    return new Unavailable('opensearch', `OpenSearch answered ${status} ${type}`, because)
  if (status === 401 || status === 403) return denied(index, `${status} ${type}`, cause)
  if (type === 'index_not_found_exception' || type === 'index_closed_exception') {
    const advice = `create the index '${index}' with its mapping, or open it`
    const setup = { reason: 'not-found', resource: `index '${index}'`, advice } as const
    const message = `OpenSearch answered ${status} ${type}: ${advice}`
    return new Unavailable('opensearch', message, { ...because, setup })
  }
  return undefined
}

/** Whether a request was refused because there is too much to do. */
export function isBusy(error: unknown): boolean {
  const { cause } = Object(error)
  const status: unknown = cause?.meta?.statusCode
  return status === 429 || status === 503
}

function denied(index: string, what: string, cause: unknown): Unavailable {
  const advice = `give the client credentials that may read and write the index '${index}'`
  const setup = { reason: 'denied', resource: `index '${index}'`, advice } as const
  return new Unavailable('opensearch', `OpenSearch refused the credentials (${what}): ${advice}`, {
    cause,
    setup,
  })
}

/** The client and the server have no TLS in common. */
function untrusted(code: string | undefined): string {
  return `check the scheme of the client's 'node', the certificate there, and the 'ca' in the client's 'ssl' (${code})`
}

function nowhere(index: string, advice: string, cause: unknown): Unavailable {
  const setup = { reason: 'unknown-operation', resource: `index '${index}'`, advice } as const
  return new Unavailable('opensearch', `OpenSearch cannot be reached: ${advice}`, { cause, setup })
}

export function notOpenSearch(index: string, status: number, cause?: unknown): Unavailable {
  const what = isRedirect(status) ? 'sends the client elsewhere' : 'is not OpenSearch, or a proxy before it'
  const advice = `check the client's 'node', its scheme and port too: what answers there (${status}) ${what}`
  const setup = { reason: 'unknown-operation', resource: `index '${index}'`, advice } as const
  return new Unavailable('opensearch', advice, { cause, setup })
}

/** The body of an answer to a search, or to a count. @throws as the table says */
export function accepted<T>(answer: Answer, index: string, has: 'hits' | 'count'): T {
  const { status, body } = answer
  if (status >= 400) throw refused(answer)
  if (isRedirect(status) || Object(body)[has] === undefined) throw notOpenSearch(index, status)
  const partial = partOf(body)
  if (partial !== undefined)
    throw new Unavailable(
      'opensearch',
      `OpenSearch answered in part: ${partial}; what it found is not all there is`,
    )
  // The shape is OpenSearch's API, held by the tests against the embedded and the real server.
  return body as T
}

/**
 * Why an answer is not about all documents; undefined if it is. A shard of which no copy is there is left out of `failed` by some servers,
 * and of `successful` by all.
 */
function partOf(body: unknown): string | undefined {
  const { timed_out: late, _shards } = Object(body)
  if (late === true) return 'it ran out of time (timed_out)'
  const { total, successful, failed } = Object(_shards)
  if (!(failed > 0 || successful < total)) return undefined
  return `${Math.max(Number(failed) || 0, total - successful || 0)} of ${Number(total)} shards failed or did not answer`
}

/** The client follows none, and throws for none. */
function isRedirect(status: number): boolean {
  return status >= 300 && status < 400
}

/** The error's type only: its reason quotes the document. */
export function refused({ status, body }: Answer): Permanent {
  return new Permanent(`OpenSearch refused the request: ${status} ${errorType(body)}`)
}

const UNTYPED = 'without a type'

export function errorType(body: unknown): string {
  const { error } = Object(body)
  return typeof error?.type === 'string' ? error.type : UNTYPED
}
