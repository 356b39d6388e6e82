/** Owns the two ways to run the same reactors: a worker process as a pod would run it, and a Lambda behind its mapping. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { forPeople } from '@spaceship/core/log'
import { build } from 'esbuild'
import { type Name, ROOM, type Say } from './console.ts'
import { ONBOARDING, type Program } from './programs.ts'
import type { Pad } from './ship.ts'

export interface Runtime extends AsyncDisposable {
  readonly name: Name
  /** The process that handles records now. */
  readonly pid: number | undefined
}

const path = (file: string, from: URL | string = import.meta.url) => fileURLToPath(new URL(file, from))

/** What a program of a flight logs is kept; of onboarding people see it, too. */
function hearing({ logs }: Pad, program: Program, say: Say): (line: string) => void {
  return (line) => {
    logs.keep(line)
    if (program === ONBOARDING) say(forPeople(line, { width: ROOM }), 'log')
  }
}

/** A worker that is started again when it dies, as Kubernetes does. Resolves once it is consuming. */
export async function startWorker(pad: Pad, program: Program, say: Say): Promise<Runtime> {
  const hear = hearing(pad, program, say)
  let stopping = false
  let child: ChildProcess
  const ready = start()
  await ready

  async function start(): Promise<void> {
    const args = ['--conditions=@spaceship/source', path('worker.ts', program.sources)]
    const env = { PATH: process.env.PATH, ...pad.environment, ...program.variables }
    child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const { pid } = child
    child.once('exit', (code, signal) => {
      if (stopping) return
      say(`the worker ${pid} of ${program.name} ended (${signal ?? code}): starting another`)
      start().catch((error) => say(`no other worker could be started: ${error}`))
    })
    const started = Promise.withResolvers<void>()
    for (const stream of [child.stdout, child.stderr]) {
      if (stream)
        createInterface(stream).on('line', (line) => {
          hear(line)
          if (line.includes('"message":"lease taken"')) started.resolve()
        })
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

/** The same reactors, bundled as for a deployment. */
export async function startLambda(pad: Pad, program: Program, say: Say): Promise<Runtime> {
  const outfile = path(`../.demo/${program.name}.cjs`)
  await build({
    entryPoints: [path('lambda.ts', program.sources)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    conditions: ['@spaceship/source'],
    logLevel: 'error',
  })
  const mapping = await pad.ship.lambda({
    handler: outfile,
    functionName: program.name,
    stream: program.stream,
    environment: pad.environment,
    pollIntervalMs: 200,
    log: hearing(pad, program, say),
  })
  return {
    name: 'lambda',
    get pid() {
      return mapping.pids[0]
    },
    [Symbol.asyncDispose]: () => mapping.close(),
  }
}
