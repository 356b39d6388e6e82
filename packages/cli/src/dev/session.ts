/**
 * Owns a session of `spaceship dev`: the embedded ship, and versions of the project that follow one another in it.
 *
 * ```
 *  read project ─> launch ship ─> bundle ─> run ─┬─ a file changes ─> read project, bundle ─┬─ equal code: as before
 *        │ it does not compile: say so, and      │                                          ├─ does not compile: say so, the former version runs on
 *        └ wait for a change                     │                                          ├─ does not start: say so, the former version again
 *                                                │                                          └─ run it: what is in flight ends first
 *                                                ├─ the process ends by itself: say so, and run what the next change leaves
 *                                                └─ SIGINT, SIGTERM ─> drain ─> close the ship
 * ```
 */

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { SpaceshipError } from '@spaceship/core'
import { launch, type Spaceship } from '@spaceship/local'
import { type Bundle, type Bundler, bundler, conditionsIn, offline, variablesOf } from '../project/index.ts'
import { announce, runningShip } from '../ship/index.ts'
import { beside } from './beside.ts'
import { changesIn } from './changes.ts'
import { lambdaRuntime } from './lambda.ts'
import { provideMachines } from './machines.ts'
import { type Plan, planOf } from './plan.ts'
import type { Runtime, Variables } from './runtime.ts'
import { ticksOn } from './ticks.ts'
import { type Happened, listenForTrail } from './trail.ts'
import { workerRuntime } from './worker.ts'

export interface SessionOptions {
  /** The project: its config, its folder, where the session keeps what it makes. */
  readonly file: string
  readonly root: string
  readonly folder: string
  readonly runtime: 'worker' | 'lambda'
  /** Where the ship keeps its data. @default in memory */
  readonly data: string | undefined
  readonly variables: Readonly<Record<string, string | undefined>>
  /** Ends the session. */
  readonly signal: AbortSignal
  readonly hear: Heard
}

/** What a session tells whoever watches it. */
export interface Heard {
  flying(ship: Pick<Spaceship, 'endpoints'>, plan: Plan): void
  running(plan: Plan, again: boolean): void
  told(told: Happened, plan: Plan): void
  printed(line: string): void
  said(text: string): void
  /** What keeps a version from running. */
  refused(error: unknown, former: boolean): void
  posted(channel: string, text: string): void
}

export async function session(options: SessionOptions): Promise<void> {
  const { file, root, folder, variables, signal, hear } = options
  await refuseAnother(options)
  const data = options.data === undefined ? undefined : resolve(root, options.data)
  await using changes = await changesIn(root, data === undefined ? [] : [data])
  // Never rejects: a watcher that cannot be closed watches on, and the process ends.
  const end = () => void changes.close().catch(() => {})
  signal.addEventListener('abort', end, { once: true })
  const read = () => planOf(file, variablesOf({}, offline, variables))

  /** The first plan that can be read: before it there is nothing to launch. */
  async function first(): Promise<Plan | undefined> {
    for (;;) {
      try {
        return await read()
      } catch (error) {
        hear.refused(error, false)
      }
      if ((await changes.next()) === undefined) return undefined
    }
  }

  let plan = await first()
  if (plan === undefined || signal.aborted) return
  const { tables, streams, ports } = plan
  await using ship = await launch({ tables, streams, ports, ...(data === undefined ? {} : { data }) })
  const flown = plan
  let begun = false
  const machines = ship.clientConfig('stepFunctions')
  await provideMachines(machines, flown)
  await using trail = await listenForTrail((told) => {
    if (told.kind === 'routes') compare(told.routes)
    else hear.told(told, plan ?? flown)
  })
  const environment = { ...ship.environment, SPACESHIP_TRAIL: trail.path }
  const withdraw = announce(
    { folder },
    { pid: process.pid, application: flown.application, environment: ship.environment },
  )
  using ticks = ticksOn(ship.clientConfig('kinesis'), hear.said)
  tellOfMessages(ship, hear)
  hear.flying(ship, flown)
  try {
    await using crew = await crewOf(options, flown, ship)
    let version: Version | undefined
    let refused = false
    for (;;) {
      const { next, error } = await attempt(() => crew.bundler.bundle(version?.bundle))
      const seen = variablesOf(plan, environment, variables)
      // What was wrong may be mended by a change that is none of the bundle's.
      if (crew.runtime.ended) version = undefined
      if (next === undefined) {
        hear.refused(error, version !== undefined)
        refused = true
      } else if (next.version !== version?.bundle.version || !isDeepStrictEqual(seen, version.variables)) {
        // A worker puts its own.
        if (options.runtime === 'lambda') ticks.follow(plan)
        version = await follow(crew.runtime, { bundle: next, variables: seen }, version)
        refused = false
      } else if (refused) {
        hear.said('it compiles again: the same version runs on')
        refused = false
      }
      // What is bundled before the plan is right would only fail again, in the place of what runs.
      for (;;) {
        if ((await changes.next()) === undefined || signal.aborted) return
        const renewed = await attempt(async () => {
          const next = await read()
          await ship.provide(next)
          await provideMachines(machines, next)
          return next
        })
        plan = renewed.next ?? plan
        if (renewed.next !== undefined) break
        hear.refused(renewed.error, version !== undefined && !crew.runtime.ended)
        refused = true
      }
    }
  } finally {
    withdraw()
  }

  /** A route that the config has and the module does not run would never fire, without a word. */
  function compare(run: readonly string[]): void {
    const { routes } = plan ?? flown
    const missing = routes.filter((route) => !run.includes(route))
    const [module, list] = [options.runtime === 'worker' ? flown.worker : flown.lambda, missing.join(', ')]
    if (missing.length > 0)
      hear.said(`the config has ${list}: ${module} does not run ${missing.length === 1 ? 'it' : 'them'}`)
  }

  /** @returns the version that runs now */
  async function follow(
    runtime: Runtime,
    next: Version,
    former: Version | undefined,
  ): Promise<Version | undefined> {
    const { error } = await attempt(() => runtime.run(next.bundle, next.variables))
    if (error === undefined) {
      hear.running(plan ?? flown, begun)
      begun = true
      return next
    }
    hear.refused(error, former !== undefined)
    if (former === undefined || signal.aborted) return undefined
    const { error: again } = await attempt(() => runtime.run(former.bundle, former.variables))
    if (again !== undefined) hear.refused(again, false)
    return again === undefined ? former : undefined
  }
}

