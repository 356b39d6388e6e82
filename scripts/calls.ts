/**
 * One right call of every public function, with every option that it knows: what a caller without types may get wrong. Of what
 * they return, what declares something is called as well; where several stand in one spot, `name (how)`.
 */

import type { RedriveOptions } from '../packages/core/src/engine.ts'
import { createEngine, createRedrive, describe, tickEnvelope } from '../packages/core/src/engine.ts'
import {
  batch,
  encodePublished,
  entity,
  event,
  handler,
  isDuration,
  type ReactorOptions,
  type RouteOptions,
  reactor,
  reminder,
  route,
} from '../packages/core/src/index.ts'
import {
  memoryDeadLetters,
  memoryEntities,
  memoryEvents,
  memoryReferences,
  memoryScheduler,
  memoryState,
  virtualClock,
} from '../packages/core/src/memory/index.ts'
import { systemClock } from '../packages/core/src/ports/index.ts'
import { createReminders } from '../packages/core/src/reminders/index.ts'
import { type Harness, type HarnessOptions, harness } from '../packages/core/src/testing/index.ts'
import {
  createStateTable,
  dynamodbDeadLetters,
  dynamodbEntities,
  dynamodbState,
} from '../packages/handlers/src/dynamodb/index.ts'
import { kinesisSink, publisher } from '../packages/handlers/src/kinesis/index.ts'
import { createSearch, searchWith } from '../packages/handlers/src/opensearch/index.ts'
import { redisReferences } from '../packages/handlers/src/redis/index.ts'
import { eventBridgeScheduler } from '../packages/handlers/src/scheduler/index.ts'
import { createSlack, slackWith } from '../packages/handlers/src/slack/index.ts'
import { memorySearch, memorySlack } from '../packages/handlers/src/testing/index.ts'
import { faultSource } from '../packages/local/src/faults/index.ts'
import { type LaunchOptions, launch } from '../packages/local/src/index.ts'
import { startLambda } from '../packages/local/src/lambda/index.ts'
import { type WorkerOptions, worker } from '../packages/runtime-k8s/src/index.ts'
import { type LambdaOptions, lambda } from '../packages/runtime-lambda/src/index.ts'

export interface Call {
  // What a caller without types can do: call anything with anything.
  readonly call: (...args: never) => unknown
  readonly args: readonly unknown[]
  /** What comes of it. @default 'works' */
  readonly rightly?: 'works' | 'refused'
  /** Codes of errors that are about data, not about configuration. */
  readonly answers?: readonly string[]
  /** Kinds that also work in a spot, such as `0.key`; 'anything' for values that are the caller's own. */
  readonly accepts?: Readonly<Record<string, readonly string[]>>
}

const schema = {
  '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
} as const
const client = { send: () => {}, transport: { request: () => {} } }
/** Says that the table is there: nothing is waited for. */
const existing = {
  send: () => Promise.reject(Object.assign(new Error(), { name: 'ResourceInUseException' })),
}
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
// The schema does not say which attributes there are.
const Client = entity('client', { table: 'clients', key: 'id' as never, schema })
const joined = Client.created('joined')
const paid = event('paid', { schema, key: () => 'k' })
const due = reminder('due', { payload: schema, key: () => 'k' })
const greeter = () => reactor('greeter').on('greet', joined, () => {})
const made = greeter()
const welcome = route('welcome', joined, () => {})
const ports = {
  state: memoryState(),
  deadLetters: memoryDeadLetters(),
  entities: memoryEntities(),
  events: memoryEvents(),
  references: memoryReferences(),
  scheduler: memoryScheduler(),
}

/** Taken as wholes: what is inside of them is their maker's affair. */
export const leaves: ReadonlySet<unknown> = new Set<unknown>([
  ...[schema, client, existing, logger, Client, joined, paid, due, made, welcome, systemClock],
  ...Object.values(ports),
])

const engine = {
  application: 'app',
  state: ports.state,
  deadLetters: ports.deadLetters,
  entities: ports.entities,
  events: ports.events,
  clock: systemClock,
  random: () => 0,
  logger,
  concurrency: 2,
  middleware: [(_event: unknown, _context: unknown, next: () => unknown) => next()],
  observe: () => {},
  maxAhead: { records: 9, bytes: 9, age: '5m' },
  maxRecordBytes: 9,
  maxPause: '5m',
  maxClockSkew: '2s',
  retention: '8d',
} satisfies Required<Omit<LambdaOptions, 'exit'>>

