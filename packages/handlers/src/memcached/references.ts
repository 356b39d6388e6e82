/**
 * Owns references on Memcached. The client is our own, over Memcached's text protocol: of those on npm none tells a failure from an answer in
 * every case. `memcache` 1.10 answers a timeout as it answers "exists" and "missing", and has no TLS; `memcache-client` 1.0 answers
 * "missing" for the value of another key, takes any value for a success of `add`, writes to the console, and finds no nodes.
 */

import type { ConnectionOptions } from 'node:tls'
import { type Duration, Unavailable } from '@spaceship/core'
import {
  bare,
  check,
  duration,
  list,
  milliseconds,
  port,
  record,
  type ShapesOf,
} from '@spaceship/core/adapter'
import {
  type Clock,
  checkReference,
  checkReferenceKey,
  type ReferenceStore,
  systemClock,
} from '@spaceship/core/ports'
import { ADDRESS, addressOf } from './address.ts'
import { createDiscovery } from './discovery.ts'
import { enveloped, expiryOf, itemKey, PREFIX } from './item.ts'
import { createNodes } from './nodes.ts'
import { adding, deleting, getting, type Request, setting } from './requests.ts'

export interface MemcachedReferencesOptions {
  /** `host:port` of each node. Every process must list the same ones, in any order. */
  readonly nodes?: readonly string[]
  /** `host:port` of an ElastiCache cluster's configuration endpoint, instead of `nodes`: it tells the nodes, and when they change. */
  readonly discovery?: string
  /** What Node's TLS takes, such as `ca`; given, every connection is by TLS: `{}` for ElastiCache. */
  readonly tls?: ConnectionOptions
  /** How long a call may take in all, the wait for a connection included. @default '1s' */
  readonly timeout?: Duration
  /** Before every key, to share a Memcached. @default 'spaceship:' */
  readonly prefix?: string
  /** For tests. @default the system's */
  readonly clock?: Clock
}

/** A ReferenceStore that has connections. */
export interface MemcachedReferences extends ReferenceStore, AsyncDisposable {
  /** Asks every node once. */
  check(): Promise<void>
  /** Ends the connections once what is under way has been answered, within `timeout`. */
  close(): Promise<void>
}

export const REFERENCES = {
  options: bare({
    nodes: list(ADDRESS, 'the addresses of at least one node', 1),
    discovery: ADDRESS,
    tls: record({}),
    timeout: duration('1s', 1),
    prefix: PREFIX,
    clock: port('monotonic', 'a Clock'),
  } satisfies ShapesOf<MemcachedReferencesOptions>),
}

/**
 * A ReferenceStore on Memcached. It connects when the first call comes, and again after each loss. The keys are shared out
 * between the nodes; one that is down is an outage for its keys alone.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * const references = memcachedReferences({ discovery: 'refs.cfg.euw1.cache.amazonaws.com:11211', tls: {} })
 * await references.close()
 */
export function memcachedReferences(options: MemcachedReferencesOptions): MemcachedReferences {
  check('memcachedReferences', REFERENCES, { options }, () => chosen(options))
  const { tls, prefix = 'spaceship:', clock = systemClock } = options
  const timeout = milliseconds(options.timeout ?? '1s')
  const nodes = createNodes(tls, () => discovery?.suspect())
  nodes.replace((options.nodes ?? []).flatMap((node) => addressOf(node) ?? []))
  const endpoint = addressOf(options.discovery ?? '')
  const discovery =
    endpoint && createDiscovery({ endpoint, tls, timeout, clock, found: (found) => nodes.replace(found) })

  const underWay = new Set<Promise<unknown>>()
  let closed = false

  /** @param call gets what is left of its time once there are nodes, in milliseconds */
  async function ask<T>(call: (left: number) => Promise<T>): Promise<T> {
    if (closed) throw new Unavailable('memcached', 'the references on Memcached were closed by their owner')
    const begun = clock.monotonic()
    const ready = discovery?.ready() ?? Promise.resolve()
    const asked = ready.then(() => call(Math.max(1, timeout - (clock.monotonic() - begun))))
    underWay.add(asked)
    try {
      return await asked
    } finally {
      underWay.delete(asked)
    }
  }

  function askNodeOf<T>(key: string, request: Request<T>): Promise<T> {
    return ask(async (left) => {
      const node = nodes.nodeOf(key)
      if (node === undefined) throw new Unavailable('memcached', 'no node of Memcached is known')
      return nodes.ask(node, request, left)
    })
  }

  const close = async () => {
    closed = true
    await Promise.allSettled(underWay)
    await discovery?.close()
    await nodes.close()
  }
  return {
    add: async (key, value, ttl) => {
      checkReference(key, value, ttl)
      const at = itemKey(prefix, key)
      return askNodeOf(at, adding(at, enveloped(at, value), expiryOf(ttl, clock.now())))
    },
    get: async (key) => {
      checkReferenceKey(key)
      const at = itemKey(prefix, key)
      return askNodeOf(at, getting(at))
    },
    set: async (key, value, ttl) => {
      checkReference(key, value, ttl)
      const at = itemKey(prefix, key)
      await askNodeOf(at, setting(at, enveloped(at, value), expiryOf(ttl, clock.now())))
    },
    delete: async (key) => {
      checkReferenceKey(key)
      const at = itemKey(prefix, key)
      await askNodeOf(at, deleting(at))
    },
    check: async () => {
      const probe = getting(itemKey(prefix, 'spaceship-check'))
      await ask((left) => Promise.all(nodes.addresses.map((node) => nodes.ask(node, probe, left))))
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function chosen(options: unknown): string[] {
  const { nodes, discovery } = Object(options)
  if ((nodes === undefined) !== (discovery === undefined)) return []
  const given = nodes === undefined ? 'neither is given' : 'both are given'
  return [`'nodes' and 'discovery': ${given}: expected 'nodes', or 'discovery' of an ElastiCache cluster`]
}
