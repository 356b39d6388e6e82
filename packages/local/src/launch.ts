/**
 * The embedded spaceship: every endpoint in this process, on 127.0.0.1.
 *
 * ```
 *             ┌ dynamodb ─► pipe ─┐
 * your code ─►┤                   ├─► kinesis ─► your reactors ─► search, slack
 *             ├ scheduler ────────┤              (worker or lambda)
 *             └ stepFunctions ────┘
 * ```
 * Closed against the flow, so that nothing is lost: first what calls, then what carries, then what answers.
 */

import { devNull } from 'node:os'
import { SpaceshipError } from '@spaceship/core'
import { type Endpoint, type LaunchOptions, type Plan, planOf } from './configuration.ts'
import { openData } from './data/index.ts'
import { startDynamodb } from './dynamodb/index.ts'
import { upstreamOf } from './emulator/index.ts'
import { type Faults, faultSource } from './faults/index.ts'
import type { AwsCall } from './http/index.ts'
import { startKinesis } from './kinesis/index.ts'
import { functionNameOf, type LambdaOptions, type Mapping, startLambda } from './lambda/index.ts'
import { outboxIn, pipe } from './pipe/index.ts'
import { provision } from './provision.ts'
import { type S3, startS3 } from './s3/index.ts'
import { type Scheduler, startScheduler } from './scheduler/index.ts'
import { type Search, startSearch } from './search/index.ts'
import { type Slack, startSlack } from './slack/index.ts'
import { type Sns, startSns } from './sns/index.ts'
import { type Sqs, startSqs } from './sqs/index.ts'
import { type StepFunctions, startStepFunctions } from './step-functions/index.ts'

/** Ready for `new KinesisClient(...)` and its like. */
export interface ClientConfig {
  readonly endpoint: string
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Of S3: nobody resolves a host for each bucket here. */
  readonly forcePathStyle: true
  /** Whatever the variables of this process say: there is one endpoint. */
  readonly useFipsEndpoint: false
  readonly useDualstackEndpoint: false
}

type AwsService = Exclude<Endpoint, 'search' | 'slack'>

export interface Spaceship extends AsyncDisposable {
  /** The URLs, each on 127.0.0.1. */
  readonly endpoints: Readonly<Record<Endpoint, string>>
  /** For child processes: what the AWS SDKs and the examples read. */
  readonly environment: Readonly<Record<string, string>>
  readonly faults: Faults
  /** Of the fault switches' random numbers: launch with it again to repeat a run. */
  readonly seed: number
  readonly search: Search
  readonly slack: Slack
  readonly scheduler: Scheduler
  readonly stepFunctions: StepFunctions
  readonly s3: S3
  readonly sqs: Sqs
  readonly sns: Sns
  clientConfig(service: AwsService): ClientConfig
  /**
   * Runs a Lambda function on one of the streams, until its mapping or the spaceship is closed. It sees `environment`, and
   * what the options add to it.
   *
   * @throws ConfigurationError with all problems of the options
   * @throws SpaceshipError `local-closed` once the spaceship is closed
   * @example
   * const mapping = await ship.lambda({ handler: '/app/lambda.mjs', stream: 'clients-cdc' })
   * await mapping.idle()
   */
  lambda(options: ShipLambdaOptions): Promise<Mapping>
  /**
   * Makes the tables and streams that the spaceship does not have yet; one of a known name stays as it is.
   *
   * @throws ConfigurationError with every problem of the options at once
   * @example
   * await ship.provide({ tables: [{ name: 'orders', key: 'id', stream: 'clients-cdc' }] })
   */
  provide(more: Pick<LaunchOptions, 'tables' | 'streams'>): Promise<void>
  /** Resolves once every change that was captured so far has arrived in its stream. What goes to a stream that was deleted is not waited for. */
  settled(): Promise<void>
  /**
   * Deletes now what expires by `now` (milliseconds since 1970), as DynamoDB's time to live would: how many items.
   *
   * @default the present
   */
  expire(now?: number): Promise<number>
  /** Stops everything; changes on their way still arrive. Repeated calls share one end. */
  close(): Promise<void>
}

/** {@link LambdaOptions} without what the spaceship knows by itself. */
export type ShipLambdaOptions = Omit<LambdaOptions, 'kinesis'>

const CLIENT = { forcePathStyle: true, useFipsEndpoint: false, useDualstackEndpoint: false } as const
const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' }

