/** The rows of the adapters' tables: what each error of a client means to the engine. */

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { KinesisClient } from '@aws-sdk/client-kinesis'
import type { SchedulerClient } from '@aws-sdk/client-scheduler'
import type { SFNClient } from '@aws-sdk/client-sfn'
import type { Client } from '@opensearch-project/opensearch'
import { codeOf } from '@spaceship/core'
import { setUpOf } from '@spaceship/core/adapter'
import type { DeadLetter } from '@spaceship/core/ports'
import { describe, expect, test } from 'vitest'
import {
  dynamodbDeadLetters,
  dynamodbEntities,
  dynamodbReferences,
  dynamodbState,
} from '../src/dynamodb/index.ts'
import { kinesisSink } from '../src/kinesis/index.ts'
import { createSearch } from '../src/opensearch/index.ts'
import { redisReferences } from '../src/redis/index.ts'
import { eventBridgeScheduler } from '../src/scheduler/index.ts'
import { createSlack } from '../src/slack/index.ts'
import { stepFunctions } from '../src/step-functions/index.ts'
import { told } from './aborts.ts'

/** What a call is rejected with: a reason of a set-up, a code, or that it is what the client threw. */
async function meaningOf(call: Promise<unknown>, thrown?: unknown): Promise<string> {
  const error = await told(call)
  if (error === thrown) return 'as it came'
  expect(String(error)).not.toContain('hush')
  return setUpOf(error)?.reason ?? codeOf(error) ?? 'it resolved'
}

/** An error of the SDK's; its message may quote what was sent. */
function refusal(
  name: string,
  more: object = { $fault: 'client', $metadata: { httpStatusCode: 400 } },
): Error {
  return Object.assign(new Error('the value hush is wrong'), { name }, more)
}

const AWS: Readonly<Record<string, string>> = {
  AccessDeniedException: 'denied',
  CredentialsProviderError: 'denied',
  UnrecognizedClientException: 'denied',
  InvalidSignatureException: 'denied',
  ExpiredTokenException: 'denied',
  MissingAuthenticationTokenException: 'denied',
  ResourceNotFoundException: 'not-found',
  UnknownOperationException: 'unknown-operation',
  ThrottlingException: 'unavailable',
  ProvisionedThroughputExceededException: 'unavailable',
  RequestLimitExceeded: 'unavailable',
  ServiceQuotaExceededException: 'unavailable',
  LimitExceededException: 'unavailable',
  InternalServerError: 'unavailable',
  ServiceUnavailable: 'unavailable',
  TransactionConflictException: 'unavailable',
  TimeoutError: 'unavailable',
  RequestTimeTooSkewed: 'denied',
  ValidationException: 'permanent',
  SerializationException: 'permanent',
  ItemCollectionSizeLimitExceededException: 'permanent',
  AbortError: 'as it came',
  SomethingNewException: 'as it came',
}

