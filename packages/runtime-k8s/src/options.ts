/** Owns the worker's options: one parse, all problems at once. */

import { randomUUID } from 'node:crypto'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { codeOf, type Duration, type Reactor } from '@spaceship/core'
import {
  bare,
  callable,
  called,
  choice,
  count,
  date,
  duration,
  flag,
  isDuration,
  list,
  milliseconds,
  plain,
  port,
  problemsOf,
  record,
  refuse,
  required,
  type ShapesOf,
  text,
  textOr,
  unknownProblems,
} from '@spaceship/core/adapter'
import { createEngine, ENGINE_OPTIONS, type Engine, type EngineOptions } from '@spaceship/core/engine'
import type { Log } from '@spaceship/core/log'
import { type Clock, type DeadLetters, type StateStore, systemClock } from '@spaceship/core/ports'
import { PATIENCE, renewConnections } from '@spaceship/handlers/aws'
import { dynamodbDeadLetters, dynamodbState } from '@spaceship/handlers/dynamodb'
import { READ_INTERVAL } from './consume/index.ts'
import { dynamodbLeases, type Layout, type LeaseTable } from './leases/index.ts'
import { tellingLeases } from './malformed-rows.ts'
import { patientLeases } from './patient-leases.ts'
import { type Start, streamName } from './shards/index.ts'

export interface StreamOptions {
  /** Its name, or its ARN, for one of another account. */
  readonly stream: string
  /** Where a stream starts that has no leases yet; a date is the arrival of the first record, and has passed. @default 'TRIM_HORIZON' */
  readonly start?: 'TRIM_HORIZON' | 'LATEST' | Date
}

/** A stream, as the worker reads it. */
interface StreamSettings {
  /** As the options name it. */
  readonly stream: string
  readonly name: string
  readonly start: Start
  /** Of `AT_TIMESTAMP`. */
  readonly startAt: Date | undefined
}

export interface WorkerOptions extends Omit<EngineOptions, 'reactors' | 'state' | 'deadLetters'> {
  /** Names or ARNs of the streams that are read; the first one has the ticks. */
  readonly streams: readonly (string | StreamOptions)[]
  /** Claims, journals and reminders. @default dynamodbState on the table `<application>-state`, sorted */
  readonly state?: StateStore
  /** @default with the default `state`, dynamodbDeadLetters on the same table */
  readonly deadLetters?: DeadLetters
  /**
   * Makes the lease table, and the default table for state, if they are missing.
   *
   * @default on the embedded spaceship only: elsewhere a missing table fails the start
   */
  readonly create?: boolean
  /**
   * The owner of its leases, in the lease table and in its lines: a pod's name, for instance. A restarted process takes the leases of the one before it back
   * at once. Processes that run with the same one at a time share the leases as others do, and it is told; a KCL fleet takes them for one worker.
   *
   * @default random
   */
  readonly workerId?: string
  /** Who reads which shard, in KCL's lease table. @default a table named as the application, and a failover of 10 s */
  readonly leases?: {
    /** The lease table's name: that of no table of the entities. @default the application */
    readonly table?: string
    /** How long a lease outlives its worker. All workers of an application need the same. @default '10s' */
    readonly failover?: Duration
    /** Shares the rows that a KCL 2.x fleet has in the table with that fleet. @default false */
    readonly migrate?: boolean
    /**
     * With `migrate`: the table in which KCL 3.0 to 3.4 says that its fleet has moved on from 2.x. KCL names it after its application, and so does the
     * default, unless the lease table has another name. Grant dynamodb:GetItem on it, also where it does not exist.
     *
     * @default the lease table's name and `-CoordinatorState`
     */
    readonly coordinatorState?: string
    /**
     * How the rows of a new table name their shards, as KCL does: with the stream, or, for a worker of one stream, without. A table that has rows
     * is used as it is.
     *
     * @default 'multi-stream'
     */
    readonly layout?: Layout
    /**
     * How long a shard may stand still without a reason that has a name (no read is answered, a handler ignores its deadline, a store never
     * answers) before its lease is given up, so that another worker tries. At least twice `failover`, and three times `poll.interval`: less is raised.
     *
     * @default '2m'
     */
    readonly maxStandstill?: Duration
  }
  /** How Kinesis is read. @default once a second where a shard is caught up, and at once where it is not */
  readonly poll?: {
    /** Between two reads of a shard that is caught up. @default '1s' */
    readonly interval?: Duration
    /** Records per read. @default 1_000 */
    readonly limit?: number
  }
  /**
   * Puts the ticks of routes made with `every` into the first stream, each by the worker that holds their shard; grant kinesis:PutRecord. A
   * scheduler that puts them as well does no harm.
   *
   * @default true
   */
  readonly ticks?: boolean
  /** How long handlers may go on after SIGTERM. Shorter than the pod's grace period. @default '20s' */
  readonly drainTimeout?: Duration
  /** How often the streams are looked at for new shards: the end of a shard needs no look. At least 100 ms. @default '1m' */
  readonly shardSync?: Duration
  /** Reads the streams, and puts ticks. @default a client configured by the environment */
  readonly kinesis?: KinesisClient
  /** Of the lease table, and of the default table for state. @default a client configured by the environment */
  readonly dynamodb?: DynamoDBClient
}

