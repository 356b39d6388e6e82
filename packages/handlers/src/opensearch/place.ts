/**
 * Owns whether documents can be written under a name of somebody's: told before the first of them is, by a request that removes nothing.
 * OpenSearch makes an index of any name that is written, with a mapping that it guesses; a removal that is bound to a sequence number makes
 * none, and needs no other grant than the writes.
 *
 * | the answer                                           | then                                                                  |
 * |------------------------------------------------------|-----------------------------------------------------------------------|
 * | there is no such document                            | it can be written                                                     |
 * | no index                                             | set-up `not-found`, unless whoever writes may make it                 |
 * | refused: an alias of several indices, a data stream  | set-up `unknown-operation`                                            |
 * | the credentials may not remove, the request is wrong | nothing is known, and the writes tell                                 |
 */

import { Unavailable } from '@spaceship/core'
import { isEmbedded } from './answer.ts'
import type { Sent } from './bulk.ts'
import { ASKED, sentOf, writtenBy } from './item.ts'
import { bodyOf, removalOf } from './operation.ts'
import type { Call } from './request.ts'

/** What OpenSearch says of an alias of several indices, or of a data stream; and of an index whose documents need a routing. */
const UNWRITABLE: ReadonlySet<unknown> = new Set(['illegal_argument_exception', 'routing_missing_exception'])

export type Refused = Extract<Sent<never>, { readonly refused: unknown }>

/** No document has come so far. */
const NONE = removalOf('spaceship', Number.MAX_SAFE_INTEGER, 1)

/**
 * @param create lets a missing index be made by the first write; undefined: on the embedded spaceship only
 * @returns what else is told whoever writes, if there is too much to do
 * @throws Unavailable, with `setup` if nothing can be written under the name
 */
export async function lookAt(
  call: Call,
  index: string,
  create: boolean | undefined,
  signal: AbortSignal,
): Promise<Refused | undefined> {
  const asking = call(
    {
      ...{ index, method: 'POST', path: `/${encodeURIComponent(index)}/_bulk` },
      querystring: { filter_path: ASKED },
      bulkBody: bodyOf([NONE]),
    },
    signal,
  )
  const sent = await sentOf(asking, index, 1)
  if ('refused' in sent) return sent.refused === 'load' ? sent : undefined
  if (sent.busy !== undefined) return { refused: 'load', error: sent.busy }
  for (const item of sent.answers) {
    const type: unknown = Object(Object(item.body).error).type
    if (UNWRITABLE.has(type)) throw unwritable(index, String(type))
    if (type === 'index_not_found_exception' && (create ?? isEmbedded(await asking))) continue
    // What else is wrong with the credentials or the request is told by the writes.
    const isTyped400 = item.status === 400 && typeof type === 'string'
    if (!isTyped400 && type !== 'security_exception') writtenBy(item, index)
  }
  return undefined
}

function unwritable(index: string, type: string): Unavailable {
  const advice = `name one index, or an alias with one index to write to: '${index}' is an alias of several, a data stream, or asks for a routing`
  const setup = { reason: 'unknown-operation', resource: `index '${index}'`, advice } as const
  return new Unavailable('opensearch', `OpenSearch takes no documents (400 ${type}): ${advice}`, { setup })
}