/** What has no name that says it. */
const UNNAMED: readonly (readonly [string, Error, string])[] = [
  ['503', refusal('Unknown', { $metadata: { httpStatusCode: 503 } }), 'unavailable'],
  ['429', refusal('Unknown', { $metadata: { httpStatusCode: 429 } }), 'unavailable'],
  ["the server's fault", refusal('Unknown', { $fault: 'server' }), 'unavailable'],
  ['ECONNREFUSED', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'unavailable'],
  ['ENOTFOUND', Object.assign(new Error('hush'), { code: 'ENOTFOUND' }), 'unknown-operation'],
  ['EAI_AGAIN', Object.assign(new Error('hush'), { code: 'EAI_AGAIN' }), 'unavailable'],
  ['no URL', Object.assign(new TypeError('hush'), { code: 'ERR_INVALID_URL' }), 'unknown-operation'],
  ['no Region', new Error('Region is missing'), 'unknown-operation'],
  ['no Region of AWS', new Error('Region not accepted: region="hush x"'), 'unknown-operation'],
  [
    'credentials that no header takes',
    Object.assign(new TypeError('hush'), { code: 'ERR_INVALID_CHAR' }),
    'denied',
  ],
  ['a page of HTML', refusal('SyntaxError', { $response: { statusCode: 200 } }), 'unknown-operation'],
  ['a page of HTML, 403', refusal('SyntaxError', { $response: { statusCode: 403 } }), 'unknown-operation'],
  ['a page of HTML, 502', refusal('SyntaxError', { $response: { statusCode: 502 } }), 'unavailable'],
  [
    'a redirect',
    refusal('Unknown', { $fault: 'client', $metadata: { httpStatusCode: 301 } }),
    'unknown-operation',
  ],
  ['a mistake of parsing', new SyntaxError('x'), 'as it came'],
  ['no answer on HTTP/2', new Error('Unexpected error: http2 request did not get a response'), 'unavailable'],
  ['413', refusal('Unknown', { $metadata: { httpStatusCode: 413 } }), 'permanent'],
  ['a mistake of the program', new TypeError('x is not a function'), 'as it came'],
]
const AWS_CASES = [...Object.entries(AWS).map(([name, as]) => [name, refusal(name), as] as const), ...UNNAMED]

// Clients of which `send` alone is used.
const throwing = (error: unknown) => ({ send: () => Promise.reject(error) })
const dynamodb = (error: unknown) => throwing(error) as unknown as DynamoDBClient
const letters = (error: unknown) => dynamodbDeadLetters({ client: dynamodb(error), table: 'state' })

const letterOf = (bytes: number): DeadLetter => ({
  id: 'l',
  application: 'a',
  reactor: 'r',
  route: 'x',
  reason: 'exhausted',
  detail: 'hush',
  attempts: 1,
  at: new Date(0),
  lane: 'a',
  stream: 's',
  shard: '0',
  sequence: '1',
  subSequence: 0,
  partitionKey: 'p',
  data: new Uint8Array(bytes),
})

const calls: Readonly<Record<string, (error: unknown) => Promise<unknown>>> = {
  'state get': (error) => dynamodbState({ client: dynamodb(error), table: 'state' }).get('k'),
  'state set': (error) =>
    dynamodbState({ client: dynamodb(error), table: 'state' }).set('k', {}, { expect: undefined }),
  'references add': (error) => dynamodbReferences({ client: dynamodb(error), table: 't' }).add('k', 'v', 1),
  'references get': (error) => dynamodbReferences({ client: dynamodb(error), table: 't' }).get('k'),
  'references set': (error) => dynamodbReferences({ client: dynamodb(error), table: 't' }).set('k', 'v', 1),
  'references delete': (error) => dynamodbReferences({ client: dynamodb(error), table: 't' }).delete('k'),
  'dead letters check': async (error) => letters(error).check?.(),
  'dead letters get': (error) => letters(error).get('l'),
  'dead letters put': (error) => letters(error).put(letterOf(1)),
  'dead letters put in parts': (error) => letters(error).put(letterOf(400_000)),
  'dead letters remove': (error) => letters(error).remove('l'),
  'dead letters list': (error) => letters(error).list('a')[Symbol.asyncIterator]().next(),
  'entities read': (error) => dynamodbEntities({ client: dynamodb(error) }).read('clients', { id: 'hush' }),
}
describe.each(Object.entries(calls))('dynamodb %s', (_, call) => {
  test.each(AWS_CASES)('%s', async (_name, error, as) => expect(await meaningOf(call(error), error)).toBe(as))
})