export interface WorkerSettings {
  readonly state: StateStore
  readonly streams: readonly StreamSettings[]
  readonly application: string
  /** The worker's id. */
  readonly me: string
  /** Tells this process from others that were given the id, and from those before it: the id, `/` and something random. Undefined if the id is random. */
  readonly process: string | undefined
  readonly leases: LeaseTable
  readonly migrate: boolean
  readonly layout: Layout | undefined
  readonly maxStandstill: number
  /** As the engine's: how long what is down may be that, before it is told at `error`. */
  readonly maxPause: number
  readonly failover: number
  readonly pollInterval: number
  readonly limit: number
  readonly ticks: boolean
  readonly drainTimeout: number
  readonly shardSync: number
  readonly kinesis: KinesisClient
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Log
  /** Nothing is waited for any more, and the clients that were made here are ended. */
  readonly close: () => void
  /** Aborted by `close`. */
  readonly closed: AbortSignal
}

const FAILOVER = 10_000

const client = port('send', 'a client of the SDK')

/** The engine asks for the shapes of its own options. */
export const WORKER = {
  options: bare({
    streams: required(
      list(
        textOr("a stream's name, or { stream: 'name' }", {
          stream: required(text("the stream's name or ARN")),
          start: plain(
            "'TRIM_HORIZON', 'LATEST' or a date",
            (given) => given === 'TRIM_HORIZON' || given === 'LATEST' || date.fits(given),
          ),
        } satisfies ShapesOf<StreamOptions>),
        'at least one Kinesis stream',
        1,
      ),
    ),
    create: flag,
    workerId: text('a text, or none for a random one'),
    // A pause of the process loses leases that are shorter.
    leases: record({
      table: text("the lease table's name"),
      failover: duration('10s', 1_000),
      migrate: flag,
      coordinatorState: text("the name of KCL's table"),
      layout: choice('multi-stream', 'single-stream'),
      maxStandstill: duration('2m', 1_000),
    }),
    // Kinesis takes no more.
    poll: record({ interval: duration('1s'), limit: count(1, 10_000) }),
    ticks: flag,
    drainTimeout: duration('20s'),
    shardSync: duration('1m', 100),
    kinesis: client,
    dynamodb: client,
  } satisfies ShapesOf<Omit<WorkerOptions, keyof EngineOptions>>),
}

/**
 * The engine and the worker's own settings.
 *
 * @throws ConfigurationError that lists every problem of both
 */
export function parseWorkerOptions(
  reactors: readonly Reactor[],
  options: WorkerOptions,
): { readonly engine: Engine; readonly settings: WorkerSettings } {
  const subject = called('worker of', options?.application)
  const problems = [
    ...problemsOf(bare(WORKER), { options }),
    ...unknownProblems(bare({ ...ENGINE_OPTIONS, ...WORKER.options.fields }), options),
    ...togetherProblems(options),
  ]
  const workerId: unknown = options?.workerId
  const isGiven = typeof workerId === 'string' && workerId !== ''
  const me = isGiven ? workerId : randomUUID()
  const process = isGiven ? `${me}/${randomUUID().slice(0, 8)}` : undefined
  try {
    const clients = clientsOf(options)
    const stores = storesOf(options, clients)
    const engine = createEngine({ ...options, ...stores, reactors }, { process: me })
    refuse(subject, problems)
    return { engine, settings: settingsOf(options, engine, { ...clients, ...stores, me, process }) }
  } catch (error) {
    if (problems.length > 0 && codeOf(error) === 'configuration')
      refuse(subject, [...new Set<string>([...Object(error).problems, ...problems])])
    throw error
  }
}

