/**
 * Configuration, of every public function: one parse, all problems at once, each with advice. The table names everything that
 * the packages export, so that a new function cannot be forgotten; `nothing` is for those that take no configuration.
 */

import { describe, expect, test } from 'vitest'
import { type Callable, exported, named } from './exported.ts'

interface Check {
  /** Calls it with everything wrong. */
  readonly wrong: (call: Callable) => unknown
  /** The beginnings of the problems, in order. */
  readonly problems: readonly string[]
}

/** Values, verdicts, codecs and test doubles: their arguments are data, or are handed on to what checks them. */
const nothing = new Set(
  named([
    'core: skip handler isDuration milliseconds codeOf refuse marshal unmarshal route',
    'core: callableProblems functionProblems optionsOf',
    'core: ConfigurationError SpaceshipError Permanent RetryAfter Unavailable',
    'core/engine: comparePositions compareSequences completeJournal deaggregate formatPosition parsePosition read tickEnvelope',
    'core/memory: memoryDeadLetters memoryEntities memoryEvents memoryReferences memoryScheduler memoryState',
    'core/ports: listedKey listedPrefix',
    'handlers/slack: escapeText slackWith',
    'handlers/opensearch: searchWith',
    'handlers/testing: memorySearch memorySlack',
  ]),
)

const store = { get: () => {}, set: () => {}, delete: () => {} }
const client = { send: () => {} }
const schema = { '~standard': { version: 1, vendor: 'test', validate: () => ({ value: {} }) } }
const retry = { attempts: 0, base: 'soon', max: 'later' }

