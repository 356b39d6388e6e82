/** Owns what somebody does with the versions of an index: a rebuild, or an operator. */

import type { Clock } from '@spaceship/core/ports'
import { accepted } from './answer.ts'
import type { Call } from './request.ts'
import { LIVING, type SearchIndex } from './search-index.ts'
import { MOST_AGE } from './targets.ts'
import type { IndexVersion, Versions } from './versions.ts'

/** How one version stands to another. */
export interface Comparison {
  /** Documents that are found in either. */
  readonly counts: readonly [before: number, after: number]
  /** By how many the first has grown, or shrunk, while the second was counted: live changes come to both, not at the same moment. */
  readonly moved: number
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
  /**
   * Lets nothing more be written into a version, and removes it. It is fine if it is gone.
   *
   * @throws SpaceshipError `index-searched` for the version that is searched
   */
  remove(version: string): Promise<void>
  /** @param sample how many documents to look for */
  compare(before: string, after: string, sample?: number): Promise<Comparison>
}

interface Hit {
  readonly _id: string
  readonly _version: number
  readonly _source: unknown
}

/** Documents of a sample that are asked for at once. */
const PAGE = 20

/** Milliseconds between two looks: longer than a change takes from one version to the other. */
const APART = 100

export interface KeeperOptions {
  readonly call: Call
  readonly versions: Versions
  readonly random: () => number
  readonly clock: Pick<Clock, 'sleep'>
}

export function keeperOf(index: SearchIndex, { call, versions, random, clock }: KeeperOptions): IndexKeeper {
  const at = (version: string, operation: string) =>
    `/${encodeURIComponent(`${index.name}-v${version}`)}/${operation}`
  const asked = (version: string, operation: string, body: Readonly<Record<string, unknown>>) =>
    call({ index: index.name, method: 'POST', path: at(version, operation), body })

  /** With all that was written so far. */
  async function countOf(version: string): Promise<number> {
    await asked(version, '_refresh', {})
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
    remove: (version) => versions.remove(index, version),
    compare: async (before, after, sample = 200) => {
      const first = await countOf(before)
      await clock.sleep(APART)
      const counts = [first, await countOf(after)] as const
      await clock.sleep(APART)
      const moved = (await countOf(before)) - first
      const suspects: string[] = []
      let sampled = 0
      for (let left = Math.min(sample, first); left > 0; left -= PAGE) {
        const some = await found(before, { query: anywhere(random), size: PAGE })
        sampled += some.size
        suspects.push(...(await others(some, after)))
      }
      const differing: string[] = []
      // What was on its way from one version to the other has arrived at a second look.
      if (suspects.length > 0) await clock.sleep(APART)
      for (let at = 0; at < suspects.length; at += PAGE) {
        const values = suspects.slice(at, at + PAGE)
        await asked(before, '_refresh', {})
        const again = await found(before, {
          query: { bool: { must: { ids: { values } }, ...LIVING.bool } },
          size: PAGE,
        })
        await asked(after, '_refresh', {})
        differing.push(...(await others(again, after)))
      }
      return { counts, moved, sampled, differing: [...new Set(differing)] }
    },
  }

  /** Those that are missing in a version, or older there. */
  async function others(some: ReadonlyMap<string, Hit>, version: string): Promise<string[]> {
    const values = [...some.keys()]
    const there = await found(version, { query: { ids: { values } }, size: Math.max(1, values.length) })
    return values.filter((id) => isOther(some.get(id), there.get(id)))
  }
}

/** Documents from anywhere in an index: those that were written first are not the only ones. */
function anywhere(random: () => number) {
  const seed = Math.floor(random() * 2 ** 31)
  // Chance alone decides: the query, which only leaves out, scores nothing, and nothing times chance is nothing.
  const random_score = { seed, field: '_seq_no' }
  return { function_score: { query: LIVING, random_score, boost_mode: 'replace' } }
}

/** A row that a backfill has found is dated early, so what was changed just before has a higher version in the old one, and the same contents. */
function isOther(before: Hit | undefined, after: Hit | undefined): boolean {
  if (before === undefined) return false
  if (after === undefined) return true
  // Asked for where it is needed: what loads this file for its handlers needs none of it.
  const { isDeepStrictEqual } = process.getBuiltinModule('node:util')
  return after._version < before._version && !isDeepStrictEqual(after._source, before._source)
}
