/**
 * Owns the search engine that OpenSearch is; what its answers mean stands in `answer.ts`.
 *
 * ```
 *   search.index ── handlers ── writer ──┬── targets ── versions ── aliases of the cluster
 *                                        └── bulk ── place ───────── POST /<index>/_bulk ── item ── answer
 *   search.query ── find ─────────────────────────────────────────── POST /<index>/_search ── answer
 * ```
 */

import { bare, callable, check, flag, like, port, required, type ShapesOf } from '@spaceship/core/adapter'
import { type Clock, systemClock } from '@spaceship/core/ports'
import { findingBy } from './find.ts'
import { handlersOf, KEEPER } from './handlers.ts'
import { keeperOf } from './keeper.ts'
import { callsOf, endpointsOf, type SearchClient } from './request.ts'
import type { Search } from './search.ts'
import { createVersions } from './versions.ts'
import { createWriter } from './writer.ts'

export interface CreateSearchOptions {
  /** The official client, with its endpoint and credentials. */
  readonly client: SearchClient
  /** Lets an index that is missing be made when it is written: the first version of one that Spaceship keeps, and one of yours with a mapping that OpenSearch guesses. @default on the embedded spaceship only */
  readonly create?: boolean
  /** For tests. @default the system's */
  readonly clock?: Clock
  /** For tests. @default Math.random */
  readonly random?: () => number
}

export const SEARCH = {
  options: bare({
    client: required(
      like(
        'a Client of @opensearch-project/opensearch',
        (client) => typeof Object(client).transport?.request === 'function',
      ),
    ),
    create: flag,
    clock: port('sleep', 'a Clock'),
    random: callable,
  } satisfies ShapesOf<CreateSearchOptions>),
}

/** In one request: clusters take 100 MB, small ones on AWS 10 MiB. */
const LIMITS = { most: 4_000, room: 5_000_000 }

/**
 * Search on OpenSearch.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { Client } from '@opensearch-project/opensearch'
 * const search = createSearch({ client: new Client({ node: 'https://search.internal' }) })
 */
export function createSearch(options: CreateSearchOptions): Search {
  check('createSearch', SEARCH, { options })
  const { client, create, clock = systemClock, random = Math.random } = options
  const call = callsOf(client)
  const versions = createVersions({ call, create })
  const writer = createWriter({ call, versions, create, clock, random, limits: LIMITS })
  return {
    ...handlersOf({ call, endpoints: endpointsOf(client), makes: create === true, versions, writer }),
    ...findingBy(call),
    keeper: (index) => {
      check('search.keeper', KEEPER, { index })
      return keeperOf(index, { call, versions, random, clock })
    },
  }
}
