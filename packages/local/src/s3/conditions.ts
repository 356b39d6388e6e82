/**
 * Owns the conditions of a request for an object.
 *
 * | what           | is there, and the condition holds not              | is not there                        |
 * |----------------|----------------------------------------------------|-------------------------------------|
 * | put            | 412                                                | 404 where it was to replace another |
 * | delete         | 412                                                | 404, `*` as well                    |
 * | get, head      | 412, or 304 for who has it already                 | 404                                 |
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
 */

import type { StoredObject } from './objects.ts'

/** `unknown` names what is not supported. */
export type Condition = 'holds' | 'failed' | 'not modified' | 'missing' | { readonly unknown: string }

type Headers = Readonly<Record<string, string>>

/** Of directory buckets, and by dates. */
const UNKNOWN = /^(x-amz-if-match-.*|if-(un)?modified-since)$/

/** @param known what is there under the key */
export function conditionOf(method: string, headers: Headers, known: StoredObject | undefined): Condition {
  const unknown = Object.keys(headers).find((header) => UNKNOWN.test(header))
  if (unknown !== undefined) return { unknown }
  const { 'if-match': match, 'if-none-match': none } = headers
  if (method === 'PUT' && match === '*') return { unknown: 'if-match: *' }
  if (match !== undefined) {
    if (known === undefined) return 'missing'
    if (!isAmong(match, known)) return 'failed'
  }
  if (none === undefined) return 'holds'
  if (method === 'DELETE' || (method === 'PUT' && none !== '*')) return { unknown: 'if-none-match' }
  if (known === undefined || !isAmong(none, known)) return 'holds'
  return method === 'PUT' ? 'failed' : 'not modified'
}

/** With quotes or without. */
function isAmong(tags: string, { etag }: StoredObject): boolean {
  const bare = (tag: string) => tag.trim().replace(/^W\//, '').replaceAll('"', '')
  return tags.split(',').some((tag) => tag.trim() === '*' || bare(tag) === bare(etag))
}
