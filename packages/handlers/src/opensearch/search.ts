/** Owns what reactors say to a search engine: the same for the real one and for the one in tests. */

import { type EventMeta, type Handler, handler, skip } from '@spaceship/core'
import { bare, callable, check, required, type ShapesOf, type Skip, text } from '@spaceship/core/adapter'

import { documentOf } from './document.ts'

/** A query in OpenSearch's query language, as in `{ match: { name: 'acme' } }`. */
export type Query = Readonly<Record<string, unknown>>

export interface Hit<T> {
  readonly id: string
  readonly score: number
  readonly document: T
}

export interface SearchOptions {
  readonly signal?: AbortSignal
  /** @default 10 */
  readonly size?: number
}

export interface Write {
  readonly index: string
  readonly id: string
  readonly version: number
  readonly signal: AbortSignal
}

/** `stale`: something newer is there already. */
export type Written = 'applied' | 'stale'

export interface Search {
  /**
   * A handler that keeps a document current. It writes the whole document under the event's version, so that repeats and
   * late records change nothing. A bigint is an integer with all its digits in the index, a Set an array, binary base64, a Date its
   * ISO text; the handler throws `Permanent` for what else JSON does not carry.
   *
   * @example
   * .on('index', saved, search.index({ index: 'clients', id: (e) => e.after.id, document: (e) => e.after }))
   */
  index<E extends EventMeta>(options: {
    readonly index: string
    readonly id: (event: E) => string
    readonly document: (event: E) => object
  }): Handler<E>
  /** A handler that removes a document, under the event's version: an older write that arrives later stays out. */
  remove<E extends EventMeta>(options: {
    readonly index: string
    readonly id: (event: E) => string
  }): Handler<E>
  search<T = unknown>(
    index: string,
    query: Query,
    options?: SearchOptions,
  ): Promise<{ readonly total: number; readonly hits: readonly Hit<T>[] }>
  count(
    index: string,
    query: Query,
    options?: Pick<SearchOptions, 'signal'>,
  ): Promise<{ readonly total: number }>
}

/** What an engine must do for {@link Search}. */
export interface SearchEngine extends Pick<Search, 'search' | 'count'> {
  /** @param document holds what JSON carries, and bigints */
  put(write: Write, document: object): Promise<Written>
  delete(write: Write): Promise<Written>
}

const asked = required(callable)

export const ENGINE = {
  engine: bare({ put: asked, delete: asked, search: asked, count: asked } satisfies ShapesOf<SearchEngine>),
}

const index = required(text("the index's name"))

export const INDEX = { options: bare({ index, id: asked, document: asked }) }

export const REMOVE = { options: bare({ index, id: asked }) }

/** A Search on an engine. @throws ConfigurationError if it lacks a function; so do `index` and `remove` for wrong options */
export function searchWith(engine: SearchEngine): Search {
  check('searchWith', ENGINE, { engine })
  const needs = (verb: string, index: string) => [{ verb, target: index, dependency: 'opensearch' }]
  return {
    index: (options) => {
      check('search.index', INDEX, { options })
      const { index, id, document } = options
      return handler({ effect: 'idempotent', needs: needs('indexes', index) }, async (event, { signal }) =>
        outcome(
          await engine.put(
            { index, id: id(event), version: event.version.max, signal },
            documentOf(document(event), index),
          ),
        ),
      )
    },
    remove: (options) => {
      check('search.remove', REMOVE, { options })
      const { index, id } = options
      return handler(
        { effect: 'idempotent', needs: needs('removes from', index) },
        async (event, { signal }) =>
          outcome(await engine.delete({ index, id: id(event), version: event.version.max, signal })),
      )
    },
    search: engine.search,
    count: engine.count,
  }
}

function outcome(written: Written): Skip | undefined {
  return written === 'stale' ? skip('the index holds something newer') : undefined
}
