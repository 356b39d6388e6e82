/** Redis servers of a test's own, from the redis-server that is on the PATH. */

import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from '../../../scripts/free-port.ts'
import { type RedisServer, startRedis } from '../../../scripts/redis-server.ts'

/** Three nodes of a cluster, with all slots between them. */
export async function startCluster(): Promise<{
  readonly nodes: readonly RedisServer[]
  stop(): Promise<void>
}> {
  const nodes = await Promise.all([1, 2, 3].map(startNode))
  const clients = nodes.map(({ port }) => new Redis(port, '127.0.0.1'))
  const bounds = [0, 5_461, 10_923, 16_384]
  for (const [n, client] of clients.entries())
    await client.call('CLUSTER', 'ADDSLOTSRANGE', String(bounds[n]), String((bounds[n + 1] ?? 0) - 1))
  for (const { port, bus } of nodes.slice(1))
    await clients[0]?.call('CLUSTER', 'MEET', '127.0.0.1', String(port), String(bus))
  for (const client of clients) await joined(client)
  for (const client of clients) client.disconnect()
  return { nodes, stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))) }
}

async function startNode(): Promise<RedisServer & { readonly bus: number }> {
  const bus = await freePort()
  const file = `spaceship-${crypto.randomUUID()}.conf`
  const cluster = ['--cluster-enabled', 'yes', '--cluster-config-file', file, '--cluster-port', String(bus)]
  const server = await startRedis([...cluster, '--dir', tmpdir()])
  return {
    ...server,
    bus,
    stop: async (signal) => {
      await server.stop(signal)
      await rm(join(tmpdir(), file), { force: true })
    },
  }
}

/** Each answer is a signal of its own: the next question goes out when it has come. */
async function joined(client: Redis): Promise<void> {
  for (;;) {
    const info = String(await client.call('CLUSTER', 'INFO'))
    if (info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3')) return
  }
}
