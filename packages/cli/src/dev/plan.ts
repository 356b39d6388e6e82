/**
 * Owns what `spaceship dev` must know of a project before it runs it. The project's code is asked in a process of its own (`planner.ts`): what
 * it does there, and a version of it that fails, does not reach the ship.
 */

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { SpaceshipError } from '@spaceship/core'
import type { ScheduleDescription } from '@spaceship/core/engine'
import type { LaunchOptions, TableOptions } from '@spaceship/local'
import { beside } from './beside.ts'

export interface Plan {
  readonly application: string
  readonly streams: readonly string[]
  readonly tables: readonly TableOptions[]
  /** `reactor/route` of each. */
  readonly routes: readonly string[]
  /** Routes made with `every`, in milliseconds. */
  readonly schedules: readonly { readonly route: string; readonly schedule: ScheduleDescription }[]
  readonly worker: string
  readonly lambda: string
  readonly variables: Readonly<Record<string, string>>
  readonly ports: NonNullable<LaunchOptions['ports']>
  /** What to type so that a reactor fires. */
  readonly examples: readonly string[]
}

/** Milliseconds. Reading a project takes a second at most. */
const LONGEST = 20_000

/** What the planner says: the plan, or why there is none. */
export type Planned =
  | { readonly plan: Plan }
  | { readonly refused: { readonly code?: string; readonly message: string } }

/**
 * @param config the path of the project's config
 * @throws SpaceshipError with what is wrong with it
 */
export async function planOf(config: string, variables: Readonly<Record<string, string>>): Promise<Plan> {
  const planner = fork(fileURLToPath(beside('planner')), [config], {
    env: variables,
    execArgv: process.execArgv,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const printed: string[] = []
  for (const stream of [planner.stdout, planner.stderr])
    stream?.on('data', (chunk: Buffer) => printed.push(chunk.toString()))
  const planned = await new Promise<Planned | 'late' | undefined>((resolve) => {
    // Written by `planner.ts` alone.
    planner.once('message', (message) => resolve(message as Planned))
    planner.once('close', () => resolve(undefined))
    setTimeout(() => resolve('late'), LONGEST).unref()
  })
  planner.kill('SIGKILL')
  if (planned === 'late')
    throw new SpaceshipError(
      'configuration',
      `the project was not read within ${LONGEST / 1_000} s: expected 'reactors' of its config to call nobody`,
    )
  if (planned === undefined)
    throw new SpaceshipError(
      'configuration',
      `the project ended before it was read:\n${printed.join('').trim()}`,
    )
  if ('plan' in planned) return planned.plan
  throw new SpaceshipError(planned.refused.code ?? 'configuration', planned.refused.message)
}
