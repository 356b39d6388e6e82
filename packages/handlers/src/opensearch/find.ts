/** Owns what is asked of an index. */

import { accepted } from './answer.ts'
import type { Call } from './request.ts'
import type { Search } from './search.ts'
import type { SearchIndex } from './search-index.ts'

interface SearchAnswer {
  readonly hits: {
    readonly total: { readonly value: number }
    readonly hits: readonly {
      readonly _id: string
      readonly _score: number | null
      readonly _source: unknown
    }[]
  }
}

export const nameOf = (index: string | SearchIndex) => (typeof index === 'string' ? index : index.name)

export function findingBy(call: Call): Pick<Search, 'query' | 'count'> {
  return {
    query: async (of, query, { size = 10, from = 0, sort, signal } = {}) => {
      const index = nameOf(of)
      const path = `/${encodeURIComponent(index)}/_search`
      const body = { query, size, track_total_hits: true, ...(from > 0 && { from }), ...(sort && { sort }) }
      const answer = await call({ index, method: 'POST', path, body }, signal)
      const { hits } = accepted<SearchAnswer>(answer, index, 'hits')
      return {
        total: hits.total.value,
        // The caller says what its documents are, as with every search client.
        hits: hits.hits.map((hit) => ({
          id: hit._id,
          score: hit._score ?? 0,
          document: hit._source as never,
        })),
      }
    },
    count: async (of, query, { signal } = {}) => {
      const index = nameOf(of)
      const path = `/${encodeURIComponent(index)}/_count`
      const answer = await call({ index, method: 'POST', path, body: { query } }, signal)
      return { total: accepted<{ readonly count: number }>(answer, index, 'count').count }
    },
  }
}
