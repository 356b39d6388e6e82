/**
 * Owns the end of what stands for removed documents. Each is removed as it was found, so one that somebody has written again
 * meanwhile stays, and a version of the index that somebody has removed meanwhile does not come back.
 */

import { accepted } from './answer.ts'
import { ASKED, sentOf, writtenBy } from './item.ts'
import { bodyOf, removalOf } from './operation.ts'
import type { Call } from './request.ts'
import { REMOVED_AT, type SearchIndex } from './search-index.ts'
import type { Versions } from './versions.ts'

/** In one request. */
const PAGE = 500

interface Hit {
  readonly _id: string
  readonly _seq_no: number
  readonly _primary_term: number
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
    try {
      all += await purgeVersion(call, version, before, signal)
    } catch (error) {
      const there = await versions.list(index)
      // Of a version that somebody has removed meanwhile nothing is left to be purged.
      if (there.some((one) => one.index === version)) throw error
    }
  return all
}

async function purgeVersion(call: Call, version: string, before: Date, signal: AbortSignal): Promise<number> {
  let all = 0
  for (;;) {
    const hits = await pageOf(call, version, before, signal)
    const removed = hits.length === 0 ? 0 : await removeAll(call, version, hits, signal)
    all += removed
    // Those of a page that stay were written again, and are found no more.
    if (removed === 0) return all
  }
}

async function pageOf(call: Call, index: string, before: Date, signal: AbortSignal): Promise<readonly Hit[]> {
  const query = { range: { [REMOVED_AT]: { lt: before.toISOString() } } }
  const body = { size: PAGE, seq_no_primary_term: true, _source: false, query }
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
  const removals = hits.map((hit) => removalOf(hit._id, hit._seq_no, hit._primary_term))
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
