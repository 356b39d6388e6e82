/**
 * Owns the end of what stands for removed documents. Each is removed under its own version, so one that somebody has written again
 * meanwhile stays.
 */

import { accepted } from './answer.ts'
import { ASKED, sentOf, writtenBy } from './item.ts'
import { operationOf } from './operation.ts'
import type { Call } from './request.ts'
import { REMOVED_AT, REMOVED_ID, type SearchIndex } from './search-index.ts'
import type { Versions } from './versions.ts'

/** In one request. */
const PAGE = 500

interface Page {
  readonly hits: {
    readonly hits: readonly {
      readonly _id: string
      readonly _version: number
      readonly sort: readonly unknown[]
    }[]
  }
}

/** @returns how many were removed, in all versions of the index */
export async function purge(
  call: Call,
  versions: Versions,
  index: SearchIndex,
  before: Date,
  signal: AbortSignal,
): Promise<number> {
  let removed = 0
  for (const { index: version } of await versions.list(index)) {
    let after: readonly unknown[] | undefined
    do {
      const { hits } = (await pageOf(call, version, before, after, signal)).hits
      if (hits.length > 0) removed += await removeAll(call, version, hits, signal)
      after = hits.at(-1)?.sort
    } while (after !== undefined)
  }
  return removed
}

/** The oldest first. A removed one may still be found for a moment; what comes after it is found all the same. */
async function pageOf(
  call: Call,
  index: string,
  before: Date,
  after: readonly unknown[] | undefined,
  signal: AbortSignal,
): Promise<Page> {
  const body = {
    size: PAGE,
    version: true,
    _source: false,
    query: { range: { [REMOVED_AT]: { lt: before.toISOString() } } },
    sort: [{ [REMOVED_AT]: 'asc' }, { [REMOVED_ID]: 'asc' }],
    ...(after && { search_after: after }),
  }
  const path = `/${encodeURIComponent(index)}/_search`
  return accepted<Page>(await call({ index, method: 'POST', path, body }, signal), index, 'hits')
}

async function removeAll(
  call: Call,
  index: string,
  hits: Page['hits']['hits'],
  signal: AbortSignal,
): Promise<number> {
  const bulkBody = hits
    .map(({ _id: id, _version: version }) => operationOf({ id, version, document: undefined }).lines)
    .join('')
  const path = `/${encodeURIComponent(index)}/_bulk`
  const querystring = { filter_path: ASKED }
  const sent = await sentOf(
    call({ index, method: 'POST', path, querystring, bulkBody }, signal),
    index,
    hits.length,
  )
  if ('refused' in sent) throw sent.error
  return sent.answers.filter((item) => writtenBy(item, index) === 'applied').length
}