test('the advice names the action and the table, also what AWS itself says is missing, and no identity', async () => {
  const error = Object.assign(refusal('AccessDeniedException'), {
    message:
      'User: arn:aws:iam::1:user/zoe is not authorized to perform: dynamodb:DescribeTable on resource: x',
  })
  const named = await told(dynamodbEntities({ client: dynamodb(error) }).read('clients', { id: 'a' }))
  expect(setUpOf(named)).toEqual({
    reason: 'denied',
    resource: "table 'clients'",
    advice: "grant dynamodb:DescribeTable on the table 'clients' to the program's role",
  })
  expect(String(named)).not.toContain('zoe')
  const plain = await told(letters(refusal('AccessDeniedException')).get('l'))
  expect(setUpOf(plain)?.advice).toContain("dynamodb:GetItem on the table 'state'")
  const missing = await told(letters(refusal('ResourceNotFoundException')).get('l'))
  expect(setUpOf(missing)?.advice).toContain("create the table 'state'")
})

test('a request of another time is told of the clock, and a broken HTTP/2 stream of what broke it', async () => {
  for (const [name, message] of [
    ['RequestTimeTooSkewed', 'hush'],
    ['InvalidSignatureException', 'Signature expired: 20260101T000000Z is now earlier than hush'],
    ['InvalidSignatureException', 'Signature not yet current: hush'],
  ] as const) {
    const error = Object.assign(refusal(name), { message })
    expect(setUpOf(await told(letters(error).get('l')))?.advice).toMatch('set the clock of the machine')
  }
  const cancelled = (code: string) =>
    Object.assign(new Error('hush', { cause: Object.assign(new Error('hush'), { code }) }), {
      code: 'ERR_HTTP2_STREAM_CANCEL',
    })
  const refused = await told(letters(cancelled('ECONNREFUSED')).get('l'))
  expect(refused).toMatchObject({ message: 'dynamodb is unavailable: ECONNREFUSED', setup: undefined })
  expect(setUpOf(await told(letters(cancelled('ENOTFOUND')).get('l')))?.advice).toMatch('Region and endpoint')
})

describe('scheduler', () => {
  const scheduler = (error: unknown) =>
    eventBridgeScheduler({
      client: throwing(error) as unknown as SchedulerClient,
      streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/ingress',
      roleArn: 'arn:aws:iam::000000000000:role/scheduler',
    })
  const start = { name: 'n', dueAt: new Date(0), envelope: '{}', partitionKey: 'p' }
  const role = refusal('ValidationException')
  role.message = 'The execution role you provide must allow AWS EventBridge Scheduler to assume the role.'

  test.each(AWS_CASES)('start: %s', async (_, error, as) =>
    expect(await meaningOf(scheduler(error).start(start), error)).toBe(as),
  )
  test.each(AWS_CASES.filter(([name]) => name !== 'ResourceNotFoundException'))(
    'stop: %s',
    async (_, error, as) => expect(await meaningOf(scheduler(error).stop('n'), error)).toBe(as),
  )
  test('what is there already, what is gone, what changes, and a role that cannot be assumed', async () => {
    expect(await scheduler(refusal('ConflictException')).start(start)).toBe('n')
    expect(await scheduler(refusal('ResourceNotFoundException')).stop('n')).toBe(false)
    expect(await meaningOf(scheduler(refusal('ConflictException')).stop('n'))).toBe('unavailable')
    expect(await meaningOf(scheduler(role).start(start))).toBe('denied')
  })
  test('a partition key that Kinesis does not take is its digest, each time the same', async () => {
    const sent: string[] = []
    const client = {
      send: async ({ input }: { input: { Target: { KinesisParameters: { PartitionKey: string } } } }) => {
        sent.push(input.Target.KinesisParameters.PartitionKey)
      },
    }
    const { start: put } = eventBridgeScheduler({
      client: client as unknown as SchedulerClient,
      streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/ingress',
      roleArn: 'arn:aws:iam::000000000000:role/scheduler',
    })
    for (const partitionKey of ['x'.repeat(300), 'x'.repeat(300), 'x'.repeat(256)])
      await put({ ...start, partitionKey })
    expect(sent[0]).toMatch(/^sha256-[0-9a-f]{64}$/)
    expect(sent).toEqual([sent[0], sent[0], 'x'.repeat(256)])
  })
})

