/** Owns Lua scripts: each is sent by its digest, and whole where the server does not know it, as after a failover. */

import type { RedisCommand } from './command.ts'

/** Runs a script. @param keys all of one slot, if the Redis is a cluster */
export type RunScript = (
  command: RedisCommand,
  keys: readonly string[],
  args: readonly string[],
) => Promise<unknown>

export function script(lua: string): RunScript {
  let digest: string | undefined
  return async (command, keys, args) => {
    // Made when the script runs: what loads this file may run none.
    digest ??= process.getBuiltinModule('node:crypto').createHash('sha1').update(lua).digest('hex')
    const rest = [String(keys.length), ...keys, ...args]
    try {
      return await command('EVALSHA', digest, ...rest)
    } catch (error) {
      // The server says so before it does anything; adapters keep its answer as the cause.
      if (!isUnknownScript(error)) throw error
      return command('EVAL', lua, ...rest)
    }
  }
}

function isUnknownScript(error: unknown): boolean {
  const { message, cause } = Object(error)
  return String(message).startsWith('NOSCRIPT') || (cause !== undefined && isUnknownScript(cause))
}

/** What a script answers, whose tables are lists. */
export function listOf(answer: unknown): readonly unknown[] {
  return Array.isArray(answer) ? answer : []
}

/** A text that a script answers. */
export function textOf(answer: unknown): string | undefined {
  return answer === null || answer === undefined ? undefined : String(answer)
}
