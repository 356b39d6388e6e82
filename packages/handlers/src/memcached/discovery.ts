/**
 * Owns how the nodes of an ElastiCache cluster are found: its configuration endpoint is asked when the first call comes, once a minute
 * while there are calls, and after a node has not answered. What it answers has a version; another one replaces the nodes.
 *
 * ```
 * 12
 * nodes.0001.example|10.0.0.1|11211 nodes.0002.example|10.0.0.2|11211
 * ```
 *
 * A node keeps its name, and with it its keys, when another machine takes its place. While the endpoint is out, the nodes that are known
 * stay.
 */

import type { ConnectionOptions } from 'node:tls'
import type { Clock } from '@spaceship/core/ports'
import { type Address, addressOf } from './address.ts'
import { classified } from './errors.ts'
import { openLink } from './link.ts'
import { configuration } from './requests.ts'

export interface Discovery {
  /** Resolves once there are nodes to ask. @throws Unavailable */
  ready(): Promise<void>
  /** A node has not answered: another one may have taken its place. */
  suspect(): void
  /** Waits for a question that is under way. It never rejects. */
  close(): Promise<void>
}

export interface DiscoveryOptions {
  readonly endpoint: Address
  readonly tls: ConnectionOptions | undefined
  /** In milliseconds. */
  readonly timeout: number
  readonly clock: Pick<Clock, 'monotonic'>
  readonly found: (addresses: readonly Address[]) => void
}

const EVERY = 60_000
/** Many calls fail while a node is down: the endpoint is asked for them together. */
const SOONEST = 1_000

export function createDiscovery({ endpoint, tls, timeout, clock, found }: DiscoveryOptions): Discovery {
  let version: string | undefined
  let askedAt = 0
  let suspicious = false
  let asking: Promise<void> | undefined

  async function ask(): Promise<void> {
    askedAt = clock.monotonic()
    // Its name is looked up each time: it leads to whichever node answers for the cluster.
    let link: ReturnType<typeof openLink> | undefined
    try {
      link = openLink(endpoint, tls, () => {})
      const cluster = clusterIn(await link.ask(configuration, timeout))
      suspicious = false
      if (cluster.version !== version) found(cluster.addresses)
      version = cluster.version
    } catch (error) {
      throw classified({ node: endpoint.name, command: configuration.command }, error)
    } finally {
      await link?.retire()
    }
  }

  function askOnce(): Promise<void> {
    asking ??= ask().finally(() => {
      asking = undefined
    })
    return asking
  }

  function askIfDue(): void {
    const since = clock.monotonic() - askedAt
    if (version === undefined || since < (suspicious ? SOONEST : EVERY)) return
    // The nodes that are known stay, and the next call asks again.
    askOnce().catch(() => {})
  }

  return {
    ready: async () => {
      if (version === undefined) await askOnce()
      else askIfDue()
    },
    suspect: () => {
      suspicious = true
      askIfDue()
    },
    close: async () => {
      await asking?.catch(() => {})
    },
  }
}

/** @throws Error for what is no configuration of a cluster */
export function clusterIn(text: string): {
  readonly version: string
  readonly addresses: readonly Address[]
} {
  const [version = '', line = ''] = text.split(/\r?\n/)
  const addresses = line
    .split(' ')
    .filter((part) => part !== '')
    .map(addressIn)
  if (!/^\d+$/.test(version) || addresses.length === 0)
    throw new Error('the configuration endpoint has answered no version and nodes')
  return { version, addresses }
}

function addressIn(triple: string): Address {
  const [host = '', ip = '', port = ''] = triple.split('|')
  const address = addressOf(`${host}:${port}`)
  if (address === undefined)
    throw new Error('the configuration endpoint has answered what is no host|ip|port')
  // A node that has just come may have no address yet.
  return ip === '' ? address : { ...address, at: ip }
}