describe('step functions', () => {
  const stateMachineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:reminders'
  const scheduler = (client: object) =>
    stepFunctions({ client: client as unknown as SFNClient, stateMachineArn })
  const start = { name: 'n', dueAt: new Date(0), envelope: '{}', partitionKey: 'p' }
  const arn = 'arn:aws:states:us-east-1:000000000000:execution:reminders:n'
  const cases = [
    ...AWS_CASES,
    ...Object.entries({
      ExecutionLimitExceeded: 'unavailable',
      StateMachineDeleting: 'unavailable',
      StateMachineDoesNotExist: 'not-found',
      InvalidArn: 'not-found',
      InvalidExecutionInput: 'permanent',
      InvalidName: 'permanent',
      KmsAccessDeniedException: 'denied',
      KmsInvalidStateException: 'denied',
      KmsThrottlingException: 'unavailable',
    }).map(([name, as]) => [name, refusal(name), as] as const),
  ]
  /** Answers each action by its command's name, in turn. */
  const answering = (answers: Readonly<Record<string, unknown>>, sent: string[] = []) =>
    scheduler({
      send: async (command: object) => {
        const action = command.constructor.name.replace('Command', '')
        sent.push(action)
        const answer = answers[action]
        if (answer instanceof Error) throw answer
        return answer
      },
    })

  test.each(cases)('start: %s', async (_, error, as) =>
    expect(await meaningOf(scheduler(throwing(error)).start(start), error)).toBe(as),
  )
  test.each(cases)('stop: %s', async (_, error, as) =>
    expect(await meaningOf(scheduler(throwing(error)).stop('n'), error)).toBe(as),
  )
  test.each(cases)('find: %s', async (_, error, as) =>
    expect(await meaningOf((async () => scheduler(throwing(error)).find?.('n'))(), error)).toBe(as),
  )
  test.each(cases.filter(([name]) => name !== 'InvalidExecutionInput'))('check: %s', async (_, error, as) =>
    expect(await meaningOf((async () => scheduler(throwing(error)).check?.())(), error)).toBe(as),
  )
  test('what is there already is done, and what is gone is told', async () => {
    expect(await answering({ StartExecution: refusal('ExecutionAlreadyExists') }).start(start)).toBe(arn)
    const nothing = refusal('ExecutionDoesNotExist')
    const gone = answering({ DescribeExecution: nothing, StopExecution: nothing })
    expect(await gone.stop('n')).toBe(false)
    expect(await gone.find?.(arn)).toBe('gone')
    expect(await answering({ DescribeExecution: { status: 'ABORTED' } }).find?.(arn)).toBe('gone')
  })
  test('a stop is one request: the quota of DescribeExecution is the lowest of all', async () => {
    const sent: string[] = []
    expect(await answering({ StopExecution: { stopDate: new Date() } }, sent).stop('n')).toBe(true)
    expect(sent).toEqual(['StopExecution'])
  })
  test("another scheduler's reference names nothing, and is not asked for", async () => {
    const sent: string[] = []
    const other = answering({}, sent)
    for (const reference of ['arn:aws:scheduler:us-east-1:1:schedule/default/n', 'a/b', 'x'.repeat(81), '']) {
      expect([reference, await other.stop(reference)]).toEqual([reference, false])
      expect([reference, await other.find?.(reference)]).toEqual([reference, 'gone'])
    }
    expect(sent).toEqual([])
  })
  test('a state machine of the type EXPRESS is a wrong set-up: it waits for five minutes only', async () => {
    const executionArn = 'arn:aws:states:us-east-1:000000000000:express:reminders:n:1'
    const error = await told(answering({ StartExecution: { executionArn } }).start(start))
    expect(setUpOf(error)).toMatchObject({
      reason: 'not-found',
      advice: expect.stringContaining('STANDARD'),
    })
  })
  test('an envelope that is no JSON object is Permanent, and is not quoted', async () => {
    for (const envelope of ['hush', '"hush"', 'null'])
      expect(await meaningOf(answering({}).start({ ...start, envelope }))).toBe('permanent')
  })
  test('a repeat sends the same bytes, which name state alone; a partition key that Kinesis does not take is its digest', async () => {
    const sent: string[] = []
    const { start: put } = scheduler({
      send: async ({ input }: { input: { input: string } }) => {
        sent.push(input.input)
        return {}
      },
    })
    for (const partitionKey of ['x'.repeat(300), 'x'.repeat(300), 'p'])
      await put({ ...start, dueAt: new Date('2026-12-01T00:00:00.125Z'), partitionKey })
    expect(sent[1]).toBe(sent[0])
    expect(JSON.parse(sent[0] ?? '').partitionKey).toMatch(/^sha256-[0-9a-f]{64}$/)
    expect(sent[2]).toBe(
      '{"fireAt":"2026-12-01T00:00:00.125Z","envelope":{},"partitionKey":"p","schemaVersion":1}',
    )
  })
})

