/** Owns a `spaceship dev` in a process of its own, and waiting for what it says. */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { MAIN, NODE, type TestProject } from './project.ts'

/** What `dev --json` says in one line. */
export interface Said {
  readonly type: string
  readonly [field: string]: unknown
}

export interface Dev extends AsyncDisposable {
  /** All that was said, in order. */
  readonly said: readonly Said[]
  readonly child: ChildProcess
  /** The first line that passes, said already or from now on, behind what the last call has found. */
  next(pass: (said: Said) => boolean): Promise<Said>
  /** The code with which it ended. */
  end(signal?: NodeJS.Signals): Promise<number | null>
}

/** Milliseconds. A machine that is busy is slow, but not for ever. */
const LONGEST = 25_000

export function dev({ root }: Pick<TestProject, 'root'>, ...args: readonly string[]): Dev {
  const child = spawn(process.execPath, [...NODE, MAIN, 'dev', '--json', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: Said[] = []
  const errors: string[] = []
  let found = 0
  let look = () => {}
  createInterface(child.stdout).on('line', (line) => {
    said.push(JSON.parse(line))
    look()
  })
  createInterface(child.stderr).on('line', (line) => errors.push(line))
  const closed = once(child, 'close').then(([code]) => code as number | null) // as documented

  function next(pass: (said: Said) => boolean): Promise<Said> {
    const { promise, resolve, reject } = Promise.withResolvers<Said>()
    const told = () =>
      said
        .slice(found)
        .map((line) => JSON.stringify(line))
        .join('\n')
    const timer = setTimeout(
      () => reject(new Error(`dev did not say it; it said:\n${told()}\n${errors.join('\n')}`)),
      LONGEST,
    )
    look = () => {
      const at = said.findIndex((line, n) => n >= found && pass(line))
      const line = said[at]
      if (line === undefined) return
      found = at + 1
      clearTimeout(timer)
      resolve(line)
    }
    look()
    return promise
  }

  return {
    said,
    child,
    next,
    end: (signal = 'SIGINT') => {
      child.kill(signal)
      return closed
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await closed
    },
  }
}

export const running = ({ type }: Said): boolean => type === 'running'

/** An outcome of a route. */
export const outcome =
  (route: string, step: string) =>
  (said: Said): boolean =>
    said.type === 'outcome' && said.route === route && said.step === step

/** Processes that a process has started. */
export async function childrenOf(pid: number | undefined): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(pid)])
  return stdout.split('\n').flatMap((line) => (line.trim() === '' ? [] : [Number(line)]))
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
