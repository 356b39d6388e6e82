/** Owns the question whether a Redis keeps what it was told, or evicts it as a cache does. */

import { Unavailable } from '@spaceship/core'
import type { RedisCommand } from './command.ts'
import { script } from './script.ts'

/** In a script, so that in a cluster the node of the key is asked. */
const memory = script("return redis.call('INFO', 'memory')")

/**
 * @param key one of those that must be kept
 * @param what it is for, in the message
 * @throws Unavailable with `setup` unless `maxmemory-policy` is `noeviction`
 */
export async function assertKeeps(command: RedisCommand, key: string, what: string): Promise<void> {
  const [, policy] = /^maxmemory_policy:(\S+)/m.exec(String(await memory(command, [key], []))) ?? []
  if (policy === 'noeviction') return
  const advice = `set 'maxmemory-policy' to noeviction for ${what}, or choose another Redis`
  const setup = { reason: 'unknown-operation', resource: 'Redis', advice } as const
  const given = policy === undefined ? 'does not tell' : `is '${policy}'`
  const message = `what Redis evicts is lost: its 'maxmemory-policy' ${given}, expected 'noeviction': ${advice}`
  throw new Unavailable('redis', message, { setup })
}
