/** Owns the options of ioredis: those of one server, and those of a cluster, where some have another place. */

import type { ConnectionOptions } from 'node:tls'
import { Cluster, Redis, type RedisOptions } from 'ioredis'

export interface Settings {
  readonly tls: ConnectionOptions | undefined
  /** Milliseconds. */
  readonly timeout: number
}

/** The longest wait between two attempts to connect, in milliseconds. */
const LONGEST = 2_000

/** A cluster's nodes are asked for its slots this often, so that a failover is seen without a command that fails. */
const REFRESH = 5_000

export function serverOf(url: string, settings: Settings): Redis {
  return new Redis({
    ...optionsOf(url, settings),
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: backoff,
  })
}

/** The switch of the offline queue counts at the level of the cluster alone; a node's own holds a command no longer than its time. */
export function clusterOf(urls: readonly string[], settings: Settings): Cluster {
  const { host: _, port: __, ...redisOptions } = optionsOf(urls[0] ?? '', settings)
  return new Cluster(urls.map(addressOf), {
    redisOptions,
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: backoff,
    // With a delay, a command whose connection was closed would be sent again.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshTimeout: settings.timeout,
    slotsRefreshInterval: REFRESH,
    // What a certificate names is the host, not its address.
    ...(redisOptions.tls === undefined ? {} : { dnsLookup: (address, callback) => callback(null, address) }),
  })
}

function optionsOf(url: string, { tls, timeout }: Settings) {
  const { protocol, username, password, pathname } = new URL(url)
  const secure = tls ?? (protocol === 'rediss:' ? {} : undefined)
  const db = Number(pathname.slice(1))
  return {
    ...addressOf(url),
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(db > 0 ? { db } : {}),
    ...(secure === undefined ? {} : { tls: secure }),
    connectTimeout: timeout,
    commandTimeout: timeout,
    // A server that is silent for so long gets another connection.
    socketTimeout: timeout,
    autoResendUnfulfilledCommands: false,
    // What was under way is rejected as its connection closes.
    maxRetriesPerRequest: 0,
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  } satisfies RedisOptions
}

function addressOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url)
  // A URL has an IPv6 address in brackets.
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port === '' ? 6_379 : port) }
}

/** Full jitter: the clients of a server that comes back do not all come at once. */
function backoff(times: number): number {
  return Math.ceil(Math.random() * Math.min(LONGEST, 50 * 2 ** Math.min(times, 10)))
}
