/**
 * Owns the end of what stands for removed documents. Each is removed under its own version, so one that somebody has written again
 * meanwhile stays.
 */

import { accepted } from './answer.ts'
import { ASKED, sentOf, writtenBy } from './item.ts'
import { bodyOf, operationOf } from './operation.ts'
import type { Call } from './request.ts'
import { REMOVED_AT, type SearchIndex } from './search-index.ts'
import type { Versions } from './versions.ts'

/** In one request. */
const PAGE = 500

interface Hit {
  readonly _id: string
  readonly _version: number
}

/** @returns how many were removed, of all versions of the index */
export async function purge(
  call: Call,
  versions: Versions,
  index: SearchIndex,
  before: Date,
  signal: AbortSignal,
): Promise<number> {
  let all = 0
  for (const { index: version } of await versions.list(index))
    for (;;) {
      const hits = await pageOf(call, version, before, signal)
      const removed = hits.length === 0 ? 0 : await removeAll(call, version, hits, signal)
      all += removed
      // Those of a page that stay were written again, and are found no more.
      if (removed === 0) break
    }
  return all
}

async function pageOf(call: Call, index: string, before: Date, signal: AbortSignal): Promise<readonly Hit[]> {
  const query = { range: { [REMOVED_AT]: { lt: before.toISOString() } } }
  const body = { size: PAGE, version: true, _source: false, query }
  const path = `/${encodeURIComponent(index)}/_search`
  const answer = await call({ index, method: 'POST', path, body }, signal)
  return accepted<{ readonly hits: { readonly hits: readonly Hit[] } }>(answer, index, 'hits').hits.hits
}

/** With a refresh: what is removed is not found by the next page. */
async function removeAll(
  call: Call,
  index: string,
  hits: readonly Hit[],
  signal: AbortSignal,
): Promise<number> {
  const removals = hits.map(({ _id: id, _version: version }) =>
    operationOf({ id, version, document: undefined }),
  )
  const request = {
    index,
    method: 'POST',
    path: `/${encodeURIComponent(index)}/_bulk`,
    querystring: { filter_path: ASKED, refresh: 'true' },
    bulkBody: bodyOf(removals),
  }
  const sent = await sentOf(call(request, signal), index, hits.length)
  if ('refused' in sent) throw sent.error
  return sent.answers.filter((item) => writtenBy(item, index) === 'applied').length
}
