/**
 * Owns the timeline of `embeddedScheduler` on Redis. The hash tag puts its keys into one slot of a cluster, so that each script touches one:
 *
 * | key                               | holds                                                                     |
 * |-----------------------------------|---------------------------------------------------------------------------|
 * | `{PREFIXAPP/timeline}:waiting`    | sorted set: names, by when they are handed out: as due, or after the lease |
 * | `{PREFIXAPP/timeline}:executions` | hash: by name `[due, partition key, envelope]` as JSON; by `NAME:token` the token of its last hand-out |
 *
 * A removal takes the execution out of the hash, which is one command and decides alone; its name leaves the set when it would have been due.
 */

import { bare, check, like, required, type ShapesOf } from '@spaceship/core/adapter'
import type { DueExecution, Execution, Timeline } from '@spaceship/core/ports'
import { asking, COMMAND, type RedisCommand } from './command.ts'
import { assertKeeps } from './eviction.ts'
import { PREFIX } from './keys.ts'
import { listOf, script, textOf } from './script.ts'

export interface RedisTimelineOptions {
  /** Sends one command through the client: `(...args) => redis.call(...args)` for ioredis. */
  readonly command: RedisCommand
  /** Whose reminders wait: what one application puts on its stream, no other would handle. */
  readonly application: string
  /** Before every key, to share a Redis. @default 'spaceship:' */
  readonly prefix?: string
}

export const TIMELINE = {
  options: bare({
    command: COMMAND,
    application: required(
      like(
        "the application's name, without '{' and '}'",
        (name) => typeof name === 'string' && /^[^{}]+$/.test(name),
      ),
    ),
    prefix: PREFIX,
  } satisfies ShapesOf<RedisTimelineOptions>),
}

/** KEYS, of all scripts: waiting, executions. ARGV: name, when it is due, the execution. */
const add = script(`
if redis.call('HSETNX', KEYS[2], ARGV[1], ARGV[3]) == 1 then redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1]) end
`)

/** ARGV: now, how many, when the lease is over, the token of this claim. Answers with how many names were due, and what is handed out. */
const claim = script(`
local names = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
local due = {}
for _, name in ipairs(names) do
  local execution = redis.call('HGET', KEYS[2], name)
  if execution then
    redis.call('ZADD', KEYS[1], ARGV[3], name)
    redis.call('HSET', KEYS[2], name .. ':token', ARGV[4])
    due[#due + 1] = {name, execution}
  else
    redis.call('ZREM', KEYS[1], name)
  end
end
return {#names, due}
`)

/** ARGV: name and token, of each. */
const done = script(`
for n = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[2], ARGV[n] .. ':token') == ARGV[n + 1] then
    redis.call('ZREM', KEYS[1], ARGV[n])
    redis.call('HDEL', KEYS[2], ARGV[n], ARGV[n] .. ':token')
  end
end
`)

const next = script(`return redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]`)

/**
 * A Timeline on Redis 6.2 or later, or Valkey, for `embeddedScheduler`. The server must keep what it was told, so its check refuses another
 * `maxmemory-policy` than `noeviction`; an append-only file keeps it over a restart.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { Redis } from 'ioredis'
 * const redis = new Redis()
 * const timeline = redisTimeline({ application: 'onboarding', command: (...args) => redis.call(...args) })
 */
export function redisTimeline(options: RedisTimelineOptions): Timeline {
  check('redisTimeline', TIMELINE, { options })
  const { application, prefix = 'spaceship:' } = options
  const ask = asking(options.command)
  const tag = `{${prefix}${application}/timeline}`
  const keys = [`${tag}:waiting`, `${tag}:executions`] as const

  return {
    add: async ({ name, dueAt, partitionKey, envelope }) => {
      const due = dueAt.getTime()
      await add(ask, keys, [name, String(due), JSON.stringify([due, partitionKey, envelope])])
    },
    // Names have no colon. One field: it was there, and never handed out.
    remove: async (name) => (await ask('HDEL', keys[1], name, `${name}:token`)) === 1,
    has: async (name) => (await ask('HEXISTS', keys[1], name)) === 1,
    claim: async (now, limit, lease) => {
      const token = crypto.randomUUID()
      const args = [now, limit, now + lease, token].map(String)
      for (;;) {
        const [names, handed] = listOf(await claim(ask, keys, args))
        const due = listOf(handed)
        // Those that were removed make no end: behind them others may be due.
        if (due.length > 0 || names === 0)
          return due.map((each): DueExecution => ({ execution: executionOf(listOf(each)), token }))
      }
    },
    done: async (due) => {
      if (due.length === 0) return
      const args = due.flatMap(({ execution, token }) => [execution.name, token])
      await done(ask, keys, args)
    },
    next: async () => {
      const at = textOf(await next(ask, keys, []))
      return at === undefined ? undefined : Number(at)
    },
    check: async () => {
      await assertKeeps(ask, keys[0], 'the timeline of reminders')
      await next(ask, keys, [])
    },
  }
}

function executionOf([name, json]: readonly unknown[]): Execution {
  // Written by `add` alone.
  const [due, partitionKey, envelope] = JSON.parse(String(json)) as [number, string, string]
  return { name: String(name), dueAt: new Date(due), partitionKey, envelope }
}
