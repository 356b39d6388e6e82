/** The rows of the schedulers' tables: what each error of their clients means to the engine. */

import type { SchedulerClient } from '@aws-sdk/client-scheduler'
import type { SFNClient } from '@aws-sdk/client-sfn'
import { setUpOf } from '@spaceship/core/adapter'
import { describe, expect, test } from 'vitest'
import { eventBridgeScheduler } from '../src/scheduler/index.ts'
import { stepFunctions } from '../src/step-functions/index.ts'
import { told } from './aborts.ts'
import { AWS_CASES, meaningOf, refusal, throwing } from './meanings.ts'

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