/** A worker may read as many shards at a time. */
const AGENTS = { httpAgent: { maxSockets: 256 }, httpsAgent: { maxSockets: 256 } }

interface Clients {
  readonly kinesis: KinesisClient
  readonly dynamodb: DynamoDBClient
  /** Ends those that were made here. */
  readonly close: () => void
  readonly closed: AbortSignal
}

/** Those that were passed, and others in place of what was left out or is none, which is refused elsewhere. */
function clientsOf(options: WorkerOptions): Clients {
  const { kinesis, dynamodb, leases } = Object(options)
  const failover: unknown = Object(leases).failover
  // The SDK's default is to wait without end. A request that hangs is given up in time for another one within the lease's life.
  const requestTimeout = Math.max(1_000, (isDuration(failover) ? milliseconds(failover) : FAILOVER) / 3)
  const limits = { connectionTimeout: 3_000, throwOnRequestTimeout: true }
  // Over HTTP/2, the SDK's own choice, all shards share one connection and its fate, at a tenth more CPU for a record.
  const ownKinesis = client.fits(kinesis)
    ? undefined
    : new KinesisClient({
        requestHandler: new NodeHttpHandler({ ...limits, ...AGENTS, requestTimeout: PATIENCE }),
      })
  if (client.fits(kinesis)) renewConnections(kinesis)
  const closing = new AbortController()
  const ownDynamoDB = client.fits(dynamodb)
    ? undefined
    : new DynamoDBClient({ requestHandler: { ...limits, requestTimeout } })
  const own = [ownKinesis, ownDynamoDB].filter((made) => made !== undefined)
  for (const made of own) endWith(made, closing.signal)
  return {
    kinesis: ownKinesis ?? kinesis,
    dynamodb: ownDynamoDB ?? dynamodb,
    close: () => {
      closing.abort()
      for (const made of own) made.destroy()
    },
    closed: closing.signal,
  }
}

/** What is under way when a client is ended fails, and the SDK would make it again. */
function endWith({ middlewareStack }: Pick<KinesisClient, 'middlewareStack'>, closed: AbortSignal): void {
  middlewareStack.add(
    (next) => async (args) => {
      closed.throwIfAborted()
      return next(args)
    },
    // Within the SDK's own attempts.
    { step: 'finalizeRequest', priority: 'low', name: 'spaceshipClosed' },
  )
}

/** Whoever passes no state has its table, and dead letters in it. */
function storesOf(
  options: WorkerOptions,
  { dynamodb }: Clients,
): { readonly state: StateStore; readonly deadLetters?: DeadLetters } {
  const { application, state, deadLetters, create } = Object(options)
  if (state !== undefined) return { state, ...(deadLetters === undefined ? {} : { deadLetters }) }
  const making = create === true || create === false ? { create } : {}
  const table = { client: dynamodb, table: `${application}-state`, sorted: true, ...making }
  return { state: dynamodbState(table), deadLetters: deadLetters ?? dynamodbDeadLetters(table) }
}