/** What runs, and what it sees of the world. */
interface Version {
  readonly bundle: Bundle
  readonly variables: Variables
}

/** Two ships of one project: commands would find the one that was started last, for as long as it runs. */
async function refuseAnother(project: Pick<SessionOptions, 'folder' | 'root'>): Promise<void> {
  const { next: other } = await attempt(() => runningShip(project))
  if (other !== undefined)
    throw new SpaceshipError(
      'usage',
      `a ship of this project runs already, in the process ${other.pid}: expected one at a time; end it first`,
    )
}

async function attempt<T>(work: () => Promise<T>): Promise<{ readonly next?: T; readonly error?: unknown }> {
  try {
    return { next: await work() }
  } catch (error) {
    return { error }
  }
}

interface Crew extends AsyncDisposable {
  readonly runtime: Runtime
  readonly bundler: Bundler
}

/** What makes versions, and what runs them. */
async function crewOf(
  { root, folder, runtime: kind, signal, hear }: SessionOptions,
  plan: Plan,
  ship: Spaceship,
): Promise<Crew> {
  const entry = resolve(root, kind === 'worker' ? plan.worker : plan.lambda)
  if (!existsSync(entry))
    throw new SpaceshipError(
      'usage',
      `${entry} does not exist: expected the module that runs the reactors as a ${kind}; name another by '${kind}' in the config, or choose the other --runtime`,
    )
  const conditions = conditionsIn(process.execArgv)
  const form = kind === 'worker' ? 'beside' : 'function'
  const making = await bundler({ entry, root, folder, form, conditions })
  const told = ['--enable-source-maps', '--import', beside('told').href]
  const options = {
    streams: plan.streams,
    execArgv: [...process.execArgv, ...told],
    print: hear.printed,
    signal,
    say: hear.said,
  }
  const runtime = kind === 'worker' ? workerRuntime(options) : lambdaRuntime(ship, plan.application, options)
  return {
    runtime,
    bundler: making,
    [Symbol.asyncDispose]: async () => {
      await runtime[Symbol.asyncDispose]()
      await making[Symbol.asyncDispose]()
    },
  }
}

/** Longer than any session, and no more than a timer takes. */
const EVER = 2 ** 31 - 1

/** Says what the reactors have posted. */
function tellOfMessages({ slack }: Pick<Spaceship, 'slack'>, hear: Heard): void {
  const heard = new Set<unknown>(slack.messages)
  const wait = async (): Promise<void> => {
    const message = await slack.waitFor((one) => !heard.has(one), { timeoutMs: EVER })
    heard.add(message)
    hear.posted(message.channel, message.text)
    return wait()
  }
  // The ship has been closed, or a month has passed.
  wait().catch(() => {})
}
