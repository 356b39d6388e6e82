import { SpaceshipError } from '@spaceship/core'
import { type Query, type Search, searchWith } from '../opensearch/index.ts'

export interface MemorySearch extends Search {
  /** The documents of an index, by id. */
  documents(index: string): Readonly<Record<string, unknown>>
}

interface Stored {
  readonly version: number
  readonly document: object | undefined
}

/**
 * A search engine in memory, for tests: versions as in OpenSearch, and the queries `match_all`, `match` (any word, on one
 * field) and `term`. Others throw; the embedded spaceship knows more.
 */
export function memorySearch(): MemorySearch {
  const indices = new Map<string, Map<string, Stored>>()
  const entriesOf = (index: string) =>
    [...(indices.get(index) ?? [])].flatMap(([id, { document }]) =>
      document === undefined ? [] : [{ id, document }],
    )

  function write(index: string, id: string, stored: Stored): 'applied' | 'stale' {
    const documents = indices.get(index) ?? new Map<string, Stored>()
    indices.set(index, documents)
    const current = documents.get(id)
    if (current !== undefined && stored.version < current.version) return 'stale'
    documents.set(id, stored)
    return 'applied'
  }

  const find = (index: string, query: Query) =>
    entriesOf(index).filter(({ document }) => matches(query, document))
  const search = searchWith({
    put: async ({ index, id, version }, document) =>
      write(index, id, { version, document: structuredClone(document) }),
    delete: async ({ index, id, version }) => write(index, id, { version, document: undefined }),
    search: async (index, query, { size = 10 } = {}) => {
      const found = find(index, query)
      // The caller says what its documents are, as with every search client.
      return {
        total: found.length,
        hits: found.slice(0, size).map(({ id, document }) => ({ id, score: 1, document: document as never })),
      }
    },
    count: async (index, query) => ({ total: find(index, query).length }),
  })
  return {
    ...search,
    documents: (index) => Object.fromEntries(entriesOf(index).map(({ id, document }) => [id, document])),
  }
}

function matches(query: Query, document: object): boolean {
  const [[kind, clause] = ['', undefined], ...more] = Object.entries(query)
  if (more.length === 0 && kind === 'match_all') return true
  const [[field, wanted] = ['', undefined], ...others] = Object.entries(Object(clause))
  if (more.length > 0 || others.length > 0 || (kind !== 'match' && kind !== 'term')) {
    throw new SpaceshipError(
      'query',
      'memorySearch knows match_all, match and term on one field: use the embedded spaceship for other queries',
    )
  }
  const value: unknown = new Map<string, unknown>(Object.entries(document)).get(field)
  if (kind === 'term') return value === wanted
  const words = new Set(wordsOf(value))
  return wordsOf(wanted).some((word) => words.has(word))
}

function wordsOf(value: unknown): string[] {
  return (
    String(value ?? '')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  )
}
