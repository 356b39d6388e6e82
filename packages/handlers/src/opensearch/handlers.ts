/** Owns the handlers that keep an index. */

import { type EventMeta, handler, skip } from '@spaceship/core'
import {
  bare,
  callable,
  check,
  duration,
  like,
  milliseconds,
  required,
  type ShapesOf,
  text,
} from '@spaceship/core/adapter'
import { textOf } from './document.ts'
import { nameOf } from './find.ts'
import type { Write } from './operation.ts'
import { purge } from './purge.ts'
import type { Call } from './request.ts'
import type { IndexOptions, PurgeOptions, RemoveOptions, Search } from './search.ts'
import { REMOVED_AT, type SearchIndex } from './search-index.ts'
import type { Versions } from './versions.ts'
import type { Writer } from './writer.ts'

const isKept = (index: unknown): index is SearchIndex =>
  Object(Object(index).definition).mappings !== undefined
const kept = like('what searchIndex answers', isKept)
const anIndex = required(
  like("the index's name, or what searchIndex answers", (index) => text().fits(index) || isKept(index)),
)
const asked = required(callable)

export const INDEX = {
  options: bare({ index: anIndex, id: asked, document: asked } satisfies ShapesOf<IndexOptions<never>>),
}
export const REMOVE = {
  options: bare({ index: anIndex, id: asked } satisfies ShapesOf<RemoveOptions<never>>),
}
export const KEEPER = { index: required(kept) }
export const PURGE = {
  index: required(kept),
  options: required(bare({ after: required(duration('8d', 3_600_000)) } satisfies ShapesOf<PurgeOptions>)),
}

export interface HandlersOptions {
  readonly call: Call
  /** The addresses of the cluster, as far as the client shows them. */
  readonly endpoints: readonly string[]
  /** Whether what writes may make an index that Spaceship keeps. */
  readonly makes: boolean
  readonly versions: Versions
  readonly writer: Writer
}

export function handlersOf({
  call,
  endpoints,
  makes,
  versions,
  writer,
}: HandlersOptions): Pick<Search, 'index' | 'remove' | 'purge'> {
  const needs = (verb: string, index: string | SearchIndex, mayMake = makes) => {
    const name = nameOf(index)
    // Of one that Spaceship keeps, the versions: which there are is looked at, too.
    const making = mayMake ? ['es:ESHttpPut'] : []
    const grant = isKept(index)
      ? { actions: ['es:ESHttpPost', 'es:ESHttpGet', ...making], resources: [`/${name}-*`] }
      : { actions: ['es:ESHttpPost'], resources: [`/${name}/_bulk`] }
    const grants = [{ service: 'es', ...grant }]
    return [
      { verb, target: name, dependency: 'opensearch', grants, ...(endpoints.length > 0 && { endpoints }) },
    ]
  }

  // What throws before a promise is there is caught by whoever calls a handler.
  function write(index: string | SearchIndex, one: Write, signal: AbortSignal) {
    const writing =
      typeof index === 'string' ? writer.direct(index, one, signal) : writer.kept(index, one, signal)
    return writing.then((written) =>
      written === 'stale' ? skip('the index holds something newer') : undefined,
    )
  }

  const index = (given: SearchIndex | IndexOptions<EventMeta>) => {
    const options = isKept(given) ? { index: given, id: keyOf, document: afterOf } : given
    check('search.index', INDEX, { options })
    const { index, id, document } = options
    const name = nameOf(index)
    return handler<EventMeta>(
      { effect: 'idempotent', needs: needs('indexes', index), ...checkOf(index) },
      (event, { signal }) => {
        const content = textOf(document(event), name)
        return write(index, { id: id(event), version: event.version.max, document: content }, signal)
      },
    )
  }

  const remove = (given: SearchIndex | RemoveOptions<EventMeta>) => {
    const options = isKept(given) ? { index: given, id: keyOf } : given
    check('search.remove', REMOVE, { options })
    const { index, id } = options
    return handler<EventMeta>(
      { effect: 'idempotent', needs: needs('removes from', index), ...checkOf(index) },
      (event, { signal }) => {
        // The same for every repeat.
        const document = isKept(index) ? JSON.stringify({ [REMOVED_AT]: event.at.toISOString() }) : undefined
        return write(index, { id: id(event), version: event.version.max, document }, signal)
      },
    )
  }

  function checkOf(index: string | SearchIndex) {
    if (typeof index === 'string') return { check: () => writer.check(index) }
    return { check: async () => void (await versions.writable(index)) }
  }

  return {
    // Safe: what is asked of an event is asked by its own functions, or stands on every event that the first form takes.
    index: index as Search['index'],
    remove: remove as Search['remove'],
    purge: (index, options) => {
      check('search.purge', PURGE, { index, options })
      const after = milliseconds(options.after)
      return handler(
        { effect: 'idempotent', needs: needs('removes from', index, false) },
        async (tick, { signal }) => {
          const removed = await purge(call, versions, index, new Date(tick.to.getTime() - after), signal)
          return removed === 0 ? skip('nothing has stood long enough') : undefined
        },
      )
    },
  }
}

const keyOf = (event: EventMeta) => event.key

/** Of an event whose type promises it. */
const afterOf = (event: EventMeta): object => Object(event).after
