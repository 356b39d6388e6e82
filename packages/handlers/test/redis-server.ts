/** Redis servers of a test's own, from the redis-server that is on the PATH. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from '../../../scripts/free-port.ts'

export interface RedisServer {
  readonly port: number
  /** Ends the process, and waits until it has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** Resolves once the server answers. @param args beyond those that keep it off the disk */
export async function startRedis(args: readonly string[] = [], port?: number): Promise<RedisServer> {
  const at = port ?? (await freePort())
  const plain = args.includes('--port') ? [] : ['--port', String(at)]
  const own = [
    ...(args.includes('--bind') ? [] : ['--bind', '127.0.0.1']),
    '--save',
    '',
    '--appendonly',
    'no',
  ]
  const server = spawn('redis-server', [...plain, ...own, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  await ready(server)
  return {
    port: at,
    stop: async (signal = 'SIGKILL') => {
      if (server.exitCode !== null || server.signalCode !== null) return
      const ended = once(server, 'exit')
      server.kill(signal)
      await ended
    },
  }
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = ''
    server.once('exit', () => reject(new Error(`redis-server has ended: ${printed}`)))
    server.once('error', reject)
    // Its log is read to its end, so that it never waits for a reader.
    server.stdout?.on('data', (chunk) => {
      printed += chunk
      if (printed.includes('Ready to accept connections')) resolve()
    })
  })
}

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