/**
 * Starts the embedded spaceship and creates its tables and streams. With `data` it holds what the last launch on that folder held.
 *
 * @throws ConfigurationError with every problem of the options at once
 * @throws SpaceshipError `local-port` if a fixed port is taken; of the folder `data`: `local-data-taken` while another spaceship uses
 *   it, `local-data-foreign` for one with other files, `local-data-version` for one of another version, `local-data` for one that
 *   cannot be used, `local-data-differs` if it has a table with another key or stream than `tables`
 * @example
 * import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
 * await using ship = await launch({ tables: [{ name: 'clients', key: 'id', stream: 'clients-cdc' }] })
 * const dynamodb = new DynamoDBClient(ship.clientConfig('dynamodb'))
 */
export async function launch(options: LaunchOptions = {}): Promise<Spaceship> {
  const plan = planOf(options)
  const { emulators: shared, region = 'us-east-1', ports = {}, log = () => {}, timeScale = 1 } = options
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31)
  const source = faultSource(seed)
  const closers: (() => Promise<unknown>)[] = []
  const keep = <T extends { close(): Promise<unknown> }>(part: T): T => {
    closers.unshift(() => part.close())
    return part
  }

  const data = openData(options.data)
  closers.unshift(async () => data.close())
  try {
    // Beside that of Kinesis: it takes about as long.
    const dynalite = upstreamOf('dynalite', { file: data.file('dynamodb.sqlite'), shared })
    closers.unshift(() =>
      dynalite.then(
        ({ close }) => close(),
        () => {},
      ),
    )
    const kinesis = keep(
      await startKinesis({
        faults: source,
        file: data.file('kinesis.sqlite'),
        emulators: shared,
        region,
        ...portOf(ports.kinesis),
      }),
    )
    const way = keep(pipe({ call: kinesis.call, faults: source, log, outbox: outboxIn(data.database) }))
    const dynamodb = keep(
      await startDynamodb({
        faults: source,
        pipe: way,
        kinesis: kinesis.call,
        region,
        upstream: dynalite,
        emulators: shared,
        data,
        ...portOf(ports.dynamodb),
      }),
    )
    const search = keep(await startSearch({ file: data.file('search.sqlite'), ...portOf(ports.search) }))
    const slack = keep(await startSlack({ shelf: data.shelf('slack'), ...portOf(ports.slack) }))
    const scheduler = keep(
      await startScheduler({
        put: putInto(kinesis.call),
        timeScale,
        shelf: data.shelf('schedules'),
        ...portOf(ports.scheduler),
      }),
    )
    const s3 = keep(await startS3({ shelf: data.shelf('s3'), ...portOf(ports.s3) }))
    const sqs = keep(await startSqs({ region, shelf: data.shelf('sqs'), ...portOf(ports.sqs) }))
    const sns = keep(
      await startSns({ region, deliver: sqs.deliver, shelf: data.shelf('sns'), ...portOf(ports.sns) }),
    )
    const functions = new Map<string, Mapping>()
    const stepFunctions = keep(
      await startStepFunctions({
        kinesis: kinesis.call,
        invoke: (name, event) => functions.get(name)?.invoke(event),
        queue: sqs.deliver,
        region,
        timeScale,
        shelves: { machines: data.shelf('state-machines'), executions: data.shelf('executions') },
        ...portOf(ports.stepFunctions),
      }),
    )
    const services = {
      dynamodb: dynamodb.call,
      kinesis: kinesis.call,
      begun: data.shelf('provision'),
      keeps: data.database !== undefined,
    }
    await provision(plan, services)
    const known = new Set(namesOf(plan))

    const endpoints = urlsOf({ dynamodb, kinesis, search, slack, scheduler, stepFunctions, s3, sqs, sns })
    log(`spaceship: fault seed ${seed}`)
    if (data.folder !== undefined) log(`spaceship: data in ${data.folder}`)
    for (const [name, url] of Object.entries(endpoints)) log(`spaceship: ${name} at ${url}`)

    let closing: Promise<void> | undefined
    const close = () => {
      // A throttled or delayed pipe could not drain.
      source.faults.clear()
      // A function that is closed is no failure of an execution.
      stepFunctions.halt()
      closing ??= closeAll(closers)
      return closing
    }
    const environment = environmentOf(endpoints, slack.apiUrl, region)
    const clientConfig = (service: AwsService) => ({
      endpoint: endpoints[service],
      region,
      credentials: CREDENTIALS,
      ...CLIENT,
    })
    const provide = async ({ tables = [], streams = [] }: Pick<LaunchOptions, 'tables' | 'streams'>) => {
      const more = planOf({ tables, streams })
      const missing = {
        tables: more.tables.filter(({ name }) => !known.has(`table ${name}`)),
        streams: more.streams.filter(({ name }) => !known.has(`stream ${name}`)),
      }
      await provision(missing, services)
      for (const name of namesOf(missing)) known.add(name)
    }
    const kept =
      data.folder === undefined ? {} : { shelf: data.shelf('positions'), running: new Set<string>() }
    const lambda = async (given: ShipLambdaOptions) => {
      const refusal = new SpaceshipError('local-closed', 'the spaceship is closed: launch another one')
      if (closing !== undefined) throw refusal
      const mapping = await startLambda(
        { ...given, kinesis: clientConfig('kinesis') },
        { variables: environment, ...kept },
      )
      if (closing === undefined) {
        functions.set(functionNameOf(given), mapping)
        return keep(mapping)
      }
      // Closed while the mapping was starting: nobody else would close it.
      await mapping.close()
      throw refusal
    }
    return {
      endpoints,
      environment,
      faults: source.faults,
      seed,
      search,
      slack,
      scheduler,
      stepFunctions,
      s3,
      sqs,
      sns,
      clientConfig,
      lambda,
      provide,
      settled: way.idle,
      expire: dynamodb.expire,
      close,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await closeAll(closers)
    throw error
  }
}

