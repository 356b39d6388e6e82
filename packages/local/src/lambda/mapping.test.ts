import { SplitShardCommand } from '@aws-sdk/client-kinesis'
import { systemClock } from '@spaceship/core/ports'
import { expect, test, vi } from 'vitest'
import { fixture, mappingStage, STREAM } from '../../test/mapping-stage.ts'
import { type FailedBatch, startLambda } from './index.ts'

const stage = mappingStage()
const { batches, config, createStream, isActive, journal, lines, map, put, ran } = stage

test('runs the function in a process, in order, batch by batch', async () => {
  await createStream()
  await put({ id: 'a' }, { id: 'b' }, { id: 'c' })
  const mapping = await map({ batchSize: 2 })
  await mapping.idle()
  expect(batches()).toEqual(['ab', 'c'])
  await put({ id: 'd' })
  await mapping.idle()
  expect(batches()).toEqual(['ab', 'c', 'd'])
  const pids = new Set(ran().map(({ pid }) => pid))
  expect([...pids]).toEqual(mapping.pids)
  expect(pids).not.toContain(process.pid)
  expect(lines).toEqual(['cold start'])
  expect(mapping.invocations.map(({ verdict }) => verdict)).toEqual(['done', 'done', 'done'])
})

test('gives the function the event, the context and the variables of Lambda, and nothing of this process', async () => {
  await createStream()
  await put({ id: 'a', fail: 'context' })
  const mapping = await map({ timeoutMs: 20_000, functionName: 'onboarding' })
  await mapping.idle()
  const seen = JSON.parse(lines.at(-1) ?? '{}')
  const [{ requestId, shard, sequenceNumbers } = expect.unreachable()] = mapping.invocations
  expect(seen).toMatchObject({
    awsRequestId: requestId,
    functionName: 'onboarding',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:onboarding',
    event: {
      eventSource: 'aws:kinesis',
      eventName: 'aws:kinesis:record',
      eventID: `${shard}:${sequenceNumbers[0]}`,
      eventSourceARN: `arn:aws:kinesis:us-east-1:000000000000:stream/${STREAM}`,
      awsRegion: 'us-east-1',
      kinesis: {
        partitionKey: 'k',
        sequenceNumber: sequenceNumbers[0],
        approximateArrivalTimestamp: expect.any(Number),
      },
    },
    env: { AWS_LAMBDA_FUNCTION_NAME: 'onboarding', _HANDLER: 'report.handler', JOURNAL: journal() },
  })
  expect(seen.remaining).toBeGreaterThan(0)
  expect(seen.remaining).toBeLessThanOrEqual(20_000)
  expect(seen.env.PATH).toBeUndefined()
})

test('redelivers from the lowest reported record', async () => {
  await createStream()
  await put({ id: 'a' }, { id: 'b', fail: 'always' }, { id: 'c' }, { id: 'd', fail: 'always' })
  const failed: FailedBatch[] = []
  const mapping = await map({ maximumRetryAttempts: 1, onFailure: (batch) => void failed.push(batch) })
  await mapping.idle()
  expect(batches()).toEqual(['abcd', 'bcd'])
  expect(failed).toMatchObject([
    {
      requestContext: {
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 2,
        requestId: mapping.invocations[1]?.requestId,
      },
      // The function answered; it only reported what failed.
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: null },
      KinesisBatchInfo: { batchSize: 3, startSequenceNumber: mapping.invocations[1]?.sequenceNumbers[0] },
    },
  ])
  expect(
    failed[0]?.payload.Records.map(
      ({ kinesis: { data } }) => JSON.parse(Buffer.from(data, 'base64').toString()).id,
    ),
  ).toEqual(['b', 'c', 'd'])
})

test('bisects a batch that throws until only the poisonous record is given up on', async () => {
  await createStream()
  await put({ id: 'a' }, { id: 'b' }, { id: 'c', fail: 'throw' }, { id: 'd' })
  const failed: FailedBatch[] = []
  let attempts = 0
  const onFailure = async (batch: FailedBatch) => {
    attempts += 1
    if (attempts < 3) throw new Error('the destination is down')
    failed.push(batch)
  }
  const mapping = await map({ bisectBatchOnFunctionError: true, maximumRetryAttempts: 0, onFailure })
  await mapping.idle()
  expect(batches()).toEqual(['abcd', 'ab', 'cd', 'c', 'd'])
  expect(failed).toMatchObject([
    { responseContext: { functionError: 'Unhandled' }, KinesisBatchInfo: { batchSize: 1 } },
  ])
  expect(mapping.invocations[0]).toMatchObject({
    verdict: 'failed',
    error: { type: 'TypeError', message: 'as asked' },
  })
})

