import { codeOf } from '@spaceship/core'
import { bare, check, port, type ShapesOf } from '@spaceship/core/adapter'
import { type Clock, systemClock } from '@spaceship/core/ports'
import { createSearch, type Search, type SearchClient, type SearchIndex } from '../opensearch/index.ts'
import { createCluster } from './cluster.ts'
import { compile, unknown } from './query.ts'

export interface MemorySearch extends Search {
  /** The documents of an index, by id. */
  documents(index: string | SearchIndex): Readonly<Record<string, unknown>>
}

export interface MemorySearchOptions {
  /** Tells when it must look again which versions an index has. @default the system's */
  readonly clock?: Clock
}

export const MEMORY_SEARCH = {
  options: bare({ clock: port('now', 'a Clock') } satisfies ShapesOf<MemorySearchOptions>),
}

/**
 * A search engine in memory, for tests: the adapter itself, whose client answers as OpenSearch does. Documents have their
 * versions, indices are made by the first write, those that Spaceship keeps with their aliases, and what is asked of one that is missing is
 * refused, as are a name that no index may have and a field of a document that is OpenSearch's own, as `_id`. Mappings are not applied:
 * fields are those of an index that OpenSearch maps by itself. What was removed is never forgotten; OpenSearch does after a minute.
 *
 * It knows the queries `match_all`, `match_none`, `match`, `term`, `terms`, `range`, `exists`, `ids` and `bool`, on fields as OpenSearch
 * maps them by itself: texts (with a `.keyword`), dates, numbers and booleans. Scores are always 1. The embedded spaceship knows more.
 *
 * `query` and `count` throw a SpaceshipError `query` for other queries and options.
 */
export function memorySearch(options: MemorySearchOptions = {}): MemorySearch {
  check('memorySearch', MEMORY_SEARCH, { options })
  const cluster = createCluster()
  const request: SearchClient['transport']['request'] = (asked) =>
    Object.assign(
      Promise.resolve().then(() => cluster.answer(asked)),
      { abort: () => {} },
    )
  // Nothing is gained by waiting for others that write.
  const clock = { ...(options.clock ?? systemClock), sleep: async () => {} }
  const search = createSearch({ client: { transport: { request } }, create: true, clock })
  return {
    ...search,
    query: async (index, query, options = {}) => {
      compile(query)
      const { from, sort } = options
      if (from !== undefined || sort !== undefined) throw unknown("'from' and 'sort'")
      return asked(search.query(index, query, options))
    },
    count: async (index, query, options) => {
      compile(query)
      return asked(search.count(index, query, options))
    },
    documents: (index) => cluster.documents(typeof index === 'string' ? index : index.name),
  }
}

/** What the cluster in memory does not know is met while it looks, too: the adapter takes that for an answer that has not come. */
async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    const { cause } = Object(error)
    throw codeOf(cause) === 'query' ? cause : error
  }
}
