import { createServer, type ServerResponse } from 'node:http'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { KinesisClient } from '@aws-sdk/client-kinesis'
import type { SchedulerClient } from '@aws-sdk/client-scheduler'
import type { SFNClient } from '@aws-sdk/client-sfn'
import type { SNSClient } from '@aws-sdk/client-sns'
import type { SQSClient } from '@aws-sdk/client-sqs'
import { Client } from '@opensearch-project/opensearch'
import type { Context, EventMeta } from '@spaceship/core'
import { afterEach, expect, test } from 'vitest'
import { dynamodbDeadLetters, dynamodbEntities, dynamodbState } from '../src/dynamodb/index.ts'
import { kinesisSink } from '../src/kinesis/index.ts'
import { createSearch, type Search } from '../src/opensearch/index.ts'
import { redisReferences } from '../src/redis/index.ts'
import { eventBridgeScheduler } from '../src/scheduler/index.ts'
import { createSlack } from '../src/slack/index.ts'
import { snsSink } from '../src/sns/index.ts'
import { sqsSink } from '../src/sqs/index.ts'
import { stepFunctions } from '../src/step-functions/index.ts'
import { abortCases, givesUpCases, type Subject, told, watchUnhandled } from './aborts.ts'

watchUnhandled()

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** Requests that wait, and those who wait for requests. */
function held(): { readonly arrive: (go: () => void) => void } & Omit<Subject, 'call'> {
  const waiting: (() => void)[] = []
  const watchers: { readonly count: number; readonly resolve: () => void }[] = []
  let count = 0
  let open = false
  return {
    arrive: (go) => {
      count += 1
      if (open) go()
      else waiting.push(go)
      for (const watcher of watchers) if (count >= watcher.count) watcher.resolve()
    },
    requests: () => count,
    requested: (wanted) =>
      new Promise((resolve) => {
        watchers.push({ count: wanted, resolve })
        if (count >= wanted) resolve()
      }),
    answer: () => {
      open = true
      for (const go of waiting.splice(0)) go()
    },
  }
}