describe('kinesis', () => {
  const put = (client: object) =>
    kinesisSink({
      client: client as unknown as KinesisClient,
      stream: 's',
      attempts: 2,
      random: () => 0,
    }).put([{ partitionKey: 'p', data: new Uint8Array() }])
  // What is not known is taken for an outage: records wait for it.
  const expected = (as: string) => (as === 'as it came' ? 'unavailable' : as)
  test.each([
    ...AWS_CASES,
    ['KMSAccessDeniedException', refusal('KMSAccessDeniedException'), 'denied'] as const,
    ['KMSThrottlingException', refusal('KMSThrottlingException'), 'unavailable'] as const,
    ['InvalidArgumentException', refusal('InvalidArgumentException'), 'permanent'] as const,
  ])('of the request: %s', async (_, error, as) =>
    expect(await meaningOf(put(throwing(error)))).toBe(expected(as)),
  )
  test.each([
    ['ProvisionedThroughputExceededException', 'unavailable'],
    ['InternalFailure', 'unavailable'],
    ['KMSDisabledException', 'denied'],
    ['SomethingNew', 'unavailable'],
  ])('of a record: %s', async (ErrorCode, as) =>
    expect(await meaningOf(put({ send: async () => ({ Records: [{ ErrorCode }] }) }))).toBe(as),
  )
})

