/** Owns what somebody does with the versions of an index: a rebuild, or an operator. */

import { accepted } from './answer.ts'
import type { Call } from './request.ts'
import { LIVING, type SearchIndex } from './search-index.ts'
import { MOST_AGE } from './targets.ts'
import type { IndexVersion, Versions } from './versions.ts'

/** How one version stands to another. */
export interface Comparison {
  /** Documents that are found in either. */
  readonly counts: readonly [before: number, after: number]
  /** How many of the first were looked for in the second, and which are missing there, or older and of other contents. */
  readonly sampled: number
  readonly differing: readonly string[]
}

export interface IndexKeeper {
  readonly index: SearchIndex
  /** All versions there are. */
  list(): Promise<readonly IndexVersion[]>
  /** Makes a version that is written from now on, and not searched. It is fine if it is there. */
  make(version: string): Promise<void>
  /** Milliseconds after which every write that becomes done is in each version that was made before. */
  readonly settling: number
  /** Lets searches go to a version and no other, at once. */
  show(version: string): Promise<void>
  /** Lets nothing more be written into a version that is not searched, and removes it. */
  remove(version: string): Promise<void>
  /** @param sample how many documents to look for */
  compare(before: string, after: string, sample?: number): Promise<Comparison>
}

interface Hit {
  readonly _id: string
  readonly _version: number
  readonly _source: unknown
}

/** Beyond it no page is given. https://docs.opensearch.org/latest/search-plugins/searching-data/paginate/ */
const WINDOW = 10_000
const PAGE = 20

export function keeperOf(
  index: SearchIndex,
  {
    call,
    versions,
    random,
  }: { readonly call: Call; readonly versions: Versions; readonly random: () => number },
): IndexKeeper {
  const at = (version: string, operation: string) =>
    `/${encodeURIComponent(`${index.name}-v${version}`)}/${operation}`
  const asked = (version: string, operation: string, body: Readonly<Record<string, unknown>>) =>
    call({ index: index.name, method: 'POST', path: at(version, operation), body })

  async function countOf(version: string): Promise<number> {
    const answer = await asked(version, '_count', { query: LIVING })
    return accepted<{ readonly count: number }>(answer, index.name, 'count').count
  }

  async function found(
    version: string,
    body: Readonly<Record<string, unknown>>,
  ): Promise<ReadonlyMap<string, Hit>> {
    const answer = await asked(version, '_search', { version: true, ...body })
    const { hits } = accepted<{ readonly hits: { readonly hits: readonly Hit[] } }>(
      answer,
      index.name,
      'hits',
    ).hits
    return new Map(hits.map((hit) => [hit._id, hit]))
  }

  return {
    index,
    // The view of a process and a write that is under way, with as much again for what a cluster takes to tell all of its nodes.
    settling: 2 * MOST_AGE,
    list: () => versions.list(index),
    make: (version) => versions.make(index, version),
    show: (version) => versions.show(index, version),
    remove: async (version) => {
      await versions.close(index, version)
      await versions.remove(index, version)
    },
    compare: async (before, after, sample = 200) => {
      for (const version of [before, after]) await asked(version, '_refresh', {})
      const counts = [await countOf(before), await countOf(after)] as const
      const differing: string[] = []
      let sampled = 0
      // Pages from anywhere in the window, and no scores: those that were written first are not the only ones.
      for (let left = Math.min(sample, counts[0]); left > 0; left -= PAGE) {
        const last = Math.max(0, Math.min(counts[0], WINDOW) - PAGE)
        const from = Math.floor(random() * (last + 1))
        const some = await found(before, { query: LIVING, from, size: PAGE })
        const there = await found(after, { query: { ids: { values: [...some.keys()] } }, size: PAGE })
        sampled += some.size
        for (const [id, hit] of some) if (isOther(hit, there.get(id))) differing.push(id)
      }
      return { counts, sampled, differing: [...new Set(differing)] }
    },
  }
}

/** A row that a backfill has found is dated early, so what was changed just before has a higher version in the old one, and the same contents. */
function isOther(before: Hit, after: Hit | undefined): boolean {
  if (after === undefined) return true
  // Asked for where it is needed: what loads this file for its handlers needs none of it.
  const { isDeepStrictEqual } = process.getBuiltinModule('node:util')
  return after._version < before._version && !isDeepStrictEqual(after._source, before._source)
}