const checks: Readonly<Record<string, Check>> = {
  'core entity': {
    wrong: (entity) => entity('', { table: '', key: { partition: '', sort: '' }, schema: {} }),
    problems: [
      'it needs a name',
      "'table' is empty",
      "'key' is empty",
      "'schema' is no Standard Schema",
      "'key' names one attribute twice",
    ],
  },
  'core event': {
    wrong: (event) => event('', { schema: undefined }),
    problems: ['it needs a name', "'schema' is no Standard Schema", "'key' is no function"],
  },
  'core reminder': {
    wrong: (reminder) => reminder('a/b', { payload: {}, key: 'id' }),
    problems: ['it needs a name', "'payload' is no Standard Schema", "'key' is no function"],
  },
  'core reactor': {
    wrong: (reactor) => reactor('no spaces', { retry, whenExhausted: 'ignore' }),
    problems: [
      "the name 'no spaces'",
      "'retry.attempts' is 0",
      "'retry.base' is 'soon'",
      "'retry.max' is 'later'",
      "whenExhausted 'ignore' is none",
    ],
  },
  'core batch': {
    wrong: (batch) => batch({ size: 0, within: 'soon' }, () => {}),
    problems: ["'size' is 0", "'within' is 'soon'"],
  },
  'core encodePublished': {
    wrong: (encode) =>
      encode(
        { name: 'paid', spec: { kind: 'published', schema, keyOf: () => 'k' } },
        {},
        { id: '', source: '', time: new Date() },
      ),
    problems: ["'id' is empty", "'source' is empty"],
  },
  'core/engine createEngine': {
    wrong: (createEngine) =>
      createEngine({
        application: 'a b',
        reactors: [],
        concurrency: 0,
        maxAhead: { records: 0.5, bytes: -1, age: 'old' },
        maxRecordBytes: 0,
        maxClockSkew: 'a moment',
        retention: '8 days',
        maxPause: 'long',
      }),
    problems: [
      "'application'",
      "'state' is missing",
      "'concurrency' is 0",
      "'maxAhead.records' is 0.5",
      "'maxAhead.bytes' is -1",
      "'maxRecordBytes' is 0",
      "'maxClockSkew' is 'a moment'",
      "'retention' is '8 days'",
      "'maxPause' is 'long'",
      "'maxAhead.age' is 'old'",
      "'reactors' is empty",
    ],
  },
  'core/engine describe': {
    wrong: (describe) => describe(() => {}),
    problems: ['a reactor was expected: give what reactor() returned'],
  },
  'core/engine createRedrive': {
    wrong: (createRedrive) => createRedrive({ application: '' }),
    problems: ["'application' is missing", "'deadLetters' is missing", "'events' is missing"],
  },
  'core/memory virtualClock': {
    wrong: (virtualClock) => virtualClock(new Date('never')),
    problems: ["'start' is not a date"],
  },
  'core/reminders createReminders': {
    wrong: (createReminders) => createReminders({ application: '', maxLateness: 'late', retention: 'long' }),
    problems: [
      "'application' is empty",
      "'state' is missing",
      "'scheduler' is missing",
      "'maxLateness' is 'late'",
      "'retention' is 'long'",
    ],
  },
  'core/testing harness': {
    wrong: (harness) => harness(undefined, { start: new Date('never'), failover: 'soon', patience: -1 }),
    problems: ['give a function', "'start' is not a date", "'failover' is 'soon'", "'patience' is -1"],
  },
  'handlers/slack createSlack': {
    wrong: (createSlack) =>
      createSlack({ token: '', webhooks: { '#a': 'no url' }, timeout: 'soon', apiUrl: '?', format: 'html' }),
    problems: [
      "'token' and 'webhooks' exclude",
      "'token' is empty",
      "'timeout' is 'soon'",
      "'format' is 'html'",
      "the URL of 'apiUrl'",
      "the URL of '#a'",
    ],
  },
  'handlers/opensearch createSearch': {
    wrong: (createSearch) => createSearch({}),
    problems: ["'client' is missing"],
  },
  'handlers/dynamodb dynamodbState': {
    wrong: (dynamodbState) => dynamodbState({ table: '', sorted: 'sort', batched: '2ms' }),
    problems: ["'client' is missing", "'table' is missing", "'sorted' is neither", "'batched' is neither"],
  },
  'handlers/dynamodb dynamodbDeadLetters': {
    wrong: (dynamodbDeadLetters) => dynamodbDeadLetters({ table: '', sorted: 1 }),
    problems: ["'client' is missing", "'table' is missing", "'sorted' is neither"],
  },
  'handlers/dynamodb dynamodbEntities': {
    wrong: (dynamodbEntities) => dynamodbEntities({}),
    problems: ["'client' is missing"],
  },
  'handlers/dynamodb createStateTable': {
    wrong: (createStateTable) => createStateTable({ table: '', sorted: 1 }),
    problems: ["'client' is missing", "'table' is missing", "'sorted' is neither"],
  },
  'handlers/kinesis kinesisSink': {
    wrong: (kinesisSink) => kinesisSink({ stream: '', attempts: 0 }),
    problems: ["'client' is missing", "'stream' is missing", "'attempts' is 0"],
  },
  'handlers/kinesis publisher': {
    wrong: (publisher) => publisher({ client: {}, stream: '', source: '' }),
    problems: ["'client' is missing", "'stream' is missing", "'source' is missing"],
  },
  'handlers/scheduler eventBridgeScheduler': {
    wrong: (scheduler) => scheduler({ streamArn: 'ingress', roleArn: 'me', group: '' }),
    problems: ["'client' is missing", "'group' is missing", "'streamArn' is not", "'roleArn' is not"],
  },
  'handlers/redis redisReferences': {
    wrong: (redisReferences) => redisReferences({}),
    problems: ["'command' is missing"],
  },
  'runtime-lambda lambda': {
    wrong: (lambda) => lambda([], { application: '', concurrency: 0 }),
    problems: ["'application' must be", "'state' is missing", "'concurrency' is 0", "'reactors' is empty"],
  },
  'runtime-k8s worker': {
    wrong: (worker) =>
      worker([], {
        application: '',
        state: store,
        streams: ['a', 'a', { stream: 'b', start: 'NOW' }],
        workerId: '',
        drainTimeout: 'long',
        leases: { failover: 10 },
        poll: { limit: 0 },
      }),
    problems: [
      "'application' must be",
      "'reactors' is empty",
      "the stream 'a' is listed twice",
      "start 'NOW' is not",
      "'workerId' is empty",
      "'drainTimeout' is 'long'",
      "'leases.failover' is 10",
      "'poll.limit' is 0",
    ],
  },
  'local launch': {
    wrong: (launch) =>
      launch({
        tables: [{ name: 'x', key: '' }],
        streams: [{ name: '!', shards: 0 }],
        seed: 0.5,
        timeScale: 0,
      }),
    problems: [
      "table 'x': a name has",
      "table 'x': write key",
      "stream '!': a name has",
      "stream '!': shards is 0",
      'seed is 0.5',
      'timeScale is 0',
    ],
  },
}

test('every public function stands in the table, or takes no configuration', () => {
  expect([...exported.keys()].filter((name) => !nothing.has(name) && !(name in checks))).toEqual([])
  expect([...nothing, ...Object.keys(checks)].filter((name) => !exported.has(name))).toEqual([])
})

describe('everything wrong is said at once, with advice', () => {
  for (const [name, { wrong, problems }] of Object.entries(checks)) {
    test(name, async () => {
      const call = exported.get(name)
      const error = await Promise.resolve()
        .then(() => call !== undefined && wrong(call))
        .then(
          () => undefined,
          (reason: unknown) => reason,
        )
      expect(error).toMatchObject({ code: 'configuration' })
      const said: readonly string[] = Object(error).problems
      expect(said).toEqual(problems.map((start) => expect.stringContaining(start)))
      // A problem without advice is half a message.
      for (const problem of said) expect(problem).toMatch(/: |needs|must|give|pass|keep|name|is not/)
    })
  }
})

test('a client that is passed is enough', () => {
  for (const name of ['dynamodbState', 'dynamodbDeadLetters', 'dynamodbEntities'])
    expect(() => exported.get(`handlers/dynamodb ${name}`)?.({ client, table: 't' })).not.toThrow()
})
