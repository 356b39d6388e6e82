/** Owns the StateStore on Redis: what each of its methods asks, one script each, but for a page, which takes two. */

import { bare, callable, check, exactJson, type ShapesOf } from '@spaceship/core/adapter'
import {
  checkStateKey,
  checkStateWrite,
  listedPrefix,
  type SetOptions,
  type SetResult,
  type StateItem,
  type StatePage,
  type StateStore,
  type StateValue,
} from '@spaceship/core/ports'
import { createClockOffset } from '../network/index.ts'
import { asking, COMMAND, type RedisCommand } from './command.ts'
import { assertKeeps } from './eviction.ts'
import { indexKey, itemKey, keysFor, PREFIX } from './keys.ts'
import { listOf, type RunScript, script, textOf } from './script.ts'
import { DELETE, GET, LIST, MEMBERS, SET } from './state-scripts.ts'

/** Items and bytes that a page of `list` has at most. */
const MOST = { items: 1_000, bytes: 1_048_576 }

/** A moment in which an item that a probe could not remove goes by itself. */
const PROBED = 60_000

export interface RedisStateOptions {
  /** Sends one command through the client: `(...args) => redis.call(...args)` for ioredis. */
  readonly command: RedisCommand
  /** Before every key, to share a Redis. @default 'spaceship:' */
  readonly prefix?: string
  /** This process's clock, in milliseconds since 1970; the server's, which its answers tell, corrects it. @default Date.now */
  readonly now?: () => number
}

export const STATE = {
  options: bare({ command: COMMAND, prefix: PREFIX, now: callable } satisfies ShapesOf<RedisStateOptions>),
}

const get = script(GET)
const set = script(SET)
const remove = script(DELETE)
const members = script(MEMBERS)
const items = script(LIST)

/**
 * A StateStore on Redis 6.2 or later, or Valkey, with whatever client you have; of a cluster, with one that knows the whole cluster. The
 * server must keep what it was told: `maxmemory-policy noeviction`, and an append-only file. A failover to a replica that lagged
 * behind loses the last writes, and a claim with them.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { Redis } from 'ioredis'
 * const redis = new Redis()
 * const state = redisState({ command: (...args) => redis.call(...args) })
 */
export function redisState(options: RedisStateOptions): StateStore {
  check('redisState', STATE, { options })
  const { prefix = 'spaceship:', now = Date.now } = options
  const ask = asking(options.command)
  const server = createClockOffset(now)

  /** Runs a script that answers with the server's time first. @returns what it answers behind that */
  async function timed(run: RunScript, keys: readonly string[], args: readonly string[]) {
    const asked = now()
    const [seconds, micros, ...answer] = listOf(await run(ask, keys, args))
    const time = Number(seconds) * 1_000 + Number(micros) / 1_000
    server.told({ asked, answered: now(), earliest: time, latest: time })
    return answer
  }

  async function put(key: string, value: StateValue, { expect, expiresAt }: SetOptions): Promise<SetResult> {
    const json = exactJson(value, `the value of '${key}'`)
    checkStateWrite(key, json, expiresAt)
    const { item, index, member } = keysFor(prefix, key)
    const version = crypto.randomUUID()
    // A version that was expected is told from none by its first character.
    const expected = expect === undefined ? '' : `=${expect}`
    const until = expiresAt === undefined ? '' : String(Math.ceil(expiresAt.getTime()))
    const answer = await timed(set, index === undefined ? [item] : [item, index], [
      expected,
      version,
      json,
      until,
      member,
    ])
    if (textOf(answer[0]) === 'OK') return { ok: true, version }
    return { ok: false, current: itemOf(answer) }
  }

  async function list(listed: string, cursor?: string): Promise<StatePage> {
    const { collection, member } = listedPrefix(listed)
    checkStateKey(listed)
    const head = listed.slice(0, listed.length - member.length)
    const index = indexKey(prefix, collection)
    const from = cursor === undefined ? `[${member}` : `(${cursor.slice(1)}`
    const found = listOf(await members(ask, [index], [from, member, String(MOST.items)])).map(String)
    if (found.length === 0) return { items: [], cursor: undefined }
    const keys = found.map((each) => itemKey(prefix, collection, each))
    const read = listOf(await items(ask, [index, ...keys], [String(MOST.bytes), ...found])).map(listOf)
    const page = read.flatMap((fields, n) => {
      const item = itemOf(fields)
      return item === undefined ? [] : [{ key: head + found[n], item }]
    })
    const whole = read.length === found.length && found.length < MOST.items
    return { items: page, cursor: whole ? undefined : `/${found[read.length - 1]}` }
  }

  const store: StateStore = {
    get: async (key) => itemOf(await timed(get, [keysFor(prefix, key).item], [])),
    set: put,
    delete: async (key, version) => {
      const { item, index, member } = keysFor(prefix, key)
      const [gone] = await timed(remove, index === undefined ? [item] : [item, index], [version, member])
      return gone === 1
    },
    list,
    clockOffset: server.offset,
    check: async () => {
      const key = `spaceship/check//${crypto.randomUUID()}`
      await assertKeeps(ask, keysFor(prefix, key).item, 'the state store')
      // Answered before anything is written: from then on it is known what time it is there.
      await store.get(key)
      const expiresAt = new Date(server.now() + PROBED)
      const written = await store.set(key, {}, { expect: undefined, expiresAt })
      await list(key)
      if (written.ok) await store.delete(key, written.version)
      return undefined
    },
  }
  return store
}

/** The item of the fields `version` and `value`; none if they are missing. */
function itemOf([version, value]: readonly unknown[]): StateItem | undefined {
  const [id, json] = [textOf(version), textOf(value)]
  if (id === undefined || json === undefined) return undefined
  // Written by `set` alone, as the JSON of a StateValue.
  return { value: JSON.parse(json) as StateValue, version: id }
}
