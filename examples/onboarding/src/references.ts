/** The one place that knows where references may be kept. They are a cache: what is lost is computed anew. */

import { memoryReferences } from '@spaceship/core/memory'
import type { ReferenceStore } from '@spaceship/core/ports'
import { redisReferences } from '@spaceship/handlers/redis'

export interface References extends AsyncDisposable {
  readonly store: ReferenceStore
}

export interface ReferencesOptions {
  /** Its scheme says what is there: `redis://host:6379`, or `rediss://` with TLS. Empty: the memory of this process. */
  readonly url: string
  /** Before every key, to share a store. */
  readonly prefix: string
}

const KINDS: Readonly<Record<string, (options: ReferencesOptions) => References>> = {
  'redis:': onRedis,
  'rediss:': onRedis,
}

/** Undefined for a URL whose scheme it does not know. */
export function referencesAt(options: ReferencesOptions): References | undefined {
  if (options.url === '') return { store: memoryReferences(), [Symbol.asyncDispose]: async () => {} }
  if (!URL.canParse(options.url)) return undefined
  return KINDS[new URL(options.url).protocol]?.(options)
}

/** Nothing is connected, or even loaded, before it is asked for something. */
function onRedis({ url, prefix }: ReferencesOptions): References {
  let client: ReturnType<typeof connect> | undefined
  const store = redisReferences({
    prefix,
    command: async (...args) => {
      client ??= connect(url)
      return (await client).call(...args)
    },
  })
  return {
    store,
    [Symbol.asyncDispose]: async () => (await client)?.disconnect(),
  }
}

async function connect(url: string) {
  const { Redis } = await import('ioredis')
  // A command settles in time, and is not sent twice.
  const bounds = { commandTimeout: 2_000, maxRetriesPerRequest: 1, autoResendUnfulfilledCommands: false }
  // Each command tells its own failure.
  return new Redis(url, bounds).on('error', () => {})
}
