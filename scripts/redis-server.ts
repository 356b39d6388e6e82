/** Redis servers of one's own, from the redis-server that is on the PATH. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from './free-port.ts'

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
