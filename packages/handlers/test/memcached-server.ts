/** Memcached servers of a test's own, from the memcached that is on the PATH. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { freePort } from '../../../scripts/free-port.ts'

export interface MemcachedServer {
  readonly port: number
  readonly address: string
  /** Resolves once it is silent: until it speaks again it answers nothing that it is asked. */
  silence(): Promise<void>
  speak(): void
  /** Ends the process, and waits until it has ended. */
  stop(): Promise<void>
}

/** Resolves once the server listens. */
export async function startMemcached(args: readonly string[] = [], port?: number): Promise<MemcachedServer> {
  const at = port ?? (await freePort())
  const own = [
    '-u',
    userInfo().username,
    '-l',
    '127.0.0.1',
    '-p',
    String(at),
    '-U',
    '0',
    '-t',
    '1',
    '-m',
    '64',
  ]
  // With less it does not say when it listens.
  const server = spawn('memcached', [...own, '-vv', ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  await listening(server)
  return {
    port: at,
    address: `127.0.0.1:${at}`,
    silence: async () => {
      server.kill('SIGSTOP')
      await stopped(server.pid)
    },
    speak: () => void server.kill('SIGCONT'),
    stop: async () => {
      if (server.exitCode !== null || server.signalCode !== null) return
      const ended = once(server, 'exit')
      server.kill('SIGKILL')
      await ended
    },
  }
}

function listening(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = ''
    let listens = false
    server.once('exit', () => reject(new Error(`memcached has ended: ${printed}`)))
    server.once('error', reject)
    // Its log is read to its end, so that it never waits for a reader.
    server.stderr?.on('data', (chunk) => {
      if (listens) return
      printed += chunk
      listens = printed.includes('server listening')
      if (listens) resolve()
    })
  })
}

/** A signal is on its way when `kill` returns, and a thread that runs meanwhile still answers. Where there is no `/proc`, nobody can tell. */
async function stopped(pid = 0): Promise<void> {
  const tasks = `/proc/${pid}/task`
  if (!existsSync(tasks)) return
  // The name of the program stands in brackets, and its state behind them.
  const isStopped = (task: string) => /\) T /.test(readFileSync(`${tasks}/${task}/stat`, 'utf8'))
  while (!readdirSync(tasks).every(isStopped)) await new Promise((resolve) => setImmediate(resolve))
}
