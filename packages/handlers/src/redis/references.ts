/** Owns references on Redis. What its errors mean stands in `errors.ts`. */

import { bare, check, like, type ShapesOf } from '@spaceship/core/adapter'
import { checkReference, checkReferenceKey, type ReferenceStore } from '@spaceship/core/ports'
import { asking, COMMAND, type RedisCommand } from './command.ts'

export interface RedisReferencesOptions {
  readonly command: RedisCommand
  /** Before every key, to share a Redis. @default 'spaceship:' */
  readonly prefix?: string
}

export const REFERENCES = {
  options: bare({
    command: COMMAND,
    // It may be empty.
    prefix: like('a text', (prefix) => typeof prefix === 'string'),
  } satisfies ShapesOf<RedisReferencesOptions>),
}

/**
 * A ReferenceStore on Redis or Valkey, with whatever client you have.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { Redis } from 'ioredis'
 * const redis = new Redis()
 * const references = redisReferences({ command: (...args) => redis.call(...args) })
 */
export function redisReferences(options: RedisReferencesOptions): ReferenceStore {
  check('redisReferences', REFERENCES, { options })
  const { prefix = 'spaceship:' } = options
  const ask = asking(options.command)
  // Redis refuses a time to live of zero; what lives no whole millisecond may be gone at once.
  const life = (ttl: number) => String(Math.max(1, Math.floor(ttl)))
  const put = async (key: string, value: string, ttl: number, ...how: readonly string[]) => {
    checkReference(key, value, ttl)
    return ask('SET', prefix + key, value, 'PX', life(ttl), ...how)
  }
  return {
    add: async (key, value, ttl) => (await put(key, value, ttl, 'NX')) !== null,
    get: async (key) => {
      checkReferenceKey(key)
      const value = await ask('GET', prefix + key)
      return value === null || value === undefined ? undefined : String(value)
    },
    set: async (key, value, ttl) => void (await put(key, value, ttl)),
    delete: async (key) => {
      checkReferenceKey(key)
      await ask('DEL', prefix + key)
    },
    check: async () => void (await ask('GET', `${prefix}spaceship-check`)),
  }
}
