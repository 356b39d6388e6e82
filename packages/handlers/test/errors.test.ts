/** The rows of the adapters' tables: what each error of a client means to the engine. */

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { KinesisClient } from '@aws-sdk/client-kinesis'
import type { SNSClient } from '@aws-sdk/client-sns'
import type { SQSClient } from '@aws-sdk/client-sqs'
import type { Client } from '@opensearch-project/opensearch'
import { setUpOf } from '@spaceship/core/adapter'
import { type DeadLetter, systemClock } from '@spaceship/core/ports'
import { describe, expect, test } from 'vitest'
import {
  dynamodbDeadLetters,
  dynamodbEntities,
  dynamodbReferences,
  dynamodbState,
} from '../src/dynamodb/index.ts'
import { kinesisSink } from '../src/kinesis/index.ts'
import { createSearch, type SearchClient } from '../src/opensearch/index.ts'
import { redisReferences } from '../src/redis/index.ts'
import { createSlack } from '../src/slack/index.ts'
import { snsSink } from '../src/sns/index.ts'
import { sqsSink } from '../src/sqs/index.ts'
import { told } from './aborts.ts'
import { AWS_CASES, meaningOf, refusal, throwing } from './meanings.ts'

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

describe.each(['sqs', 'sns'])('%s', (service) => {
  const record = { partitionKey: 'p', data: new Uint8Array([1]) }
  const impatient = { attempts: 2, random: () => 0 }
  const put = (client: object) =>
    service === 'sqs'
      ? sqsSink({
          client: client as unknown as SQSClient,
          ...{ queueUrl: 'https://sqs.test/1/q', ...impatient },
        }).put([record])
      : snsSink({
          client: client as unknown as SNSClient,
          ...{ topicArn: 'arn:aws:sns:us-east-1:000000000000:t', ...impatient },
        }).put([record])
  // What is not known is taken for an outage: records wait for it.
  const expected = (as: string) => (as === 'as it came' ? 'unavailable' : as)
  const named: Readonly<Record<string, string>> = {
    'AWS.SimpleQueueService.NonExistentQueue': 'not-found',
    AuthorizationErrorException: 'denied',
    BatchRequestTooLong: 'permanent',
    BatchRequestTooLongException: 'permanent',
    InternalErrorException: 'unavailable',
    InvalidAddress: 'not-found',
    InvalidMessageContents: 'permanent',
    InvalidParameterException: 'permanent',
    InvalidSecurity: 'denied',
    KmsAccessDenied: 'denied',
    KmsDisabled: 'denied',
    KmsThrottled: 'unavailable',
    NotFoundException: 'not-found',
    QueueDoesNotExist: 'not-found',
    RequestThrottled: 'unavailable',
    ThrottledException: 'unavailable',
    UnsupportedOperation: 'permanent',
  }
  test.each([...AWS_CASES, ...Object.entries(named).map(([name, as]) => [name, refusal(name), as] as const)])(
    'of the request: %s',
    async (_, error, as) => expect(await meaningOf(put(throwing(error)))).toBe(expected(as)),
  )
  test.each([
    ['InternalError', false, 'unavailable'],
    ['RequestThrottled', true, 'unavailable'],
    ['AccessDenied', true, 'denied'],
    ['InvalidParameterValue', true, 'permanent'],
    ['SomethingNew', true, 'permanent'],
    ['SomethingNew', false, 'unavailable'],
  ])('of a message: %s, of the sender: %s', async (Code, SenderFault, as) => {
    const Failed = [{ Id: '0', Code, SenderFault, Message: 'hush' }]
    expect(await meaningOf(put({ send: async () => ({ Failed }) }))).toBe(as)
  })
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
  const unread = (data: string) => Object.assign(new Error('hush'), { name: 'DeserializationError', data })
  const typed = (type: string) => ({ error: { type, reason: 'hush' } })
  const partial = (_shards: object) => ({ statusCode: 200, body: { count: 3, timed_out: false, _shards } })
  const count = (answer: object | Error) =>
    createSearch({ client: client(answer) }).count('docs', { match_all: {} })
  const rows: readonly (readonly [string, object | Error, string])[] = [
    ['no answer', new Error('hush'), 'unavailable'],
    ['no host', new Error('getaddrinfo ENOTFOUND hush.test'), 'unknown-operation'],
    ['no name server', new Error('getaddrinfo EAI_AGAIN hush.test'), 'unavailable'],
    [
      'a certificate of nobody',
      new Error('hush', { cause: Object.assign(new Error('hush'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }) }),
      'unknown-operation',
    ],
    ['408', refused(408, ''), 'unavailable'],
    ['429', refused(429, typed('es_rejected_execution_exception')), 'unavailable'],
    ['503', refused(503, ''), 'unavailable'],
    ['the disk is full', refused(403, typed('cluster_block_exception')), 'unavailable'],
    ['401', refused(401, 'Unauthorized'), 'denied'],
    ['403', refused(403, typed('security_exception')), 'denied'],
    ['nothing to sign with', refusal('CredentialsProviderError', {}), 'denied'],
    ['no index', refused(404, typed('index_not_found_exception')), 'not-found'],
    ['a closed index', refused(400, typed('index_closed_exception')), 'not-found'],
    ['JSON that is cut', unread('{"count":'), 'unavailable'],
    ['a name that the client refuses', unread('{"count":{"constructor":null}}'), 'unknown-operation'],
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
      createSearch({ client: client({ statusCode: 200, body: { hits, ...body } }) }).query('docs', {})
    await expect(search({ _shards })).rejects.toMatchObject({
      code: 'unavailable',
      dependency: 'opensearch',
      setup: undefined,
      message: expect.stringContaining('3 of 4 shards'),
    })
    await expect(search({ timed_out: true })).rejects.toMatchObject({ code: 'unavailable', setup: undefined })
  })
  const event = { key: 'a', version: { min: 1, max: 1 }, at: new Date(0) } as never
  const context = { signal: new AbortController().signal } as never
  /** @param look what is answered first, when it is looked at whether the index is there */
  const write = (answer: object | Error, look: object | Error = THERE) => {
    const request: SearchClient['transport']['request'] = (asked) => {
      const isLook = String(asked.bulkBody).includes('if_seq_no')
      return client(isLook ? look : answer).transport.request(asked)
    }
    const search = createSearch({
      client: { transport: { request } },
      clock: { ...systemClock, sleep: async () => {} },
    })
    const remove = search.remove({ index: 'docs', id: () => 'a' })
    return (async () => remove(event, context))()
  }
  const bulk = (items: unknown) => ({ statusCode: 200, body: { errors: true, items } })
  const item = (status: number, more: object) => bulk([{ delete: { status, ...more } }])
  const THERE = item(409, typed('version_conflict_engine_exception'))

  test('a write that somebody else says to have done is not done', async () => {
    for (const answer of [
      { statusCode: 200, body: '<html>' },
      refused(404, '<html>'),
      ...[301, 302, 307, 308].map((statusCode) => ({ statusCode, body: '' })),
      refused(400, 'The plain HTTP request was sent to HTTPS port'),
      bulk(undefined),
      bulk([]),
      bulk([{}]),
      bulk([{ delete: { result: 'deleted' } }]),
      bulk([{ delete: { status: 200 } }, { delete: { status: 200 } }]),
      ...[0, 100, 200, 201, 204, 302, 400, 404, 409].map((status) => item(status, {})),
      ...[0, 302, 404, 409, 200.5].map((status) => item(status, { result: 'deleted' })),
      item(200, { result: 'hush' }),
      item(200, { result: 'noop' }),
      item(409, { error: 'hush' }),
      ...[200, 201].map((status) => item(status, { result: 'deleted', ...typed('x') })),
    ]) {
      expect(await meaningOf(write(answer))).toBe('unknown-operation')
      expect(await meaningOf(write(item(200, { result: 'deleted' }), answer)), JSON.stringify(answer)).toBe(
        'unknown-operation',
      )
    }
    expect(await meaningOf(write(refused(400, typed('mapper_parsing_exception'))))).toBe('permanent')
  })

  test.each<readonly [string, number, object, string]>([
    ['written', 201, { result: 'created' }, 'it resolved'],
    ['removed', 200, { result: 'deleted' }, 'it resolved'],
    ['something newer is there', 409, typed('version_conflict_engine_exception'), 'it resolved'],
    ['there was none to remove', 404, { result: 'not_found' }, 'it resolved'],
    ['no index', 404, typed('index_not_found_exception'), 'not-found'],
    ['a closed index', 400, typed('index_closed_exception'), 'not-found'],
    ['a field that does not fit', 400, typed('mapper_parsing_exception'), 'permanent'],
    ['too much to do', 429, typed('rejected_execution_exception'), 'unavailable'],
    ['no primary shard', 503, typed('unavailable_shards_exception'), 'unavailable'],
    ['the disk is full', 429, typed('cluster_block_exception'), 'unavailable'],
    ['the index is read-only', 403, typed('cluster_block_exception'), 'unavailable'],
    ['no access', 403, typed('security_exception'), 'denied'],
  ])('one write of a bulk: %s', async (_, status, more, as) =>
    expect(await meaningOf(write(item(status, more)))).toBe(as),
  )

  test('a field that does not fit is named, and what it holds is not', async () => {
    const reason =
      "failed to parse field [seats] of type [long] in document with id 'hush'. Preview of field's value: 'hush'"
    const refusal = write(item(400, { error: { type: 'mapper_parsing_exception', reason } }))
    await expect(refusal).rejects.toMatchObject({
      message:
        "OpenSearch refused the document: 400 mapper_parsing_exception: the field 'seats' is mapped as 'long'",
    })
  })

  test.each([
    ['labels._value', "a value in the open map 'labels' is, with its path"],
    ['labels._valueAndPath', "a value in the open map 'labels' is, with its path"],
    ['plan', "a value of the field 'plan' is"],
    ['hush hush', 'illegal_argument_exception'],
  ])('a value that is too long for an index is told by its field: %s', async (field, words) => {
    for (const reason of [
      `Document contains at least one immense term in field="${field}" (whose UTF8 encoding is longer than the max length 32766), all of which were skipped. The prefix of the first immense term is: '[hush]'`,
      `DocValuesField "${field}" is too large, must be <= 32766`,
    ]) {
      const error = await told(write(item(400, { error: { type: 'illegal_argument_exception', reason } })))
      expect(error).toMatchObject({ message: expect.stringContaining(words) })
      expect(String(error)).not.toContain('hush')
    }
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
    for (const word of ['channel_not_found', 'is_archived', 'not_in_channel', 'no_service']) {
      const slack =
        word === 'no_service'
          ? createSlack({
              webhooks: { '#a': 'https://hooks.example.test/x' },
              fetch: async () => new Response(word, { status: 404 }),
            })
          : api(200, { ok: false, error: word })
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
        ['CERT_HAS_EXPIRED', 'unknown-operation'],
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
  test('a certificate that is not trusted is a set-up', async () => {
    const untrusted = Object.assign(new Error('hush'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' })
    const references = redisReferences({ command: () => Promise.reject(untrusted) })
    expect(await meaningOf(references.add('k', 'v', 1))).toBe('unknown-operation')
  })
})
