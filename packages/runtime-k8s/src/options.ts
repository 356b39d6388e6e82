/** Owns the worker's options: one parse, all problems at once. */

import { randomUUID } from 'node:crypto'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import {
  callableProblems,
  codeOf,
  type Duration,
  isDuration,
  milliseconds,
  optionsOf,
  type Reactor,
  refuse,
} from '@spaceship/core'
import { createEngine, type Engine, type EngineOptions } from '@spaceship/core/engine'
import { type Clock, type Logger, silent, systemClock } from '@spaceship/core/ports'
import { dynamodbLeases, type LeaseTable } from './leases/index.ts'
import type { Start } from './shards/index.ts'

export interface StreamOptions {
  readonly stream: string
  /** Where a stream starts that has no leases yet. @default 'TRIM_HORIZON' */
  readonly start?: Start
}

export interface WorkerOptions extends Omit<EngineOptions, 'reactors'> {
  readonly streams: readonly (string | StreamOptions)[]
  /** Unique among the workers of the application. A pod's name with something random, since a restarted container keeps it. @default random */
  readonly workerId?: string
  readonly leases?: {
    /** The lease table's name. @default the application */
    readonly table?: string
    /** How long a lease outlives its worker. All workers of an application need the same. @default '10s' */
    readonly failover?: Duration
  }
  readonly poll?: {
    /** Between two reads of a shard that is caught up. @default '1s' */
    readonly interval?: Duration
    /** Records per read. @default 1_000 */
    readonly limit?: number
  }
  /** How long handlers may go on after SIGTERM. Shorter than the pod's grace period. @default '20s' */
  readonly drainTimeout?: Duration
  /** How often the streams are looked at for new shards. @default '1m' */
  readonly shardSync?: Duration
  /** @default clients configured by the environment */
  readonly kinesis?: KinesisClient
  readonly dynamodb?: DynamoDBClient
}

export interface WorkerSettings {
  readonly streams: readonly Required<StreamOptions>[]
  readonly me: string
  readonly leases: LeaseTable
  readonly failover: number
  readonly pollInterval: number
  readonly limit: number
  readonly drainTimeout: number
  readonly shardSync: number
  readonly kinesis: KinesisClient
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  /** Ends the clients that were made here. */
  readonly close: () => void
}

/** Kinesis allows five reads a second and shard, shared by all applications. */
export const READ_INTERVAL = 200

/**
 * The engine and the worker's own settings.
 *
 * @throws ConfigurationError that lists every problem of both
 */
export function parseWorkerOptions(
  reactors: readonly Reactor[],
  options: WorkerOptions,
): { readonly engine: Engine; readonly settings: WorkerSettings } {
  const subject = `worker of '${options?.application}'`
  const problems = problemsOf(options)
  try {
    const engine = createEngine({ ...options, reactors })
    refuse(subject, problems)
    return { engine, settings: settingsOf(options) }
  } catch (error) {
    if (problems.length > 0 && codeOf(error) === 'configuration')
      refuse(subject, [...new Set<string>([...Object(error).problems, ...problems])])
    throw error
  }
}

function settingsOf(options: WorkerOptions): WorkerSettings {
  const { application, leases = {}, poll = {}, kinesis, dynamodb } = options
  // Without these a connection that hangs holds a lease for ever: the SDK's default is to wait without end.
  const requestHandler = { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true }
  const ownKinesis = kinesis ?? new KinesisClient({ requestHandler: { requestTimeout: 30_000 } })
  const ownDynamoDB = dynamodb ?? new DynamoDBClient({ requestHandler })
  return {
    streams: options.streams.map((listed) => {
      const { stream, start = 'TRIM_HORIZON' } = typeof listed === 'string' ? { stream: listed } : listed
      return { stream, start }
    }),
    me: options.workerId ?? randomUUID(),
    leases: dynamodbLeases({ client: ownDynamoDB, table: leases.table ?? application }),
    failover: milliseconds(leases.failover ?? '10s'),
    pollInterval: Math.max(READ_INTERVAL, milliseconds(poll.interval ?? '1s')),
    limit: poll.limit ?? 1_000,
    drainTimeout: milliseconds(options.drainTimeout ?? '20s'),
    shardSync: milliseconds(options.shardSync ?? '1m'),
    kinesis: ownKinesis,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    logger: options.logger ?? silent,
    close: () => {
      if (kinesis === undefined) ownKinesis.destroy()
      if (dynamodb === undefined) ownDynamoDB.destroy()
    },
  }
}

/** DynamoDB's rule. The application's own rule is another: what names it may be no table. */
const TABLE = /^[A-Za-z0-9_.-]{3,255}$/

function problemsOf(options: WorkerOptions): string[] {
  const problems: string[] = []
  const given = optionsOf(options, problems)
  const { application, streams, drainTimeout, shardSync, workerId } = given
  const leases = optionsOf(given.leases, problems, "'leases'")
  const poll = optionsOf(given.poll, problems, "'poll'")
  problems.push(...callableProblems(given, { kinesis: 'send', dynamodb: 'send' }))
  if (!Array.isArray(streams) || streams.length === 0)
    return [...problems, "'streams' is empty: name at least one Kinesis stream"]
  // What is neither a text nor an object has no name.
  const listed = streams.map((stream: unknown) =>
    typeof stream === 'string' ? { stream, start: undefined } : Object(stream),
  )
  const names = listed.map(({ stream }) => stream)
  const starts = listed.flatMap(({ start }) => (start === undefined ? [] : [start]))
  const durations = {
    'leases.failover': leases.failover,
    'poll.interval': poll.interval,
    drainTimeout,
    shardSync,
  }
  return [
    ...problems,
    ...names
      .filter((name) => !name || typeof name !== 'string')
      .map(() => "a stream has no name: give one, or { stream: 'name' }"),
    ...names
      .filter((name, i) => name && names.indexOf(name) < i)
      .map((name) => `the stream '${name}' is listed twice: keep one`),
    ...starts
      .filter((start) => start !== 'TRIM_HORIZON' && start !== 'LATEST')
      .map((start) => `start '${start}' is not 'TRIM_HORIZON' or 'LATEST'`),
    ...(workerId !== undefined && (workerId === '' || typeof workerId !== 'string')
      ? ["'workerId' is empty: leave it out for a random one"]
      : []),
    ...Object.entries(durations)
      .filter(([, value]) => value !== undefined && !isDuration(value))
      .map(([name, value]) => `'${name}' is '${value}': give a duration such as '10s'`),
    ...tableProblems(application, leases.table),
    ...(leases.failover !== undefined && isDuration(leases.failover) && milliseconds(leases.failover) < 1_000
      ? [`'leases.failover' is ${leases.failover}: below a second a pause of the process loses leases`]
      : []),
    ...(poll.limit !== undefined && !(Number.isInteger(poll.limit) && poll.limit >= 1 && poll.limit <= 10_000)
      ? [`'poll.limit' is ${poll.limit}: Kinesis takes 1 to 10,000`]
      : []),
  ]
}

/** An application that has no name at all is the engine's problem. */
function tableProblems(application: string, table: string | undefined): string[] {
  const name = table === undefined ? application : table
  if (table === undefined && (!name || typeof name !== 'string')) return []
  if (typeof name === 'string' && TABLE.test(name)) return []
  const origin = table === undefined ? ', named as the application,' : ''
  return [
    `the lease table '${name}'${origin} needs 3 to 255 letters, digits, '_', '-' or '.': give 'leases.table'`,
  ]
}
