/** The one place that knows where references may be kept. They are a cache: what is lost is computed anew. */

import { memoryReferences } from '@spaceship/core/memory'
import type { ReferenceStore } from '@spaceship/core/ports'

export interface References extends AsyncDisposable {
  readonly store: ReferenceStore
}

export interface ReferencesOptions {
  /** Its scheme says what is there: `redis://host:6379`, `rediss://` with TLS, `memcached://host:11211`. Empty: the memory of this process. */
  readonly url: string
  /** Before every key, to share a store. */
  readonly prefix: string
}

interface Connected {
  readonly store: ReferenceStore
  close(): Promise<void>
}

const KINDS: Readonly<Record<string, (options: ReferencesOptions) => Promise<Connected>>> = {
  'redis:': onRedis,
  'rediss:': onRedis,
  'memcached:': onMemcached,
}

/** Undefined for a URL whose scheme it does not know. */
export function referencesAt(options: ReferencesOptions): References | undefined {
  if (options.url === '') return { store: memoryReferences(), [Symbol.asyncDispose]: async () => {} }
  if (!URL.canParse(options.url)) return undefined
  const connect = KINDS[new URL(options.url).protocol]
  return connect && lazily(() => connect(options))
}

/** Nothing is connected, or even loaded, before it is asked for something: a function that sends no reminder starts without it. */
function lazily(connect: () => Promise<Connected>): References {
  let connected: Promise<Connected> | undefined
  const store = async () => {
    connected ??= connect()
    return (await connected).store
  }
  return {
    store: {
      add: async (...args) => (await store()).add(...args),
      get: async (...args) => (await store()).get(...args),
      set: async (...args) => (await store()).set(...args),
      delete: async (...args) => (await store()).delete(...args),
    },
    [Symbol.asyncDispose]: async () => (await connected)?.close(),
  }
}

async function onRedis({ url, prefix }: ReferencesOptions): Promise<Connected> {
  const [{ ioredisConnection }, { redisReferences }] = await Promise.all([
    import('@spaceship/handlers/ioredis'),
    import('@spaceship/handlers/redis'),
  ])
  const { command, close } = ioredisConnection({ url })
  return { store: redisReferences({ command, prefix }), close }
}

async function onMemcached({ url, prefix }: ReferencesOptions): Promise<Connected> {
  const { memcachedReferences } = await import('@spaceship/handlers/memcached')
  const store = memcachedReferences({ nodes: [new URL(url).host], prefix })
  return { store, close: () => store.close() }
}
