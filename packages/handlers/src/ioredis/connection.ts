/**
 * Owns a connection through ioredis that never leaves a caller without an answer, and never sends twice what may have run:
 *
 * | what ioredis does by itself                           | here                                                        |
 * |-------------------------------------------------------|-------------------------------------------------------------|
 * | keeps commands while it is not connected              | a command waits for the connection within its own time      |
 * | sends what was under way again once it is connected   | what was under way is rejected: an outage, never "exists"   |
 * | leaves a command of a cut connection without an end   | each settles within `timeout`                               |
 * | stays with a primary that has become a replica        | READONLY closes the connection: the host is looked up anew   |
 * | keeps the command, with its values, in its errors     | what is thrown has none of that                             |
 */

import type { ConnectionOptions } from 'node:tls'
import type { Duration } from '@spaceship/core'
import {
  bare,
  check,
  duration,
  like,
  list,
  milliseconds,
  record,
  type ShapesOf,
} from '@spaceship/core/adapter'
import type { Cluster, Redis } from 'ioredis'
import { withoutArguments } from '../network/index.ts'
import type { RedisCommand } from '../redis/index.ts'
import { bounded } from './bounded.ts'
import { clusterOf, serverOf } from './clients.ts'

export interface IORedisConnectionOptions {
  /** Of one server, with user and password if it asks for them: `rediss://user:password@host:6379`. `rediss` means TLS. */
  readonly url?: string
  /** Of some nodes of a cluster, which tell the others. User, password and TLS are those of the first. */
  readonly nodes?: readonly string[]
  /** What Node's TLS takes, such as `ca` and `servername`; given, the connection is by TLS whatever the URL says. */
  readonly tls?: ConnectionOptions
  /** How long a command may take in all, the wait for a connection included. @default '2s' */
  readonly timeout?: Duration
}

export interface IORedisConnection extends AsyncDisposable {
  /** For `redisState`, `redisReferences` and `redisTimeline`. */
  readonly command: RedisCommand
  /** For whatever else there is to ask. */
  readonly client: Redis | Cluster
  /** Ends the connection once what is under way has been answered, within `timeout`. */
  close(): Promise<void>
}

const ENCODED = "no query, and user and password percent-encoded ('%40' for '@')"
const URL_OF_SERVER = like(
  `a URL such as 'redis://host:6379' or 'rediss://user:password@host:6379/0', with ${ENCODED}`,
  (text) => /^(?:\/\d{0,5})?$/.test(restOf(text)),
)
/** A cluster has one database. */
const URL_OF_NODE = like(
  `a URL such as 'redis://host:6379' or 'rediss://user:password@host:6379', with no database, ${ENCODED}`,
  (text) => /^\/?0?$/.test(restOf(text)),
)

export const CONNECTION = {
  options: bare({
    url: URL_OF_SERVER,
    nodes: list(URL_OF_NODE, 'the URLs of at least one node', 1),
    tls: record({}),
    timeout: duration('2s', 1),
  } satisfies ShapesOf<IORedisConnectionOptions>),
}

/**
 * A connection to Redis or Valkey. It connects when the first command comes, and again after each loss, sooner at first and every 2 s in
 * the end.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { redisState } from '@spaceship/handlers/redis'
 * const redis = ioredisConnection({ url: 'rediss://spaceship:secret@redis.example:6379' })
 * const state = redisState({ command: redis.command })
 * await redis.close()
 */
export function ioredisConnection(options: IORedisConnectionOptions): IORedisConnection {
  check('ioredisConnection', CONNECTION, { options }, () => chosen(options))
  const { url, nodes, tls } = options
  const timeout = milliseconds(options.timeout ?? '2s')
  const client =
    nodes === undefined ? serverOf(url ?? '', { tls, timeout }) : clusterOf(nodes, { tls, timeout })
  const connection = bounded(client, timeout)

  const close = async () => {
    await connection.close()
    client.disconnect()
  }
  return {
    client,
    command: async (...args) => {
      try {
        return await connection.command(...args)
      } catch (error) {
        throw withoutArguments(error)
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function chosen(options: unknown): string[] {
  const { url, nodes } = Object(options)
  if ((url === undefined) !== (nodes === undefined)) return []
  const given = url === undefined ? 'neither is given' : 'both are given'
  return [`'url' and 'nodes': ${given}: expected 'url' of one server, or 'nodes' of a cluster`]
}

/** What stands behind the host and its port; a text that no URL ends with for what is no URL of Redis. */
function restOf(text: unknown): string {
  if (typeof text !== 'string' || !URL.canParse(text)) return NONE
  const { protocol, hostname, username, password, pathname, search, hash } = new URL(text)
  if (!/^rediss?:$/.test(protocol) || hostname === '') return NONE
  try {
    decodeURIComponent(username + password)
  } catch {
    return NONE
  }
  return pathname + search + hash
}

const NONE = 'none'