const { faults } = faultSource(1)

const retry = { attempts: 3, base: '1s', max: '1m' } as const
const routeOptions = {
  effect: 'claim',
  retry,
  whenExhausted: 'park',
  timeout: '30s',
  concurrency: 2,
  rate: '10/s',
  stale: 'skip',
  formerly: ['old'],
} satisfies Required<RouteOptions>

const about = {
  effect: 'claim',
  needs: [{ verb: 'pages', target: 'me', dependency: 'pager', application: 'a' }],
}
const at = new Date('2026-01-01T00:00:00Z')

const right = (call: Call['call'], ...args: readonly unknown[]): Call => ({ call, args })

/** Whose value is the caller's own. */
const own = ['anything']

/** A method of a harness whose reactor has seen one client. */
function bench(
  method: Exclude<keyof Harness, 'now' | 'trail' | 'records' | 'pending' | 'deadLetters' | 'reminders'>,
  args: readonly unknown[],
  accepts: Call['accepts'] = {},
): Call {
  const call = async (...given: never) => {
    const ship = harness(() => greeter().every('count', { each: '5m' }, () => {}))
    // As above: the schema does not say which attributes there are.
    await ship.put(Client, { id: 'a' } as never)
    const run: (...args: never) => unknown = ship[method]
    await run(...given)
  }
  return {
    call,
    args,
    accepts,
    answers: ['attributes', 'duration', 'expectation', 'key', 'no-letter', 'no-row', 'schema'],
  }
}

