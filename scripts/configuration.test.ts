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
    'core/log: errorFields forPeople',
    'core/testing: chanceOf createTables',
    'core: skip handler codeOf marshal unmarshal route startsWith',
    'core/adapter: called check differenceFrom equalities inTime isDuration pathOf milliseconds nearestName problemsOf refuse setUpOf shownWhen unknownProblems exact exactJson encodePublished marshal noticeKey spacing unmarshal rebuildKey watchKey zoneOf sha256',
    'core/adapter: bare choice closed count duration like list plain port record required text textOr',
    'core: ConfigurationError SpaceshipError Permanent RetryAfter Unavailable',
    'core/engine: aboutRecord checked comparePositions compareSequences completeJournal deaggregate formatPosition keyOfLane',
    'core/engine: lastEnd nextEnd parsePosition read takenBy tickEnvelope',
    'core/memory: memoryDeadLetters memoryEntities memoryEvents memoryReferences memoryScheduler memoryState memoryTimeline',
    'core/ports: checkReference checkReferenceKey checkStateKey checkStateWrite listedKey listedPrefix',
    'handlers/aws: answered classified nameOf renewConnections',
    'handlers/dynamodb: ensureUsable keyedOtherwise makeTable',
    'handlers/slack: escapeText mrkdwn slackWith',
    'handlers/testing: memorySearch memorySlack',
    'local: createEmulators',
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
      "'name' is empty",
      "'table' is empty",
      "'key.partition' is empty",
      "'key.sort' is empty",
      "'schema' is an object: expected a Standard Schema",
    ],
  },
  'core event': {
    wrong: (event) => event('', { schema: undefined }),
    problems: ["'name' is empty", "'schema' is missing", "'key' is missing"],
  },
  'core reminder': {
    wrong: (reminder) => reminder('a/b', { payload: {}, key: 'id' }),
    problems: ["'name' is a text", "'payload' is an object", "'key' is a text"],
  },
  'core reactor': {
    wrong: (reactor) => reactor('no spaces', { retry, whenExhausted: 'ignore' }),
    problems: [
      "'name' is 'no spaces'",
      "'retry.attempts' is 0",
      "'retry.base' is 'soon'",
      "'retry.max' is 'later'",
      "'whenExhausted' is 'ignore'",
    ],
  },
  'core batch': {
    wrong: (batch) => batch({ size: 0, bytes: 0, within: 'soon' }, () => {}),
    problems: ["'size' is 0", "'bytes' is 0", "'within' is 'soon'"],
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
      "'application' is 'a b'",
      "'reactors' is empty",
      "'state' is missing",
      "'concurrency' is 0",
      "'maxAhead.records' is 0.5",
      "'maxAhead.bytes' is -1",
      "'maxAhead.age' is 'old'",
      "'maxRecordBytes' is 0",
      "'maxPause' is 'long'",
      "'maxClockSkew' is 'a moment'",
      "'retention' is '8 days'",
    ],
  },
  'core/engine describe': {
    wrong: (describe) => describe(() => {}),
    problems: ["'reactor' is a function: expected a reactor"],
  },
  'core/engine createRedrive': {
    wrong: (createRedrive) => createRedrive({ application: '' }),
    problems: ["'application' is empty", "'deadLetters' is missing", "'events' is missing"],
  },
  'core/log jsonLines': {
    wrong: (jsonLines) => jsonLines({ service: '', level: 'loud', write: 'stdout' }),
    problems: ["'service' is empty", "'level' is 'loud'", "'write' is a text"],
  },
  'core/cron cron': {
    wrong: (cron) => cron('61 * * * *', { zone: 'Mars' }),
    problems: [
      "'zone' is a text: expected an IANA time zone",
      "'expression' is '61 * * * *': expected five fields",
    ],
  },
  'core/memory virtualClock': {
    wrong: (virtualClock) => virtualClock(new Date('never')),
    problems: ["'start' is an object: expected a date"],
  },
  'core/backfill createBackfill': {
    wrong: (createBackfill) =>
      createBackfill({ reactor: {}, state: {}, segments: 0, unitsPerSecond: 0.5, routes: [], segmnts: 2 }),
    problems: [
      "'application' is missing",
      "'state' is an object",
      "'reactor' is an object: expected a reactor",
      "'scanner' is missing",
      "'routes' is empty",
      "'segments' is 0",
      "'unitsPerSecond' is 0.5",
      "'segmnts' is no option: expected 'segments'",
    ],
  },
  'core/embedded embeddedScheduler': {
    wrong: (embeddedScheduler) =>
      embeddedScheduler({ clock: {}, precision: 'soon', lease: 10, batch: 0, random: 1, logger: {} }),
    problems: [
      "'timeline' is missing",
      "'sink' is missing",
      "'clock' is an object",
      "'precision' is 'soon'",
      "'lease' is 10: expected a duration such as '30s', of at least 1000 ms",
      "'batch' is 0",
      "'random' is a number",
      "'logger' is an object",
    ],
  },
  'core/embedded stateTimeline': {
    wrong: (stateTimeline) => stateTimeline({ application: 'a b', state: store, clock: {} }),
    problems: [
      "'application' is 'a b'",
      "'state' is an object: expected a StateStore that lists",
      "'clock' is an object",
    ],
  },
  'core/reminders createReminders': {
    wrong: (createReminders) => createReminders({ application: '', maxLateness: 'late', retention: 'long' }),
    problems: [
      "'application' is empty",
      "'state' is missing",
      "'maxLateness' is 'late'",
      "'retention' is 'long'",
      "'scheduler' is missing",
    ],
  },
  'runtime-k8s/testing simulateFleet': {
    wrong: (simulateFleet) => simulateFleet({ seeds: 0, workers: 'many', shrds: 2 }),
    problems: [
      "'scenario' is missing: expected a function",
      "'seeds' is 0",
      "'workers' is 'many'",
      "'shrds' is no option: expected 'shards'",
    ],
  },
  'core/testing harness': {
    wrong: (harness) => harness(undefined, { start: new Date('never'), failover: 'soon', patience: -1 }),
    problems: [
      "'make' is missing: expected a function",
      "'start' is an object: expected a date",
      "'failover' is 'soon'",
      "'patience' is -1: expected milliseconds",
    ],
  },
  'handlers/slack createSlack': {
    wrong: (createSlack) =>
      createSlack({ token: '', webhooks: { '#a': 'no url' }, timeout: 'soon', apiUrl: '?', format: 'html' }),
    problems: [
      "'token' is empty",
      "'apiUrl' is a text: expected a URL",
      "'format' is 'html'",
      "'timeout' is 'soon'",
      "'token' and 'webhooks' are both given",
      "'webhooks.#a' is a text: expected a URL",
    ],
  },
  'handlers/opensearch createSearch': {
    wrong: (createSearch) => createSearch({ create: 'yes' }),
    problems: ["'client' is missing", "'create' is 'yes'"],
  },
  'handlers/opensearch searchIndex': {
    wrong: (searchIndex) => searchIndex('Clients', schema, { fields: 'name' }),
    problems: [
      "'fields' is a text",
      "'name' is no name of an index",
      "'of' does not say what its documents look like",
    ],
  },
  'handlers/dynamodb dynamodbState': {
    wrong: (dynamodbState) => dynamodbState({ table: '', sorted: 'sort', batched: '2ms' }),
    problems: ["'client' is missing", "'table' is empty", "'sorted' is 'sort'", "'batched' is '2ms'"],
  },
  'handlers/dynamodb dynamodbDeadLetters': {
    wrong: (dynamodbDeadLetters) => dynamodbDeadLetters({ table: '', sorted: 1 }),
    problems: ["'client' is missing", "'table' is empty", "'sorted' is 1"],
  },
  'handlers/dynamodb dynamodbReferences': {
    wrong: (references) => references({ table: '', sorted: 1, create: 'yes', prefix: '', now: 5 }),
    problems: [
      "'client' is missing",
      "'table' is empty",
      "'sorted' is 1",
      "'create' is 'yes'",
      "'prefix' is empty",
      "'now' is a number",
    ],
  },
  'handlers/folder folderDeadLetters': {
    wrong: (folderDeadLetters) => folderDeadLetters({ folder: '' }),
    problems: ["'folder' is empty"],
  },
  'handlers/s3 s3DeadLetters': {
    wrong: (s3DeadLetters) => s3DeadLetters({ bucket: '', prefix: 5 }),
    problems: ["'client' is missing", "'bucket' is empty", "'prefix' is a number"],
  },
  'handlers/s3 s3Archive': {
    wrong: (s3Archive) => s3Archive({ bucket: '', size: 0, bytes: 0, within: 'soon' }),
    problems: [
      "'client' is missing",
      "'bucket' is empty",
      "'entity' is missing",
      "'size' is 0",
      "'bytes' is 0",
      "'within' is 'soon'",
    ],
  },
  'handlers/opensearch-aws awsSigning': {
    wrong: (awsSigning) => awsSigning({ region: '', service: 's3', maxAge: '5ms' }),
    problems: [
      "'region' is empty",
      "'service' is 's3'",
      "'credentials' is missing: expected a function that answers credentials",
      "'maxAge' is '5ms'",
    ],
  },
  'handlers/opensearch createRebuild': {
    wrong: (createRebuild) => createRebuild({ application: '', keeper: {}, backfill: 'all', clock: {} }),
    problems: [
      "'application' is empty",
      "'state' is missing",
      "'keeper' is an object: expected what search.keeper(index) answers",
      "'backfill' is a text",
      "'clock' is an object",
    ],
  },
  'handlers/dynamodb dynamodbScanner': {
    wrong: (dynamodbScanner) => dynamodbScanner({}),
    problems: ["'client' is missing"],
  },
  'handlers/dynamodb dynamodbEntities': {
    wrong: (dynamodbEntities) =>
      dynamodbEntities({ attributes: { clients: [], orders: 'id', carts: ['id', 5] } }),
    problems: [
      "'client' is missing",
      "'attributes.clients' is empty",
      "'attributes.orders' is a text",
      "'attributes.carts[1]' is a number",
    ],
  },
  'handlers/dynamodb createStateTable': {
    wrong: (createStateTable) => createStateTable({ table: '', sorted: 1 }),
    problems: ["'client' is missing", "'table' is empty", "'sorted' is 1"],
  },
  'handlers/kinesis kinesisSink': {
    wrong: (kinesisSink) => kinesisSink({ stream: '', attempts: 0 }),
    problems: ["'client' is missing", "'stream' is empty", "'attempts' is 0"],
  },
  'handlers/kinesis publisher': {
    wrong: (publisher) => publisher({ client: {}, stream: '', source: '' }),
    problems: ["'client' is an object", "'stream' is empty", "'source' is empty"],
  },
  'handlers/sqs sqsSink': {
    wrong: (sqsSink) => sqsSink({ queueUrl: 'orders', maxMessageBytes: 5, attempts: 0 }),
    problems: [
      "'client' is missing",
      "'queueUrl' is 'orders': expected a queue's URL",
      "'maxMessageBytes' is 5",
      "'attempts' is 0",
    ],
  },
  'handlers/sqs sqsPublisher': {
    wrong: (sqsPublisher) => sqsPublisher({ client: {}, queueUrl: '', source: '', trace: 'x' }),
    problems: ["'client' is an object", "'queueUrl' is empty", "'trace' is a text", "'source' is empty"],
  },
  'handlers/sqs sqsDeadLetters': {
    wrong: (sqsDeadLetters) => sqsDeadLetters({ queueUrl: 'letters', store: {} }),
    problems: [
      "'client' is missing",
      "'queueUrl' is 'letters': expected a queue's URL",
      "'store' is an object: expected a DeadLetters that keeps the letters",
    ],
  },
  'handlers/sns snsSink': {
    wrong: (snsSink) => snsSink({ topicArn: 'orders', maxMessageBytes: 5 }),
    problems: [
      "'client' is missing",
      "'topicArn' is 'orders': expected the ARN of an SNS topic",
      "'maxMessageBytes' is 5",
    ],
  },
  'handlers/sns snsPublisher': {
    wrong: (snsPublisher) => snsPublisher({ client: {}, topicArn: '', source: '' }),
    problems: ["'client' is an object", "'topicArn' is empty", "'source' is empty"],
  },
  'handlers/scheduler eventBridgeScheduler': {
    wrong: (scheduler) => scheduler({ streamArn: 'ingress', roleArn: 'me', group: '' }),
    problems: [
      "'client' is missing",
      "'streamArn' is 'ingress': expected the ARN",
      "'roleArn' is 'me': expected the ARN",
      "'group' is empty",
    ],
  },
  'handlers/scheduler tickSchedules': {
    wrong: (tickSchedules) =>
      tickSchedules(undefined, { application: '', streamArn: 'ingress', roleArn: 'me' }),
    problems: [
      "'reactor' is missing: expected what reactor() made",
      "'application' is empty",
      "'streamArn' is 'ingress': expected the ARN",
      "'roleArn' is 'me': expected the ARN",
    ],
  },
  'handlers/scheduler scheduleGroup': {
    wrong: (scheduleGroup) => scheduleGroup({ group: '', streamArn: 'ingress', roleArn: 'me', regoin: 'x' }),
    problems: [
      "'group' is empty",
      "'region' is missing",
      "'account' is missing",
      "'streamArn' is 'ingress': expected the ARN",
      "'roleArn' is 'me': expected the ARN",
      "'regoin' is no option: expected 'region'",
    ],
  },
  'handlers/step-functions reminderMachine': {
    wrong: (machine) => machine({ target: { stream: 'a', function: 'b' }, parked: {}, partition: '' }),
    problems: [
      "'parked.queueUrl' is missing",
      "'partition' is empty",
      "'target' has 'stream' and 'function'",
    ],
  },
  'handlers/step-functions reminderMachinePolicy': {
    wrong: (policy) => policy({ target: {} }),
    problems: ["'region' is missing", "'account' is missing", "'target' has neither"],
  },
  'handlers/step-functions reminderCallerPolicy': {
    wrong: (policy) => policy({ stateMachineArn: 'reminders' }),
    problems: ["'stateMachineArn' is 'reminders': expected the ARN"],
  },
  'handlers/step-functions stepFunctions': {
    wrong: (stepFunctions) =>
      stepFunctions({ stateMachineArn: 'arn:aws:states:us-east-1:0:stateMachine:reminders:live' }),
    problems: [
      "'client' is missing",
      "'stateMachineArn' is 'arn:aws:states:us-east-1:0:stateMachine:reminders:live'",
    ],
  },
  'handlers/watch watch': {
    wrong: (watch) =>
      watch({
        application: '',
        above: '100',
        onNoData: 'ignore',
        realert: 'often',
        aboev: 1,
        when: () => true,
      }),
    problems: [
      "'application' is empty",
      "'state' is missing",
      "'measure' is missing",
      "'alert' is missing",
      "'above' is '100'",
      "'onNoData' is 'ignore'",
      "'realert' is 'often'",
      "'aboev' is no option: expected 'above'",
      "'above' and 'when' are given",
    ],
  },
  'handlers/redis redisReferences': {
    wrong: (redisReferences) => redisReferences({}),
    problems: ["'command' is missing"],
  },
  'handlers/redis redisState': {
    wrong: (redisState) => redisState({ prefix: '{app}:' }),
    problems: ["'command' is missing", "'prefix' is a text: expected a text without"],
  },
  'handlers/redis redisTimeline': {
    wrong: (redisTimeline) => redisTimeline({ application: '{app}', prefix: '{app}:' }),
    problems: [
      "'command' is missing",
      "'application' is a text: expected the application's name",
      "'prefix' is a text: expected a text without",
    ],
  },
  'handlers/ioredis ioredisConnection': {
    wrong: (connection) => connection({ url: 'host:6379', nodes: [], tls: true, timeout: 0 }),
    problems: [
      "'url' is a text: expected a URL such as 'redis://",
      "'nodes' is empty: expected the URLs",
      "'tls' is a boolean",
      "'timeout' is 0",
      "'url' and 'nodes': both are given",
    ],
  },
  'handlers/memcached memcachedReferences': {
    wrong: (references) =>
      references({
        nodes: ['cache', 'a:0'],
        discovery: 'b:70000',
        tls: true,
        timeout: 0,
        prefix: 'a b',
        clock: {},
      }),
    problems: [
      "'nodes[0]' is 'cache': expected an address such as 'cache.example:11211'",
      "'nodes[1]' is 'a:0'",
      "'discovery' is 'b:70000'",
      "'tls' is a boolean",
      "'timeout' is 0",
      "'prefix' is a text: expected a text of at most 200",
      "'clock' is an object",
      "'nodes' and 'discovery': both are given",
    ],
  },
  'runtime-lambda lambda': {
    wrong: (lambda) => lambda([], { application: '', concurrency: 0 }),
    problems: ["'application' is empty", "'reactors' is empty", "'state' is missing", "'concurrency' is 0"],
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
      "'application' is empty",
      "'reactors' is empty",
      "'streams[2].start' is 'NOW'",
      "'workerId' is empty",
      "'leases.failover' is 10",
      "'poll.limit' is 0",
      "'drainTimeout' is 'long'",
      "'streams[1]' is 'a', which is listed before",
    ],
  },
  'cli defineConfig': {
    wrong: (defineConfig) =>
      defineConfig({ application: '', streams: [], variables: { PORT: 1 }, lamda: 'src/lambda.ts' }),
    problems: [
      "'application' is empty",
      "'streams' is empty",
      "'reactors' is missing",
      "'lamda' is no option: expected 'lambda'",
      "'variables.PORT' is no text",
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
      "'tables[0].name' is 'x': expected a name of 3 to 255",
      "'tables[0].key' is empty",
      "'streams[0].name' is '!': expected a name of 1 to 128",
      "'streams[0].shards' is 0",
      "'seed' is 0.5",
      "'timeScale' is 0: expected a number above 0",
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
      for (const problem of said) expect(problem).toContain(': expected ')
    })
  }
})

test('a client that is passed is enough', () => {
  for (const name of ['dynamodbState', 'dynamodbDeadLetters', 'dynamodbReferences', 'dynamodbEntities'])
    expect(() => exported.get(`handlers/dynamodb ${name}`)?.({ client, table: 't' })).not.toThrow()
})
