/** The one place that knows where references may be kept. They are a cache: what is lost is computed anew. */

import { memoryReferences } from '@spaceship/core/memory'
import type { ReferenceStore } from '@spaceship/core/ports'
import { memcachedReferences } from '@spaceship/handlers/memcached'
import { redisReferences } from '@spaceship/handlers/redis'

export interface References extends AsyncDisposable {
  readonly store: ReferenceStore
}

export interface ReferencesOptions {
  /** Its scheme says what is there: `redis://host:6379`, `rediss://` with TLS, `memcached://host:11211`. Empty: the memory of this process. */
  readonly url: string
  /** Before every key, to share a store. */
  readonly prefix: string
}

const KINDS: Readonly<Record<string, (options: ReferencesOptions) => References>> = {
  'redis:': onRedis,
  'rediss:': onRedis,
  'memcached:': onMemcached,
}

/** Undefined for a URL whose scheme it does not know. */
export function referencesAt(options: ReferencesOptions): References | undefined {
  if (options.url === '') return { store: memoryReferences(), [Symbol.asyncDispose]: async () => {} }
  if (!URL.canParse(options.url)) return undefined
  return KINDS[new URL(options.url).protocol]?.(options)
}

/** Nothing is connected, or even loaded, before it is asked for something. */
function onRedis({ url, prefix }: ReferencesOptions): References {
  let connection: ReturnType<typeof connect> | undefined
  const store = redisReferences({
    prefix,
    command: async (...args) => {
      connection ??= connect(url)
      return (await connection).command(...args)
    },
  })
  return {
    store,
    [Symbol.asyncDispose]: async () => (await connection)?.close(),
  }
}

async function connect(url: string) {
  const { ioredisConnection } = await import('@spaceship/handlers/ioredis')
  return ioredisConnection({ url })
}

function onMemcached({ url, prefix }: ReferencesOptions): References {
  const store = memcachedReferences({ nodes: [new URL(url).host], prefix })
  return { store, [Symbol.asyncDispose]: () => store.close() }
}