export const calls: Readonly<Record<string, Call>> = {
  'core entity': {
    ...right(entity, 'client', {
      table: 'clients',
      key: { partition: 'id', sort: 'no' },
      schema,
      when: { kind: 'client' },
      version: 'version',
      upgrade: (raw: unknown) => raw,
      numbers: 'lossless',
    }),
    accepts: { '1.key': ['text'], '1.when.kind': own },
  },
  'core entity (created)': right(Client.created, 'joined'),
  'core entity (saved)': right(Client.saved, 'saved'),
  'core entity (changed)': {
    ...right(Client.changed, 'upgraded', { plan: { from: 'trial', to: ['paid'] } }),
    accepts: { '1.plan': ['function'], '1.plan.from': own, '1.plan.to': own, '1.plan.to.0': own },
  },
  'core entity (removed)': right(Client.removed, 'left', { by: 'ttl' }),
  'core event': right(event, 'paid', { schema, key: () => 'k' }),
  'core reminder': right(reminder, 'due', { payload: schema, key: () => 'k' }),
  'core reminder (unless)': right(
    due.unless,
    Client,
    () => 'k',
    () => false,
  ),
  'core reactor': right(reactor, 'greeter', {
    retry,
    whenExhausted: 'park',
    middleware: [() => {}],
  } satisfies Required<ReactorOptions>),
  'core reactor (on)': right(
    (...args: Parameters<typeof made.on>) => greeter().on(...args),
    'see',
    [joined, paid],
    handler({ effect: 'claim' }, () => {}),
    routeOptions,
  ),
  'core reactor (on, a handler with needs)': {
    ...right(
      (needs: never) =>
        greeter().on(
          'see',
          joined,
          Object.assign(() => {}, { needs }),
        ),
      about.needs,
    ),
    accepts: { '0.0.dependency': own, '0.0.application': own },
  },
  'core reactor (every)': right(
    (...args: Parameters<typeof made.every>) => greeter().every(...args),
    'count',
    { each: '5m', delay: '30s', catchUp: 'all' },
    () => {},
    routeOptions,
  ),
  'core reactor (use)': right((added: never) => greeter().use(added), {
    id: 'see',
    events: [joined],
    handler: () => {},
    options: routeOptions,
  }),
  'core route': right(
    (...args: Parameters<typeof route>) => greeter().use(route(...args)),
    'see',
    [joined, paid],
    () => {},
    routeOptions,
  ),
  'core handler': {
    ...right(
      (...args: Parameters<typeof handler>) => greeter().on('see', joined, handler(...args)),
      about,
      () => {},
    ),
    accepts: { '0.needs.0.dependency': own, '0.needs.0.application': own },
  },
  'core batch': right(batch, { size: 5, within: '100ms' }, () => {}),
  'core isDuration': { ...right(isDuration, '5m'), accepts: { 0: own } },
  'core encodePublished': {
    ...right(encodePublished, paid, {}, { id: 'i', source: 's', time: at }),
    accepts: { 1: own },
  },
  'core/engine createEngine': right(createEngine, { ...engine, reactors: [made] }),
  'core/engine describe': right(describe, made),
  'core/engine createRedrive': right(createRedrive, {
    application: 'app',
    deadLetters: ports.deadLetters,
    events: ports.events,
    clock: systemClock,
  } satisfies Required<RedriveOptions>),
  'core/engine createRedrive (letters)': right(
    createRedrive({ application: 'app', ...ports }).letters,
    () => true,
  ),
  'core/engine tickEnvelope': right(tickEnvelope, { application: 'app', route: 'a/b', scheduled: 'now' }),
  'core/memory memoryDeadLetters': right(memoryDeadLetters),
  'core/memory memoryEntities': right(memoryEntities),
  'core/memory memoryEvents': right(memoryEvents, () => {}),
  'core/memory memoryReferences': right(memoryReferences, { clock: systemClock }),
  'core/memory memoryScheduler': right(memoryScheduler),
  'core/memory memoryState': right(memoryState, { clock: systemClock }),
  'core/memory virtualClock': { ...right(virtualClock, at), accepts: { 0: ['number'] } },
  'core/reminders createReminders': right(createReminders, {
    application: 'app',
    state: ports.state,
    scheduler: ports.scheduler,
    references: ports.references,
    clock: systemClock,
    maxLateness: '1d',
    retention: '8d',
    maxClockSkew: '2s',
  } satisfies Required<Parameters<typeof createReminders>[0]>),
  'core/reminders createReminders (schedule)': right(
    createReminders({ application: 'app', ...ports }).schedule,
    due,
    { in: '3d', payload: () => ({}) },
  ),
  'core/reminders createReminders (cancel)': right(
    createReminders({ application: 'app', ...ports }).cancel,
    due,
    () => 'k',
  ),
  'core/testing harness': right(harness, greeter, {
    application: 'app',
    start: at,
    failover: '10s',
    patience: 5,
    concurrency: 2,
    logger,
    maxAhead: engine.maxAhead,
    maxClockSkew: '2s',
    maxPause: '5m',
    maxRecordBytes: 9,
    middleware: [],
    observe: () => {},
    random: () => 0,
    retention: '8d',
  } satisfies Required<HarnessOptions>),
  'core/testing harness (put)': bench('put', [Client, { id: 'a' }], { '1.id': own }),
  'core/testing harness (update)': bench('update', [Client, 'a', { id: 'a', plan: 'paid' }], {
    1: own,
    '2.id': own,
    '2.plan': own,
  }),
  'core/testing harness (remove)': bench('remove', [Client, { id: 'a' }, { by: 'ttl' }], {
    1: own,
    '1.id': own,
  }),
  'core/testing harness (expire)': bench('expire', [Client, 'a'], { 1: own }),
  'core/testing harness (publish)': bench('publish', [paid, {}, { id: 'p' }], { 1: own }),
  'core/testing harness (deliver)': bench('deliver', ['{}'], { 0: own }),
  'core/testing harness (advance)': bench('advance', ['1m'], { 0: own }),
  'core/testing harness (tick)': bench('tick', ['greeter/count']),
  'core/testing harness (redeliver)': bench('redeliver', [{ as: 'crash' }]),
  'core/testing harness (shuffle)': bench('shuffle', [async () => {}, { seed: 1 }]),
  'core/testing harness (crash)': bench('crash', ['effect']),
  'core/testing harness (redrive)': bench('redrive', ['all'], { 0: own }),
  'core/testing harness (expect)': bench('expect', ['greeter/greet', { key: 'a', runs: 1 }], {
    '1.key': own,
    '1.runs': own,
  }),
  'handlers/slack createSlack': right(createSlack, {
    token: 'xoxb',
    apiUrl: 'https://slack.com/api',
    format: 'mrkdwn',
    timeout: '10s',
    fetch: () => {},
  }),
  'handlers/slack createSlack (webhooks)': right(createSlack, {
    webhooks: { '#a': 'https://hooks.slack.com/a' },
  }),
  'handlers/slack slackWith': right(slackWith, async () => {}),
  'handlers/slack slackWith (notify)': {
    ...right(slackWith(async () => {}).notify, {
      channel: '#a',
      text: () => 'hello',
    }),
    accepts: { '0.channel': ['function'] },
  },
  'handlers/opensearch createSearch': right(createSearch, { client }),
  'handlers/opensearch searchWith': right(searchWith, {
    put: () => {},
    delete: () => {},
    search: () => {},
    count: () => {},
  }),
  'handlers/opensearch searchWith (index)': right(memorySearch().index, {
    index: 'docs',
    id: () => 'a',
    document: () => ({}),
  }),
  'handlers/opensearch searchWith (remove)': right(memorySearch().remove, { index: 'docs', id: () => 'a' }),
  'handlers/testing memorySearch': right(memorySearch),
  'handlers/testing memorySlack': right(memorySlack),
  'handlers/dynamodb createStateTable': right(createStateTable, {
    client: existing,
    table: 't',
    sorted: true,
  }),
  'handlers/dynamodb dynamodbDeadLetters': right(dynamodbDeadLetters, { client, table: 't', sorted: true }),
  'handlers/dynamodb dynamodbEntities': right(dynamodbEntities, { client }),
  'handlers/dynamodb dynamodbState': right(dynamodbState, {
    client,
    table: 'tab',
    sorted: true,
    batched: true,
    now: Date.now,
    sleep: systemClock.sleep,
  }),
  'handlers/kinesis kinesisSink': right(kinesisSink, {
    client,
    stream: 's',
    attempts: 3,
    clock: systemClock,
    random: () => 0,
  }),
  'handlers/kinesis publisher': right(publisher, { client, stream: 's', source: 'billing' }),
  'handlers/scheduler eventBridgeScheduler': right(eventBridgeScheduler, {
    client,
    streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/ingress',
    roleArn: 'arn:aws:iam::000000000000:role/scheduler',
    group: 'default',
    now: Date.now,
  }),
  'handlers/redis redisReferences': right(redisReferences, { command: async () => null, prefix: 'mine:' }),
  'runtime-lambda lambda': {
    ...right(lambda, [made], {
      ...engine,
      exit: () => {},
    } satisfies Required<LambdaOptions>),
    accepts: { 0: ['function'] },
  },
  'runtime-k8s worker': {
    ...right(worker, [made], {
      ...engine,
      streams: ['a', { stream: 'b', start: 'LATEST' }],
      workerId: 'me',
      leases: { table: 'leases', failover: '10s' },
      poll: { interval: '1s', limit: 9 },
      drainTimeout: '20s',
      shardSync: '1m',
      // Only `send` is used of a client.
      kinesis: client as never,
      dynamodb: client as never,
    } satisfies Required<WorkerOptions>),
    accepts: { '1.streams.1': ['text'] },
  },
  'local launch': {
    ...right(launch, {
      tables: [
        {
          name: 'clients',
          key: { partition: 'id', sort: 'no' },
          types: { id: 'S' },
          stream: 's',
          precision: 'MICROSECOND',
          timeToLive: 'expiresAt',
        },
        // Two that cannot be, so that nothing is started whichever spot is replaced.
        { name: '!', key: 'id' },
      ],
      streams: ['s', { name: '!', shards: 1 }],
      ports: { slack: 0 },
      seed: 1,
      region: 'us-east-1',
      timeScale: 1,
      log: () => {},
    } satisfies Required<LaunchOptions>),
    rightly: 'refused',
  },
  'local launch (lambda)': {
    ...right(startLambda, {
      // Two that cannot be, so that nothing is started whichever spot is replaced.
      handler: '/nowhere/index.mjs',
      batchSize: 0,
      exportName: 'handler',
      functionName: 'f',
      stream: 's',
      kinesis: {},
      environment: { A: 'b' },
      execArgv: ['--enable-source-maps'],
      batchingWindowMs: 0,
      timeoutMs: 1,
      maximumRetryAttempts: 1,
      maximumRecordAgeSeconds: 60,
      bisectBatchOnFunctionError: true,
      startingPosition: 'LATEST',
      pollIntervalMs: 1,
      retryBackoffMs: 1,
      onFailure: () => {},
      log: () => {},
      clock: systemClock,
    } satisfies Required<Parameters<typeof startLambda>[0]>),
    rightly: 'refused',
  },
  'local launch (faults.duplicate)': right(faults.duplicate, 0.2),
  'local launch (faults.reorder)': right(faults.reorder, 3),
  'local launch (faults.delay)': right(faults.delay, 3),
  'local launch (faults.throttle)': right(faults.throttle, { kinesis: 0.1, putRecords: 0.1, dynamodb: 0.1 }),
}