function settingsOf(
  options: WorkerOptions,
  { logger }: Engine,
  {
    kinesis,
    dynamodb,
    close,
    closed,
    ...stored
  }: Clients & { readonly state: StateStore } & Pick<WorkerSettings, 'me' | 'process'>,
): WorkerSettings {
  const { application, create, leases = {}, poll = {} } = options
  const failover = leases.failover === undefined ? FAILOVER : milliseconds(leases.failover)
  const clock = options.clock ?? systemClock
  const pollInterval = Math.max(READ_INTERVAL, milliseconds(poll.interval ?? '1s'))
  const table = leases.table ?? application
  const migrate = leases.migrate ?? false
  const coordinator = migrate ? (leases.coordinatorState ?? `${table}-CoordinatorState`) : undefined
  return {
    ...stored,
    streams: options.streams.map((listed) => {
      const { stream, start = 'TRIM_HORIZON' } = typeof listed === 'string' ? { stream: listed } : listed
      // What has no name is told by the checks of the start.
      const name = streamName(stream) ?? stream
      return start instanceof Date
        ? { stream, name, start: 'AT_TIMESTAMP', startAt: start }
        : { stream, name, start, startAt: undefined }
    }),
    application,
    leases: tellingLeases(
      patientLeases(dynamodbLeases({ client: dynamodb, table, application, create, coordinator }), {
        clock,
        signal: closed,
      }),
      logger,
    ),
    migrate,
    layout: leases.layout,
    maxStandstill: Math.max(milliseconds(leases.maxStandstill ?? '2m'), 3 * pollInterval, 2 * failover),
    maxPause: milliseconds(options.maxPause ?? '5m'),
    failover,
    pollInterval,
    limit: poll.limit ?? 1_000,
    ticks: options.ticks ?? true,
    drainTimeout: milliseconds(options.drainTimeout ?? '20s'),
    shardSync: milliseconds(options.shardSync ?? '1m'),
    kinesis,
    clock,
    random: options.random ?? Math.random,
    logger,
    close,
    closed,
  }
}

/** DynamoDB's rule. The application's own rule is another: what names it may be no table. */
const TABLE = /^[A-Za-z0-9_.-]{3,255}$/

function togetherProblems(options: WorkerOptions): string[] {
  const { application, streams, leases, clock } = Object(options)
  const all: readonly unknown[] = Array.isArray(streams) ? streams : []
  const names = all.map((listed) => {
    const given = typeof listed === 'string' ? listed : Object(listed).stream
    return typeof given === 'string' ? (streamName(given) ?? given) : given
  })
  return [
    ...names.flatMap((name, i) =>
      name && names.indexOf(name) < i
        ? [`'streams[${i}]' is '${name}', which is listed before: expected each name once`]
        : [],
    ),
    ...futureProblems(all, clock),
    ...(Object(leases).layout === 'single-stream' && names.length > 1
      ? [
          `'leases.layout' is 'single-stream', and 'streams' has ${names.length}: expected one stream, or the layout 'multi-stream'`,
        ]
      : []),
    ...tableProblems(application, Object(leases).table),
    ...coordinatorProblems(Object(leases)),
  ]
}

/** Kinesis reads nothing from a time to come: the first read would be refused, on and on until that time. */
function futureProblems(streams: readonly unknown[], clock: unknown): string[] {
  const known: Clock = callable.fits(Object(clock).now) ? Object(clock) : systemClock
  const moment = known.now()
  return streams.flatMap((listed, i) => {
    const { stream, start } = Object(listed)
    if (!date.fits(start) || !(start.getTime() > moment)) return []
    return [
      `'streams[${i}].start' of '${stream}' is ${start.toISOString()}, which is to come, since it is ${new Date(moment).toISOString()}: expected a date that has passed, or 'LATEST' for what is put from now on`,
    ]
  })
}

function coordinatorProblems({
  coordinatorState: name,
  migrate,
}: Readonly<Record<string, unknown>>): string[] {
  if (typeof name !== 'string' || name === '') return []
  return [
    ...(TABLE.test(name)
      ? []
      : [`'leases.coordinatorState' is '${name}': expected 3 to 255 letters, digits, '_', '-' or '.'`]),
    ...(migrate === true
      ? []
      : [
          "'leases.coordinatorState' is asked with 'leases: { migrate: true }' only: expected both, or neither",
        ]),
  ]
}

/** An application that has no name at all is the engine's problem. */
function tableProblems(application: unknown, table: unknown): string[] {
  const name = table === undefined ? application : table
  if (typeof name !== 'string' || name === '' || TABLE.test(name)) return []
  const [option, advice] =
    table === undefined ? ['application', ", or a table in 'leases.table'"] : ['leases.table', '']
  return [
    `'${option}' is '${name}', which names the lease table: expected 3 to 255 letters, digits, '_', '-' or '.'${advice}`,
  ]
}