/** A table and a stream may share a name. */
function namesOf({ tables, streams }: Plan): string[] {
  return [...tables.map(({ name }) => `table ${name}`), ...streams.map(({ name }) => `stream ${name}`)]
}

function portOf(port: number | undefined): { port?: number } {
  return port === undefined ? {} : { port }
}

function urlsOf(parts: Readonly<Record<Endpoint, { readonly url: string }>>): Record<Endpoint, string> {
  const { dynamodb, kinesis, search, slack, scheduler, stepFunctions, s3, sqs, sns } = parts
  return {
    dynamodb: dynamodb.url,
    kinesis: kinesis.url,
    search: search.url,
    slack: slack.url,
    scheduler: scheduler.url,
    stepFunctions: stepFunctions.url,
    s3: s3.url,
    sqs: sqs.url,
    sns: sns.url,
  }
}

function environmentOf(
  endpoints: Readonly<Record<Endpoint, string>>,
  slackApi: string,
  region: string,
): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_KINESIS: endpoints.kinesis,
    AWS_ENDPOINT_URL_SCHEDULER: endpoints.scheduler,
    AWS_ENDPOINT_URL_SFN: endpoints.stepFunctions,
    AWS_ENDPOINT_URL_S3: endpoints.s3,
    AWS_ENDPOINT_URL_SQS: endpoints.sqs,
    AWS_ENDPOINT_URL_SNS: endpoints.sns,
    AWS_REGION: region,
    // Read by what is not of the JavaScript SDK: the CLI, boto3.
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    // What a terminal or a file in a home folder may say against the endpoints.
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false',
    AWS_USE_FIPS_ENDPOINT: 'false',
    AWS_USE_DUALSTACK_ENDPOINT: 'false',
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    SEARCH_URL: endpoints.search,
    SLACK_URL: endpoints.slack,
    SLACK_API_URL: slackApi,
  }
}

/** Where the scheduler's due records go. */
function putInto(call: AwsCall) {
  return async ({ stream, partitionKey, data }: { stream: string; partitionKey: string; data: string }) => {
    const Data = Buffer.from(data).toString('base64')
    const answer = await call('PutRecord', { StreamName: stream, PartitionKey: partitionKey, Data })
    if (!answer.ok)
      throw new SpaceshipError('local-put', `stream '${stream}' refuses a record: ${answer.error}`)
  }
}

/** One after the other; a part that fails to close does not keep the others open. */
async function closeAll(closers: readonly (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = []
  for (const close of closers) await close().catch((error: unknown) => failures.push(error))
  if (failures.length > 0)
    throw new SpaceshipError('local-close', 'a part did not close', { cause: failures[0] })
}