describe('opensearch', () => {
  const client = (answer: object | Error) =>
    ({
      transport: {
        request: () =>
          Object.assign(answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer), {
            abort: () => {},
          }),
      },
    }) as unknown as Client
  const refused = (statusCode: number, body: unknown) =>
    Object.assign(new Error('hush'), { meta: { statusCode, body } })
  const typed = (type: string) => ({ error: { type, reason: 'hush' } })
  const partial = (_shards: object) => ({ statusCode: 200, body: { count: 3, timed_out: false, _shards } })
  const count = (answer: object | Error) =>
    createSearch({ client: client(answer) }).count('docs', { match_all: {} })
  const rows: readonly (readonly [string, object | Error, string])[] = [
    ['no answer', new Error('hush'), 'unavailable'],
    ['no host', new Error('getaddrinfo ENOTFOUND hush.test'), 'unknown-operation'],
    ['no name server', new Error('getaddrinfo EAI_AGAIN hush.test'), 'unavailable'],
    ['408', refused(408, ''), 'unavailable'],
    ['429', refused(429, typed('es_rejected_execution_exception')), 'unavailable'],
    ['503', refused(503, ''), 'unavailable'],
    ['the disk is full', refused(403, typed('cluster_block_exception')), 'unavailable'],
    ['401', refused(401, 'Unauthorized'), 'denied'],
    ['403', refused(403, typed('security_exception')), 'denied'],
    ['nothing to sign with', refusal('CredentialsProviderError', {}), 'denied'],
    ['no index', refused(404, typed('index_not_found_exception')), 'not-found'],
    ['a closed index', refused(400, typed('index_closed_exception')), 'not-found'],
    ["somebody's 404", refused(404, '<html>'), 'unknown-operation'],
    ['405', refused(405, '<html>'), 'unknown-operation'],
    ["somebody's 200", { statusCode: 200, body: '<html>' }, 'unknown-operation'],
    ["somebody's 400", refused(400, '<html>hush'), 'unknown-operation'],
    ...[301, 302, 303, 307, 308].map(
      (statusCode) => [`${statusCode}`, { statusCode, body: '<html>hush' }, 'unknown-operation'] as const,
    ),
    ['late', { statusCode: 200, body: { count: 3, timed_out: true } }, 'unavailable'],
    ['a failed shard', partial({ total: 5, successful: 4, skipped: 0, failed: 1 }), 'unavailable'],
    ['a shard that nobody has', partial({ total: 5, successful: 4, skipped: 0, failed: 0 }), 'unavailable'],
    ['all shards', partial({ total: 5, successful: 5, skipped: 2, failed: 0 }), 'it resolved'],
    ['400', refused(400, typed('mapper_parsing_exception')), 'permanent'],
    ['413', refused(413, ''), 'permanent'],
  ]
  test.each(rows)('%s', async (_, answer, as) => expect(await meaningOf(count(answer))).toBe(as))
  test('a search that found only a part of what is there is an outage, and says how much is missing', async () => {
    const hits = { total: { value: 1 }, hits: [] }
    const _shards = { total: 4, successful: 1, skipped: 0, failed: 3 }
    const search = (body: object) =>
      createSearch({ client: client({ statusCode: 200, body: { hits, ...body } }) }).search('docs', {})
    await expect(search({ _shards })).rejects.toMatchObject({
      code: 'unavailable',
      dependency: 'opensearch',
      setup: undefined,
      message: expect.stringContaining('3 of 4 shards'),
    })
    await expect(search({ timed_out: true })).rejects.toMatchObject({ code: 'unavailable', setup: undefined })
  })
  test("a write that somebody else says to have done is not done: a proxy's 200, or its 404 for a removal", async () => {
    const event = { key: 'a', version: { min: 1, max: 1 } } as never
    const context = { signal: new AbortController().signal } as never
    const run = async (answer: object | Error) => {
      const search = createSearch({ client: client(answer) })
      const remove = search.remove({ index: 'docs', id: () => 'a' })
      return meaningOf((async () => remove(event, context))())
    }
    expect(await run({ statusCode: 200, body: '<html>' })).toBe('unknown-operation')
    expect(await run(refused(404, '<html>'))).toBe('unknown-operation')
    for (const statusCode of [301, 302, 307, 308])
      expect(await run({ statusCode, body: '' })).toBe('unknown-operation')
    expect(await run(refused(400, 'The plain HTTP request was sent to HTTPS port'))).toBe('unknown-operation')
    expect(await run(refused(400, typed('mapper_parsing_exception')))).toBe('permanent')
    expect(await run(refused(404, { result: 'not_found' }))).toBe('it resolved')
  })
})