/** A server that answers with `body` once it is told to. */
async function slow(body: object) {
  const requests = held()
  const server = createServer((request, response: ServerResponse) => {
    request.resume()
    requests.arrive(() => response.setHeader('content-type', 'application/json').end(JSON.stringify(body)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it listens on a port')
  closing.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { ...requests, url: `http://127.0.0.1:${address.port}` }
}

type Doc = EventMeta
// The handlers look at nothing else of an event.
const event = { key: 'a', version: { min: 1, max: 1 } } as Doc
// They use the signal alone.
const context = (signal: AbortSignal) => ({ signal }) as Context

const searches: Readonly<Record<string, (search: Search, signal: AbortSignal) => Promise<unknown>>> = {
  'opensearch index': async (search, signal) =>
    search.index({ index: 'docs', id: (e: Doc) => e.key, document: () => ({}) })(event, context(signal)),
  'opensearch remove': async (search, signal) =>
    search.remove({ index: 'docs', id: (e: Doc) => e.key })(event, context(signal)),
  'opensearch search': (search, signal) => search.query('docs', { match_all: {} }, { signal }),
  'opensearch count': (search, signal) => search.count('docs', { match_all: {} }, { signal }),
}
for (const [name, call] of Object.entries(searches))
  abortCases(name, async () => {
    const items = [{ index: { status: 200, result: 'updated' } }]
    const server = await slow({ items, count: 0, hits: { total: { value: 0 }, hits: [] } })
    const client = new Client({ node: server.url, maxRetries: 0 })
    closing.push(() => client.close())
    const search = createSearch({ client })
    return { ...server, call: (signal) => call(search, signal) }
  })

abortCases('slack post', async () => {
  const server = await slow({ ok: true })
  const slack = createSlack({ token: 'xoxb-1', apiUrl: server.url })
  return { ...server, call: (signal) => slack.post({ channel: '#a', text: 'x' }, { signal }) }
})

/** A client of Kinesis, of which `send` alone is used. */
function kinesis() {
  const requests = held()
  const sent: string[] = []
  const send = ({ input }: { readonly input: { readonly Records: readonly { PartitionKey: string }[] } }) =>
    new Promise((resolve) => {
      sent.push(...input.Records.map(({ PartitionKey }) => PartitionKey))
      requests.arrive(() => resolve({ Records: input.Records.map(() => ({})) }))
    })
  return { ...requests, sent, client: { send } as unknown as KinesisClient }
}

const record = (partitionKey: string) => ({ partitionKey, data: Uint8Array.of(1) })

abortCases('kinesis put', () => {
  const { client, ...requests } = kinesis()
  const sink = kinesisSink({ client, stream: 's' })
  return { ...requests, call: (signal) => sink.put([record('a'), record('a'), record('b')], signal) }
})

/** A client of SQS or SNS, of which `send` alone is used. */
function messages() {
  const requests = held()
  const send = ({ input }: { readonly input: Readonly<Record<string, unknown>> }) =>
    new Promise((resolve) => {
      const entries = [input.Entries ?? input.PublishBatchRequestEntries].flat() as { readonly Id: string }[]
      requests.arrive(() => resolve({ Successful: entries.map(({ Id }) => ({ Id })) }))
    })
  return { ...requests, client: { send } }
}

abortCases('sqs put', () => {
  const { client, ...requests } = messages()
  const sink = sqsSink({ client: client as unknown as SQSClient, queueUrl: 'https://sqs.test/1/q.fifo' })
  return { ...requests, call: (signal) => sink.put([record('a'), record('a'), record('b')], signal) }
})

abortCases('sns put', () => {
  const { client, ...requests } = messages()
  const topicArn = 'arn:aws:sns:us-east-1:000000000000:t.fifo'
  const sink = snsSink({ client: client as unknown as SNSClient, topicArn })
  return { ...requests, call: (signal) => sink.put([record('a'), record('a'), record('b')], signal) }
})

test('kinesis put: what an abort finds waiting is not sent, and other puts are', async () => {
  const { client, sent, requested, answer } = kinesis()
  const sink = kinesisSink({ client, stream: 's' })
  const stop = new AbortController()
  const first = told(sink.put([record('a'), record('a')], stop.signal))
  const second = sink.put([record('a'), record('b')])
  await requested(1)
  stop.abort(new Error('the time is up'))
  expect(await first).toBe(stop.signal.reason)
  answer()
  await second
  expect(sent).toEqual(['a', 'a', 'b'])
})

test('kinesis put: a clock that fails ends the puts that wait', async () => {
  // Of a client, `send` alone is used.
  const client = {
    send: async () => ({ Records: [{ ErrorCode: 'ThrottlingException' }] }),
  } as unknown as KinesisClient
  const broken = new Error('no clock')
  const sink = kinesisSink({
    client,
    stream: 's',
    random: () => {
      throw broken
    },
  })
  expect(await told(sink.put([record('a')]))).toBe(broken)
  expect(await told(sink.put([record('b')]))).toBe(broken)
})

// Clients of which `send` alone is used.
const dynamodb = (request: (answer: unknown) => Promise<unknown>, answer: unknown = {}) =>
  ({ send: () => request(answer) }) as unknown as DynamoDBClient
const large = new Uint8Array(800_000)
const letter = {
  id: 'l',
  application: 'a',
  reactor: 'r',
  route: 't',
  lane: '',
  reason: 'exhausted',
  detail: '',
  attempts: 1,
  at: new Date(0),
  stream: 's',
  shard: '0',
  sequence: '1',
  subSequence: 0,
  partitionKey: 'p',
  data: large,
} as const
const table = 'state'
const parts = {
  Item: { parts: { N: '3' }, token: { S: 't' }, data: { B: large } },
  Attributes: { parts: { N: '3' } },
}

givesUpCases(
  'dynamodb state get',
  1,
  (request) => () => dynamodbState({ client: dynamodb(request), table }).get('k'),
)
givesUpCases(
  'dynamodb state set',
  1,
  (request) => () => dynamodbState({ client: dynamodb(request), table }).set('k', {}, { expect: undefined }),
)
givesUpCases('dynamodb state set, batched', 1, (request) => {
  const client = dynamodb(request, { Responses: [{}, {}] })
  const state = dynamodbState({ client, table, batched: true, sleep: async () => {} })
  return () => Promise.all(['a', 'b'].map((key) => state.set(key, {}, { expect: undefined })))
})
givesUpCases(
  'dynamodb state delete',
  1,
  (request) => () => dynamodbState({ client: dynamodb(request), table }).delete('k', 'v'),
)
givesUpCases('dynamodb state list', 1, (request) => {
  const state = dynamodbState({ client: dynamodb(request), table, sorted: true })
  return async () => state.list?.('a//')
})
givesUpCases(
  'dynamodb dead letter put',
  5,
  (request) => () => dynamodbDeadLetters({ client: dynamodb(request), table }).put(letter),
)
givesUpCases(
  'dynamodb dead letter get',
  4,
  (request) => () => dynamodbDeadLetters({ client: dynamodb(request, parts), table }).get('l'),
)
givesUpCases(
  'dynamodb dead letter remove',
  4,
  (request) => () => dynamodbDeadLetters({ client: dynamodb(request, parts), table }).remove('l'),
)
givesUpCases('dynamodb dead letter list', 1, (request) => async () => {
  for await (const _ of dynamodbDeadLetters({ client: dynamodb(request), table }).list('a')) break
})
givesUpCases(
  'dynamodb entity read',
  1,
  (request) => () => dynamodbEntities({ client: dynamodb(request) }).read('clients', { id: 'a' }),
)

const scheduler = (request: (answer: unknown) => Promise<unknown>) =>
  eventBridgeScheduler({
    // Of a client, `send` alone is used.
    client: { send: () => request({}) } as unknown as SchedulerClient,
    streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/ingress',
    roleArn: 'arn:aws:iam::000000000000:role/scheduler',
  })
givesUpCases(
  'scheduler start',
  1,
  (request) => () =>
    scheduler(request).start({ name: 'n', dueAt: new Date(0), envelope: '{}', partitionKey: 'p' }),
)
givesUpCases('scheduler stop', 1, (request) => () => scheduler(request).stop('n'))

const executions = (request: (answer: unknown) => Promise<unknown>) =>
  stepFunctions({
    // Of a client, `send` alone is used.
    client: { send: () => request({ status: 'RUNNING' }) } as unknown as SFNClient,
    stateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:reminders',
  })
givesUpCases(
  'step functions start',
  1,
  (request) => () =>
    executions(request).start({ name: 'n', dueAt: new Date(0), envelope: '{}', partitionKey: 'p' }),
)
givesUpCases('step functions stop', 1, (request) => () => executions(request).stop('n'))
givesUpCases('step functions find', 1, (request) => async () => executions(request).find?.('n'))
givesUpCases('step functions check', 3, (request) => async () => executions(request).check?.())

const redis = (request: (answer: unknown) => Promise<unknown>) =>
  redisReferences({ command: () => request('OK') })
givesUpCases('redis add', 1, (request) => () => redis(request).add('k', 'v', 1))
givesUpCases('redis get', 1, (request) => () => redis(request).get('k'))
givesUpCases('redis set', 1, (request) => () => redis(request).set('k', 'v', 1))
givesUpCases('redis delete', 1, (request) => () => redis(request).delete('k'))
