import { Unavailable } from '@spaceship/core'
import { bare, callable, check, like, required, type ShapesOf } from '@spaceship/core/adapter'
import type { ReferenceStore } from '@spaceship/core/ports'

/** Sends one command: `(...args) => redis.call(...args)` for ioredis, `(...args) => client.sendCommand(args)` for node-redis. */
export type RedisCommand = (...args: [command: string, ...rest: string[]]) => Promise<unknown>

export interface RedisReferencesOptions {
  readonly command: RedisCommand
  /** Before every key, to share a Redis. @default 'spaceship:' */
  readonly prefix?: string
}

export const REFERENCES = {
  options: bare({
    command: required({ ...callable, expected: 'a function: (...args) => redis.call(...args)' }),
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
  const { command, prefix = 'spaceship:' } = options
  const ask = async (...args: Parameters<RedisCommand>): Promise<unknown> => {
    try {
      return await command(...args)
    } catch (cause) {
      throw new Unavailable('redis', 'Redis did not answer', { cause })
    }
  }
  // Redis refuses a time to live of zero; what lives no whole millisecond may be gone at once.
  const life = (ttl: number) => String(Math.max(1, Math.floor(ttl)))
  return {
    add: async (key, value, ttl) => (await ask('SET', prefix + key, value, 'PX', life(ttl), 'NX')) !== null,
    get: async (key) => {
      const value = await ask('GET', prefix + key)
      return value === null || value === undefined ? undefined : String(value)
    },
    set: async (key, value, ttl) => void (await ask('SET', prefix + key, value, 'PX', life(ttl))),
    delete: async (key) => void (await ask('DEL', prefix + key)),
  }
}