describe('slack', () => {
  const api = (status: number, body: string | object, more: ResponseInit = {}) =>
    createSlack({
      token: 'xoxb-hush',
      fetch: async () =>
        new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, ...more }),
    })
  const says = (error: string) => [200, { ok: false, error }] as const
  const rows: readonly (readonly [string, number, string | object, string])[] = [
    ['fine', 200, { ok: true }, 'it resolved'],
    ['429', 429, '', 'retry-after'],
    ['ratelimited', ...says('ratelimited'), 'retry-after'],
    ['500', 500, '', 'unavailable'],
    ['408', 408, '', 'unavailable'],
    ['internal_error', ...says('internal_error'), 'unavailable'],
    ['invalid_auth', ...says('invalid_auth'), 'denied'],
    ['missing_scope', ...says('missing_scope'), 'denied'],
    ['403', 403, '<hush>', 'denied'],
    ['unknown_method', ...says('unknown_method'), 'unknown-operation'],
    ['404', 404, '<html>', 'unknown-operation'],
    ["somebody's 200", 200, '<html>', 'unknown-operation'],
    ['msg_too_long', ...says('msg_too_long'), 'permanent'],
    ['channel_not_found', ...says('channel_not_found'), 'permanent'],
  ]
  const message = { channel: '#a', text: 'hush' }
  test.each(rows)('%s', async (_, status, body, as) =>
    expect(await meaningOf(api(status, body).post(message))).toBe(as),
  )
  test('a channel that is missing is a wrong set-up where the route names it, and the fault of an event that names it', async () => {
    const context = { signal: new AbortController().signal } as never
    for (const word of ['channel_not_found', 'is_archived', 'not_in_channel']) {
      const slack = api(200, { ok: false, error: word })
      const notify = async (channel: string | (() => string)) =>
        slack.notify<object>({ channel, text: () => 'hush' })({}, context)
      expect([word, await meaningOf(notify('#a'))]).toEqual([word, 'not-found'])
      expect([word, await meaningOf(notify(() => '#a'))]).toEqual([word, 'permanent'])
    }
    const hooks = createSlack({ webhooks: { '#b': 'https://hooks.example.test/x' } })
    const notify = hooks.notify<object>({ channel: '#a', text: () => 'hush' })
    expect(await meaningOf((async () => notify({}, context))())).toBe('not-found')
  })
  test('a host that nobody knows is a set-up for the route, whoever names the channel; a name server that is down is an outage', async () => {
    const failing = (code: string) => async () => {
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('hush'), { code }) })
    }
    const context = { signal: new AbortController().signal } as never
    for (const options of [
      { token: 'xoxb-hush' },
      { webhooks: { '#a': 'https://hooks.example.test/hush' } },
    ]) {
      for (const [code, as] of [
        ['ENOTFOUND', 'unknown-operation'],
        ['EAI_AGAIN', 'unavailable'],
        ['ECONNREFUSED', 'unavailable'],
      ] as const) {
        const slack = createSlack({ ...options, fetch: failing(code) })
        expect([code, await meaningOf(slack.post(message))]).toEqual([code, as])
        const notify = slack.notify<object>({ channel: () => '#a', text: () => 'hush' })
        expect([code, await meaningOf((async () => notify({}, context))())]).toEqual([code, as])
      }
    }
  })
  test('an answer that breaks off is an outage', async () => {
    const fetch = async () =>
      new Response(new ReadableStream({ pull: (sink) => sink.error(new Error('terminated')) }))
    const slack = createSlack({ token: 'xoxb-1', fetch })
    expect(await meaningOf(slack.post(message))).toBe('unavailable')
  })
})

describe('redis', () => {
  test.each([
    ['NOAUTH Authentication required.', 'denied'],
    ['WRONGPASS invalid username-password pair', 'denied'],
    ["NOPERM this user has no permissions to run the 'set' command", 'denied'],
    ["ERR unknown command 'SET'", 'unknown-operation'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'permanent'],
    ['ERR value is not an integer or out of range', 'permanent'],
    ["ERR invalid expire time in 'set' command", 'permanent'],
    ['LOADING Redis is loading the dataset in memory', 'unavailable'],
    ["READONLY You can't write against a read only replica.", 'unavailable'],
    ['OOM command not allowed', 'unavailable'],
    ['connect ECONNREFUSED', 'unavailable'],
    ['getaddrinfo EAI_AGAIN hush.test', 'unavailable'],
    ['getaddrinfo ENOTFOUND hush.test', 'unknown-operation'],
  ])('%s', async (answer, as) => {
    const references = redisReferences({ command: () => Promise.reject(new Error(answer)) })
    expect(await meaningOf(references.add('k', 'v', 1))).toBe(as)
  })
})
