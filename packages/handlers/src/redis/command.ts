/** Owns how the adapters ask Redis: through whatever client the user has, and with what its errors mean. */

import { callable, required } from '@spaceship/core/adapter'
import { classified } from './errors.ts'

/** Sends one command: `(...args) => redis.call(...args)` for ioredis, `(...args) => client.sendCommand(args)` for node-redis. */
export type RedisCommand = (...args: [command: string, ...rest: string[]]) => Promise<unknown>

export const COMMAND = required({ ...callable, expected: 'a function: (...args) => redis.call(...args)' })

/** The command, whose errors are those of the adapters. @throws Unavailable or Permanent, as the table of `errors.ts` says */
export function asking(command: RedisCommand): RedisCommand {
  return async (...args) => {
    try {
      return await command(...args)
    } catch (cause) {
      throw classified(args[0], cause)
    }
  }
}