test.each([
  ['exit', { type: 'Runtime.ExitError', message: 'Runtime exited with error: exit status 3' }],
  ['reject', { type: 'RangeError', message: 'nobody waits' }],
  ['hang', { type: 'Sandbox.Timedout', message: 'Task timed out after 0.80 seconds' }],
])('a function that ends in %s is run again in another process', async (fail, error) => {
  await createStream()
  await put({ id: 'a', fail })
  const mapping = await map({ maximumRetryAttempts: 1, timeoutMs: 800 })
  await mapping.idle()
  expect(mapping.invocations).toMatchObject([
    { verdict: 'failed', error },
    { verdict: 'failed', error },
  ])
  expect(new Set(ran().map(({ pid }) => pid)).size).toBe(2)
  await put({ id: 'b' })
  await mapping.idle()
  expect(batches()).toEqual(['a', 'a', 'b'])
})

test('kill -9 in the middle of an invocation loses nothing', async () => {
  await createStream()
  const mapping = await map({ environment: { JOURNAL: journal() }, maximumRetryAttempts: 1 })
  await put({ id: 'a', fail: 'hang' })
  await vi.waitUntil(() => ran().length === 1, { timeout: 20_000 })
  for (const pid of mapping.pids) process.kill(pid, 'SIGKILL')
  await vi.waitUntil(() => ran().length === 2, { timeout: 20_000 })
  expect(mapping.invocations).toMatchObject([
    { error: { type: 'Runtime.ExitError', message: 'Runtime exited with error: signal: SIGKILL' } },
  ])
  for (const pid of mapping.pids) process.kill(pid, 'SIGKILL')
  await mapping.idle()
  expect(batches()).toEqual(['a', 'a'])
})

test.each([
  ['a module that throws', { handler: fixture('broken') }, { type: 'SyntaxError', message: 'cannot start' }],
  [
    'an export that is missing',
    { exportName: 'nope' },
    { type: 'Runtime.HandlerNotFound', message: 'nope is undefined or not exported' },
  ],
])('reports %s as the failure of the invocation', async (_, options, error) => {
  await createStream()
  await put({ id: 'a' })
  const mapping = await map({ maximumRetryAttempts: 0, ...options })
  await mapping.idle()
  expect(mapping.invocations).toMatchObject([{ verdict: 'failed', error }])
  expect(mapping.pids).toEqual([])
})

test('another export, and a function that is not async', async () => {
  await createStream()
  await put({ id: 'a' })
  const mapping = await map({ exportName: 'other' })
  await mapping.idle()
  expect(mapping.invocations).toMatchObject([{ verdict: 'done' }])
})

test('never mixes shards, and gives each its own process', async () => {
  await createStream(2)
  await put(
    ...Array.from({ length: 20 }, (_, index) => ({
      id: String.fromCharCode(97 + index),
      key: `key-${index}`,
    })),
  )
  const mapping = await map()
  await mapping.idle()
  const shards = new Set(mapping.invocations.map(({ shard }) => shard))
  expect(shards.size).toBe(2)
  expect(new Set(ran().map(({ pid }) => pid)).size).toBe(2)
  expect(
    ran()
      .flatMap(({ records }) => records)
      .sort()
      .join(''),
  ).toBe('abcdefghijklmnopqrst')
})

test('reads a child shard after its parent, to the end', async () => {
  await createStream()
  await put({ id: 'a' }, { id: 'b' })
  const mapping = await map({ batchSize: 1 })
  await stage.client.send(
    new SplitShardCommand({
      StreamName: STREAM,
      ShardToSplit: 'shardId-000000000000',
      NewStartingHashKey: '170141183460469231731687303715884105728',
    }),
  )
  await vi.waitUntil(isActive)
  await put(...['c', 'd', 'e', 'f'].map((id) => ({ id, key: id })))
  await mapping.idle()
  expect(batches().slice(0, 2)).toEqual(['a', 'b'])
  expect(batches().slice(2).sort()).toEqual(['c', 'd', 'e', 'f'])
  expect(new Set(mapping.invocations.map(({ shard }) => shard)).size).toBeGreaterThan(1)
})

