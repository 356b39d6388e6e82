/** Owns the two ways to run the same reactor: a worker process as a pod would run it, and a Lambda behind its mapping. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { forPeople } from '@spaceship/core/log'
import { build } from 'esbuild'
import { type Name, ROOM, type Say } from './console.ts'
import type { Pad } from './ship.ts'

export interface Runtime extends AsyncDisposable {
  readonly name: Name
  /** The process that handles records now. */
  readonly pid: number | undefined
}

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url))

/** A worker that is started again when it dies, as Kubernetes does. Resolves once it is consuming. */
export async function startWorker({ environment }: Pad, say: Say): Promise<Runtime> {
  let stopping = false
  let child: ChildProcess
  const ready = start()
  await ready

  async function start(): Promise<void> {
    const args = ['--conditions=@spaceship/source', path('../src/worker.ts')]
    const env = {
      PATH: process.env.PATH,
      ...environment,
      STREAMS: 'clients-cdc',
      FAILOVER: '2s',
      POLL_INTERVAL: '200ms',
    }
    child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const { pid } = child
    child.once('exit', (code, signal) => {
      if (stopping) return
      say(`the worker ${pid} ended (${signal ?? code}): starting another`)
      start().catch((error) => say(`no other worker could be started: ${error}`))
    })
    const started = Promise.withResolvers<void>()
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface(stream).on('line', (line) => report(line, say, started.resolve))
    }
    await Promise.race([started.promise, once(child, 'exit')])
  }

  return {
    name: 'worker',
    get pid() {
      return child.pid
    },
    [Symbol.asyncDispose]: async () => {
      stopping = true
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    },
  }
}

/** The worker logs JSON lines; here is a person who reads them. */
function report(line: string, say: Say, started: () => void): void {
  say(forPeople(line, { width: ROOM }), 'log')
  if (line.includes('"message":"lease taken"')) started()
}

/** The same reactor, bundled as for a deployment. */
export async function startLambda({ ship, environment }: Pad, say: Say): Promise<Runtime> {
  const outfile = path('../.demo/lambda.cjs')
  await build({
    entryPoints: [path('../src/lambda.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    conditions: ['@spaceship/source'],
    logLevel: 'error',
  })
  const mapping = await ship.lambda({
    handler: outfile,
    stream: 'clients-cdc',
    environment,
    pollIntervalMs: 200,
    log: (line) => say(forPeople(line, { width: ROOM }), 'log'),
  })
  return {
    name: 'lambda',
    get pid() {
      return mapping.pids[0]
    },
    [Symbol.asyncDispose]: () => mapping.close(),
  }
}
