/**
 * Owns references on Redis, and what its errors mean. Clients throw what the server answers as the message of an error.
 *
 * | the answer begins with                              | is                                                     |
 * |-----------------------------------------------------|--------------------------------------------------------|
 * | `NOAUTH`, `WRONGPASS`, `NOPERM`, `DENIED`            | set-up `denied`                                        |
 * | `ERR unknown command`                               | set-up `unknown-operation`                             |
 * | `WRONGTYPE`                                         | Permanent: somebody else's key; choose another prefix  |
 * | `ERR invalid`, `ERR value`, `ERR syntax`, `ERR wrong number`, `ERR string exceeds` | Permanent               |
 * | no answer, because nobody knows the host (`ENOTFOUND`) | set-up `unknown-operation`                          |
 * | anything else, or no answer                         | an outage                                              |
 */

import { Permanent, Unavailable } from '@spaceship/core'
import { bare, callable, check, like, required, type ShapesOf } from '@spaceship/core/adapter'
import type { ReferenceStore } from '@spaceship/core/ports'
import { networkCode } from '../network/index.ts'

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
      throw classified(args[0], cause)
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
    check: async () => void (await ask('GET', `${prefix}spaceship-check`)),
  }
}

function classified(command: string, cause: unknown): Permanent | Unavailable {
  const answer = String(Object(cause).message ?? '')
  const [word = ''] = answer.split(' ')
  const resource = 'Redis'
  if (['NOAUTH', 'WRONGPASS', 'NOPERM', 'DENIED'].includes(word)) {
    const advice = `give the client a user and password that may run ${command} on the keys of this prefix`
    const setup = { reason: 'denied', resource, advice } as const
    return new Unavailable('redis', `Redis refused ${command} (${word}): ${advice}`, { cause, setup })
  }
  if (answer.startsWith('ERR unknown command')) {
    const advice = `use a Redis or Valkey that knows ${command}, and a 'command' that passes its arguments on as they are`
    const setup = { reason: 'unknown-operation', resource, advice } as const
    return new Unavailable('redis', `Redis knows no ${command}: ${advice}`, { cause, setup })
  }
  if (networkCode(cause) === 'ENOTFOUND') {
    const advice = "check the host that the client of 'command' connects to: nobody knows it (ENOTFOUND)"
    const setup = { reason: 'unknown-operation', resource, advice } as const
    return new Unavailable('redis', `Redis cannot be reached: ${advice}`, { cause, setup })
  }
  if (word === 'WRONGTYPE')
    return new Permanent("the key in Redis holds something else: choose another 'prefix'", { cause })
  if (/^ERR (invalid|value|syntax|wrong number|string exceeds)/.test(answer))
    return new Permanent(`Redis refused the arguments of ${command}`, { cause })
  return new Unavailable('redis', 'Redis did not answer', { cause })
}