test('from LATEST, only what comes afterwards', async () => {
  await createStream()
  await put({ id: 'a' })
  const mapping = await map({ startingPosition: 'LATEST' })
  await put({ id: 'b' })
  await mapping.idle()
  expect(batches()).toEqual(['b'])
})

test('a batch stays below 6 MB, whatever its size', async () => {
  await createStream()
  const pad = 'x'.repeat(700_000)
  for (const id of 'abcdefgh') await put({ id, pad })
  const mapping = await map()
  await mapping.idle()
  expect(batches()).toEqual(['abcdef', 'gh'])
})

test('gathers for the window', async () => {
  await createStream()
  const mapping = await map({ batchSize: 3, batchingWindowMs: 60_000 })
  for (const id of 'abc') await put({ id })
  await mapping.idle()
  expect(batches()).toEqual(['abc'])
})

test('closing kills a function in mid-flight and refuses to be idle', async () => {
  await createStream()
  await put({ id: 'a', fail: 'hang' })
  const mapping = await map()
  await vi.waitUntil(() => ran().length === 1, { timeout: 20_000 })
  const [pid = expect.unreachable()] = mapping.pids
  const idle = expect(mapping.idle()).rejects.toMatchObject({ code: 'lambda-closed' })
  await Promise.all([mapping.close(), mapping.close()])
  await idle
  expect(() => process.kill(pid, 0)).toThrow()
  expect(mapping.invocations).toEqual([])
})

test('without a destination, what is given up on is at least said', async () => {
  await createStream()
  await put({ id: 'a', fail: 'throw' }, { id: 'b' })
  const mapping = await map({ maximumRetryAttempts: 0, batchSize: 1 })
  await mapping.idle()
  expect(batches()).toEqual(['a', 'b'])
  expect(lines).toContain('report gave up on 1 record(s) of shardId-000000000000: RetryAttemptsExhausted')
})

test('a record that is too old is discarded without being tried', async () => {
  await createStream()
  await put({ id: 'a' })
  const failed: FailedBatch[] = []
  const clock = { now: () => Date.now() + 61_000, sleep: systemClock.sleep }
  const mapping = await map({
    clock,
    maximumRecordAgeSeconds: 60,
    onFailure: (batch) => void failed.push(batch),
  })
  await mapping.idle()
  expect(batches()).toEqual([])
  expect(failed).toMatchObject([
    {
      requestContext: {
        condition: 'RecordAgeExceeded',
        approximateInvokeCount: 0,
        requestId: expect.stringMatching(/^[\da-f-]{36}$/),
      },
      payload: { Records: [{ eventName: 'aws:kinesis:record' }] },
    },
  ])
  expect(failed[0]).not.toHaveProperty('responseContext')
})

test('reads that are throttled are repeated, and lose and repeat nothing', async () => {
  await createStream(2)
  const items = Array.from({ length: 60 }, (_, index) => ({ id: `${index};`, key: `key-${index % 7}` }))
  await put(...items)
  stage.faults.faults.throttle({ kinesis: 0.4 })
  const mapping = await map({ batchSize: 5 })
  await mapping.idle()
  const seen = ran().flatMap(({ records }) => records)
  expect([...seen].sort()).toEqual(items.map(({ id }) => id).sort())
  expect(lines).toContainEqual(
    expect.stringMatching(/^reading shardId-\d+ of clients-cdc: ProvisionedThroughputExceeded/),
  )
})

test('lists every problem of its options', async () => {
  const wrong = startLambda({
    handler: 'relative.mjs',
    stream: STREAM,
    kinesis: config(),
    batchSize: 0,
    maximumRecordAgeSeconds: 0,
    maximumRetryAttempts: -2,
    ...{ parallelizationFactor: 2 },
  })
  await expect(wrong).rejects.toMatchObject({
    code: 'configuration',
    problems: [
      /relative/,
      /batchSize/,
      /maximumRetryAttempts/,
      /parallelizationFactor/,
      /maximumRecordAgeSeconds/,
    ].map((problem) => expect.stringMatching(problem)),
  })
})

test('fails to start on a stream that is not there', async () => {
  await expect(map()).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
})
