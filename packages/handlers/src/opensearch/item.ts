/**
 * Owns what became of a bulk request, and of each write in it. What the answers mean stands in `answer.ts`; a write in a bulk means the
 * same as one alone, but for these:
 *
 * | answer                                                      | then                                                    |
 * |-------------------------------------------------------------|---------------------------------------------------------|
 * | 400 or 413 for the whole request                            | one of its writes is why: it is looked for by halves    |
 * | anything else than `created`, `updated`, `deleted` or a typed error | something else answers: set-up                    |
 * | 429 or 503 for the whole request, or for a write            | an outage for those it is said of, and for those that   |
 * |                                                             | wait behind them; smaller bulks follow                  |
 * | `index_not_found_exception` of a write through an alias     | the alias is gone: who writes looks again               |
 */

import { Permanent } from '@spaceship/core'
import { type Answer, isBusy, meaningOf, notOpenSearch, refused } from './answer.ts'
import type { Sent } from './bulk.ts'

export interface Item {
  readonly status: number
  readonly body: unknown
}

/** Only this is asked for, since most of an answer repeats the request. */
export const ASKED = 'errors,items.*.status,items.*.result,items.*.error.type,items.*.error.reason'

/** @param count how many writes were sent @throws as `answer.ts` says of whole requests */
export async function sentOf(asking: Promise<Answer>, index: string, count: number): Promise<Sent<Item>> {
  let answer: Answer
  try {
    answer = await asking
  } catch (error) {
    if (isBusy(error)) return { refused: 'load', error }
    throw error
  }
  const { status, body } = answer
  if (status === 400 || status === 413) return { refused: 'contents', error: refused(answer) }
  if (status >= 400) throw refused(answer)
  const items: unknown = Object(body).items
  if (status >= 300 || !Array.isArray(items) || items.length !== count) throw notOpenSearch(index, status)
  const answers = items.map((item: unknown) => itemOf(item, index))
  const busy = answers.find((item) => item.status === 429 || item.status === 503)
  return { answers, busy: busy && meaningOf(busy.status, busy.body, index) }
}

/** `{ index: { status, result } }`, or `{ index: { status, error } }` */
function itemOf(item: unknown, index: string): Item {
  const [content] = Object.values(Object(item))
  const { status } = Object(content)
  if (typeof status !== 'number') throw notOpenSearch(index, 200)
  return { status, body: content }
}

/** `stale`: something newer is there already. */
export type Written = 'applied' | 'stale'

/** What OpenSearch calls a write that it has done. */
const DONE: ReadonlySet<unknown> = new Set(['created', 'updated', 'deleted'])

/** The alias through which it was written is gone, or never was. */
export const GONE = 'gone'

/** @param gone what is answered where the alias is gone; without it that is a set-up to be mended @throws Permanent, Unavailable */
export function writtenBy<G = never>({ status, body }: Item, index: string, gone?: G): Written | G {
  const { error, result } = Object(body)
  if (error === undefined) {
    if ((status === 200 || status === 201) && DONE.has(result)) return 'applied'
    if (status === 404 && result === 'not_found') return 'applied'
  }
  if (status === 409 && error?.type === 'version_conflict_engine_exception') return 'stale'
  if (gone !== undefined && error?.type === 'index_not_found_exception') return gone
  const meaning = meaningOf(status, { error }, index)
  if (meaning !== undefined) throw meaning
  if (status < 400 || typeof error?.type !== 'string') throw notOpenSearch(index, status)
  throw new Permanent(`OpenSearch refused the document: ${status} ${error.type}${fieldIn(error)}`)
}

/** The field of a document that does not fit its mapping. The rest of a reason quotes the document. */
function fieldIn(error: unknown): string {
  const reason = String(Object(error).reason)
  const [, field, type] = UNPARSED.exec(reason) ?? []
  if (field !== undefined) return `: the field '${field}' is mapped as '${type}'`
  const [, long, open] = IMMENSE.exec(reason) ?? []
  if (long === undefined) return ''
  return open === undefined
    ? `: a value of the field '${long}' is longer than the 32,766 bytes that a keyword may have: leave it out of the document, map the field as 'text', or give its mapping an 'ignore_above'`
    : `: a value in the open map '${long}' is, with its path, longer than the 32,766 bytes that it may have: leave it out of the document, or map the long fields of the map as 'text', by their paths`
}

const UNPARSED = /^failed to parse field \[([\w.@-]{1,100})\] of type \[(\w{1,40})\]/

/** An open map has a field of values, and one of values with their paths. */
const IMMENSE =
  /^(?:Document contains at least one immense term in field=|DocValuesField )"([\w.@-]{1,100}?)(\._value(?:AndPath)?)?" /
