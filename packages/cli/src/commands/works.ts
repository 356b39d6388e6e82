/** Owns what a long piece of work on a project's data stands on: its reactors and stores, on the running ship or in an account. */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Reactor } from '@spaceship/core'
import { type BackfillOptions, type BackfillProgress, createBackfill } from '@spaceship/core/backfill'
import { forPeople, jsonLines } from '@spaceship/core/log'
import type { StateStore } from '@spaceship/core/ports'
import {
  dynamodbDeadLetters,
  dynamodbEntities,
  dynamodbScanner,
  dynamodbState,
} from '@spaceship/handlers/dynamodb'
import type { IndexKeeper } from '@spaceship/handlers/opensearch'
import { type Known, knownOf, variablesOf } from '../project/index.ts'
import { runningShip } from '../ship/index.ts'
import { took, usage } from '../show/index.ts'
import type { Whereabouts } from './mail.ts'
import { projectOf, surroundings } from './project.ts'
import type { Terminal } from './terminal.ts'

/** What the reading of a table takes of it. */
export interface Reading {
  readonly segments?: string
  readonly units?: string
  readonly concurrency?: string
}

export interface Works {
  readonly application: string
  readonly known: Known
  readonly state: StateStore
  readonly keepers: readonly IndexKeeper[]
  /** What a backfill of this project is made with. */
  backfill(
    about: Pick<BackfillOptions, 'reactor' | 'routes' | 'table' | 'run'>,
  ): ReturnType<typeof createBackfill>
}

export async function worksOf(terminal: Terminal, options: Whereabouts & Reading): Promise<Works> {
  const project = await projectOf(terminal, options)
  const { config } = project
  const { application } = config
  const variables = options.account
    ? terminal.variables
    : surroundings(variablesOf(config, (await runningShip(project)).environment, terminal.variables))
  const client = new DynamoDBClient()
  const table = { client, table: `${application}-state`, sorted: true }
  const state = config.state?.(variables) ?? dynamodbState(table)
  const deadLetters = config.deadLetters?.(variables) ?? dynamodbDeadLetters(table)
  const known = knownOf(config, await config.reactors(variables))
  const write = (line: string) => terminal.say(options.json ? line : forPeople(line))
  const logger = jsonLines({ service: application, process: 'spaceship-cli', level: 'warn', write })
  const [segments, unitsPerSecond, concurrency] = [
    counted('--segments', options.segments),
    counted('--units', options.units),
    counted('--concurrency', options.concurrency),
  ]
  return {
    application,
    known,
    state,
    keepers: config.indices?.(variables) ?? [],
    backfill: ({ reactor, ...about }) =>
      createBackfill({
        application,
        reactor,
        ...about,
        state,
        deadLetters,
        logger,
        scanner: dynamodbScanner({ client }),
        entities: dynamodbEntities({ client }),
        concurrency: concurrency ?? 256,
        ...(segments !== undefined && { segments }),
        ...(unitsPerSecond !== undefined && { unitsPerSecond }),
      }),
  }
}

/** @throws SpaceshipError `usage` */
function counted(flag: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  const count = Number(given)
  if (Number.isSafeInteger(count) && count >= 1) return count
  throw usage(`${flag} is '${given}': expected a whole number of at least 1`)
}

/** @throws SpaceshipError `usage` */
export function reactorNamed(known: Known, name: string): Reactor {
  const found = known.reactors.find((reactor) => reactor.name === name)
  if (found !== undefined) return found
  throw usage(
    `no reactor is called '${name}': expected ${known.reactors.map((reactor) => reactor.name).join(', ')}`,
  )
}

/** Milliseconds between two lines about one piece of work. */
const BETWEEN = 1_000

/** @returns says how far a backfill has come, now and then */
export function teller(terminal: Terminal, json = false): (progress: BackfillProgress) => void {
  let told = Number.NEGATIVE_INFINITY
  return (progress) => {
    const now = performance.now()
    if (now - told < BETWEEN) return
    told = now
    terminal.say(json ? JSON.stringify(progress) : progressForPeople(progress))
  }
}

export function progressForPeople(progress: BackfillProgress): string {
  const { rows, size, rowsPerSecond, secondsLeft, units, deadLetters } = progress
  const of = size === undefined || size < rows ? '' : ` of about ${size}`
  const left = secondsLeft === undefined || of === '' ? '' : `, ${took(secondsLeft * 1_000)} left`
  const letters = deadLetters === 0 ? '' : `, ${deadLetters} dead letters`
  return `${rows} rows${of}, ${Math.round(rowsPerSecond)} a second${left}, ${Math.round(units)} read units${letters}`
}

/** Aborted by Control-C: what is under way is kept, and goes on with the same command. */
export function interruption(): AbortSignal & Disposable {
  const stop = new AbortController()
  const end = () => stop.abort(new Error('interrupted'))
  process.once('SIGINT', end).once('SIGTERM', end)
  const dispose = () => void process.off('SIGINT', end).off('SIGTERM', end)
  return Object.assign(stop.signal, { [Symbol.dispose]: dispose })
}
