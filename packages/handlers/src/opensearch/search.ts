/** Owns what a search engine is to whoever uses it. */

import type { EventMeta, Handler, Tick } from '@spaceship/core'
import type { IndexKeeper } from './keeper.ts'
import type { SearchIndex } from './search-index.ts'

/** A query in OpenSearch's query language, as in `{ match: { name: 'acme' } }`. */
export type Query = Readonly<Record<string, unknown>>

export interface Hit<T> {
  readonly id: string
  readonly score: number
  readonly document: T
}

export interface Found<T> {
  readonly total: number
  readonly hits: readonly Hit<T>[]
}

export interface SearchOptions {
  readonly signal?: AbortSignal
  /** Hits at most. @default 10 */
  readonly size?: number
  /** Hits that are passed over; with `size` at most 10,000. @default 0 */
  readonly from?: number
  /** As OpenSearch takes it: `[{ seats: 'desc' }]`. @default by score */
  readonly sort?: readonly unknown[]
}

export interface IndexOptions<E, D = object> {
  /** The name of an index of yours, or one that Spaceship keeps. */
  readonly index: string | SearchIndex<D>
  /** The id of the event's document: at most 512 bytes. */
  readonly id: (event: E) => string
  /** The whole document. */
  readonly document: (event: E) => D
}

export interface RemoveOptions<E> {
  /** The name of an index of yours, or one that Spaceship keeps. */
  readonly index: string | SearchIndex
  /** The id of the event's document: at most 512 bytes. */
  readonly id: (event: E) => string
}

export interface PurgeOptions {
  /** How long what stands for a removed document is kept: longer than the stream keeps records, and than letters wait for their redrive. */
  readonly after: `${number}${'h' | 'd'}`
}

export interface Search {
  /**
   * A handler that keeps a document current. It writes the whole document under the event's version, so that repeats and
   * late records change nothing. A bigint is an integer with all its digits in the index, a Set an array, binary base64, a Date its
   * ISO text; the handler throws `Permanent` for what else JSON does not carry.
   *
   * What handlers write at the same time goes out together, as one request of at most 4,000 documents and 5 MB, each with its own version
   * and its own answer.
   *
   * @throws ConfigurationError that lists every problem
   * @example
   * .on('index', saved, search.index({ index: 'clients', id: (e) => e.after.id, document: (e) => e.after }))
   */
  index<D extends object>(index: SearchIndex<D>): Handler<EventMeta & { readonly after: D }>
  index<E extends EventMeta, D extends object = object>(options: IndexOptions<E, D>): Handler<E>
  /**
   * A handler that removes a document, under the event's version: an older write that arrives later stays out. Of what `searchIndex` answers
   * that holds until `search.purge`. Of an index that is given by its name it holds until OpenSearch forgets the removal, a minute later
   * (`index.gc_deletes`) or at a restart; after that an older write, as one of a redrive, brings the document back. Use `searchIndex` where
   * that matters.
   *
   * @throws ConfigurationError that lists every problem
   */
  remove(index: SearchIndex): Handler<EventMeta>
  remove<E extends EventMeta>(options: RemoveOptions<E>): Handler<E>
  /**
   * A handler for `every` that removes what has stood for removed documents long enough.
   *
   * @throws ConfigurationError that lists every problem
   * @example
   * .every('purge-clients', { each: '1h' }, search.purge(clients, { after: '8d' }))
   */
  purge(index: SearchIndex, options: PurgeOptions): Handler<Tick>
  /** @throws Unavailable, also for an answer that is not about all documents; Permanent for a query that OpenSearch refuses */
  query<T = unknown>(index: string | SearchIndex<T>, query: Query, options?: SearchOptions): Promise<Found<T>>
  /** @throws as `query` does */
  count(
    index: string | SearchIndex,
    query: Query,
    options?: Pick<SearchOptions, 'signal'>,
  ): Promise<{ readonly total: number }>
  /** What keeps the versions of an index: for rebuilds, and for operators. */
  keeper(index: SearchIndex): IndexKeeper
}
