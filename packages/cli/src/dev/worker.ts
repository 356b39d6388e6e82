/**
 * Owns the worker of `spaceship dev`: the project's worker module in a process, one version after the other.
 *
 * ```
 *  run(v1) ─> process v1 ─ "worker started" ─> consumes ─┐
 *  run(v2) ─> SIGTERM to v1 ─> it drains, ends ─> process v2 ─ "worker started" ─> consumes
 * ```
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { SpaceshipError } from '@spaceship/core'
import type { Bundle } from '../project/index.ts'
import type { Runtime, RuntimeOptions, Variables } from './runtime.ts'

/** Milliseconds after which a drain is told of: most take less. */
const LONG = 1_000

export function workerRuntime({ execArgv, print, say, signal: ending }: RuntimeOptions): Runtime {
  let current: ChildProcess | undefined

  async function stop(): Promise<void> {
    const child = current
    current = undefined
    if (child === undefined || hasEnded(child)) return
    const told = setTimeout(() => say('the worker drains: what is in flight ends first'), LONG)
    const gone = once(child, 'close')
    child.kill('SIGTERM')
    await gone
    clearTimeout(told)
  }

  async function run({ file }: Bundle, variables: Variables): Promise<void> {
    await stop()
    const child = spawn(process.execPath, [...execArgv, file], {
      env: variables,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    current = child
    const started = Promise.withResolvers<true>()
    for (const stream of [child.stdout, child.stderr])
      createInterface(stream).on('line', (line) => {
        print(line)
        if (line.includes('"message":"worker started"')) started.resolve(true)
      })
    const gone = once(child, 'close')
    const ended = gone.then(([code, signal]) => {
      if (current === child) {
        current = undefined
        if (!ending.aborted)
          say(`the worker ended (${signal ?? `code ${code}`}): it starts again when a file changes`)
      }
      return false as const
    })
    if (!(await Promise.race([started.promise, ended])))
      throw new SpaceshipError('start', 'the worker ended before it consumed')
  }

  return {
    run,
    get ended() {
      return current === undefined
    },
    [Symbol.asyncDispose]: stop,
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null
