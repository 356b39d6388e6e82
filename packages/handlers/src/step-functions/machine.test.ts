import type { SFNClient } from '@aws-sdk/client-sfn'
import { reminder } from '@spaceship/core'
import { memoryEvents, memoryState } from '@spaceship/core/memory'
import { createReminders } from '@spaceship/core/reminders'
import validate from 'asl-validator'
import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { inputOf } from './input.ts'
import { type ReminderMachine, type ReminderMachineOptions, reminderMachine } from './machine.ts'
import { reminderCallerPolicy, reminderMachinePolicy } from './policy.ts'
import { stepFunctions } from './scheduler.ts'

const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/parked'
const machines: readonly ReminderMachineOptions[] = [
  { target: { stream: 'ingress' } },
  { target: { stream: 'ingress' }, parked: { queueUrl } },
  { target: { function: 'reactors:live' }, partition: 'aws-cn' },
  { target: { function: 'arn:aws:lambda:eu-west-1:123456789012:function:reactors' }, parked: { queueUrl } },
]

test.each(machines)('the definition is one of the Amazon States Language: %j', (options) => {
  const text = JSON.stringify(reminderMachine(options))
  // The validator changes what it is given.
  const { isValid, errorsText } = validate(JSON.parse(text), { checkArn: true, checkPaths: true })
  expect(isValid ? '' : errorsText('\n')).toBe('')
  expect(JSON.parse(text)).toEqual(reminderMachine(options))
})

test('the resources are those of the partition', () => {
  const { States } = reminderMachine({ target: { stream: 's' }, parked: { queueUrl }, partition: 'aws-cn' })
  expect([States.Deliver?.Resource, States.Park?.Resource]).toEqual([
    'arn:aws-cn:states:::aws-sdk:kinesis:putRecord',
    'arn:aws-cn:states:::sqs:sendMessage',
  ])
})

test('a FIFO queue gets a group and a deduplication id, without which it takes no message', () => {
  const fifo = { queueUrl: `${queueUrl}.fifo` }
  const { States } = reminderMachine({ target: { stream: 's' }, parked: fifo })
  expect(States.Park?.Parameters).toMatchObject({
    'MessageGroupId.$': '$.partitionKey',
    'MessageDeduplicationId.$': '$$.Execution.Name',
  })
  const { States: plain } = reminderMachine({ target: { stream: 's' }, parked: { queueUrl } })
  expect(Object.keys(plain.Park?.Parameters ?? {})).toEqual(['QueueUrl', 'MessageBody'])
})

/** What an execution of ours holds. */
const execution = {
  name: 'reminder-1-g1',
  dueAt: new Date(0),
  envelope: JSON.stringify({
    spaceship: 1,
    kind: 'reminder',
    application: 'a',
    generation: 1,
    key: 'Zoë 🚀',
  }),
  partitionKey: 'p',
}

type Task = (input: never) => Promise<unknown>

/** Runs one execution, whose tasks are these; retries follow at once. */
async function run(machine: ReminderMachine, tasks: Readonly<Record<string, Task>>) {
  // The interpreter's timer does not reach a year.
  const { TimeoutSeconds: _, ...definition } = machine
  // Safe: the validator has passed it, and tasks are given what the definition's parameters make.
  const { result } = new StateMachine(definition as unknown as StateMachineDefinition).run(
    JSON.parse(inputOf(execution)),
    {
      overrides: {
        taskResourceLocalHandlers: tasks as never,
        waitTimeOverrides: { WaitUntilDue: 0 },
        retryIntervalOverrides: { Deliver: 0, Park: 0 },
      },
      context: { Execution: { Name: execution.name } },
    },
  )
  return result
}

const failing = (name: string) => Object.assign(new Error('the cause quotes hush'), { name })

test('a due execution puts its envelope on the stream, under its partition key, after what passes by itself', async () => {
  const events = memoryEvents()
  let failures = 20
  await run(reminderMachine({ target: { stream: 'ingress' } }), {
    Deliver: async (input: { StreamName: string; PartitionKey: string; Data: object }) => {
      failures -= 1
      if (failures >= 0) throw failing('Kinesis.ProvisionedThroughputExceededException')
      expect(input.StreamName).toBe('ingress')
      await events.put([{ partitionKey: input.PartitionKey, data: Buffer.from(JSON.stringify(input.Data)) }])
      return {}
    },
  })
  expect(
    events.records.map(({ partitionKey, data }) => [partitionKey, Buffer.from(data).toString()]),
  ).toEqual([['p', execution.envelope]])
})

test('a function is invoked with the envelope itself', async () => {
  const seen: unknown[] = []
  await run(reminderMachine({ target: { function: 'reactors' } }), {
    Deliver: async (input: unknown) => {
      seen.push(input)
      return {}
    },
  })
  expect(seen).toEqual([{ FunctionName: 'reactors', Payload: JSON.parse(execution.envelope) }])
})

test('what cannot be delivered is sent to the queue, with the name of the error and not its cause', async () => {
  const seen: { MessageBody: object }[] = []
  let attempts = 0
  await run(reminderMachine({ target: { stream: 'ingress' }, parked: { queueUrl } }), {
    Deliver: async () => {
      attempts += 1
      throw failing('Kinesis.ResourceNotFoundException')
    },
    Park: async (input: { MessageBody: object }) => {
      seen.push(input)
      return {}
    },
  })
  expect(attempts).toBe(13)
  expect(seen).toEqual([
    {
      QueueUrl: queueUrl,
      MessageBody: {
        execution: execution.name,
        fireAt: '1970-01-01T00:00:00.000Z',
        envelope: JSON.parse(execution.envelope),
        partitionKey: 'p',
        error: 'Kinesis.ResourceNotFoundException',
        schemaVersion: 1,
      },
    },
  ])
})

test('without a queue the execution fails with an error that says what to do', async () => {
  const running = run(reminderMachine({ target: { stream: 'ingress' } }), {
    Deliver: async () => {
      throw failing('Other')
    },
  })
  await expect(running).rejects.toMatchObject({
    cause: { name: 'Spaceship.Undelivered', message: expect.stringContaining('redrive') },
  })
})

test('what passes by itself is tried for about a day, and the longest wait leaves room for that', () => {
  const { States, TimeoutSeconds } = reminderMachine({ target: { stream: 's' } })
  const { MaxAttempts, MaxDelaySeconds } = Object(Object(States.Deliver).Retry[0])
  const average = (MaxAttempts * MaxDelaySeconds) / 2
  expect(average).toBeGreaterThan(86_400)
  expect(average).toBeLessThan(1.2 * 86_400)
  expect(TimeoutSeconds).toBe(365 * 86_400)
})

test('the roles may do what the definition does, and no more', () => {
  const place = { region: 'eu-west-1', account: '123456789012' }
  expect(reminderMachinePolicy({ target: { stream: 'ingress' }, parked: { queueUrl }, ...place })).toEqual([
    {
      Effect: 'Allow',
      Action: ['kinesis:PutRecord'],
      Resource: ['arn:aws:kinesis:eu-west-1:123456789012:stream/ingress'],
    },
    {
      Effect: 'Allow',
      Action: ['sqs:SendMessage'],
      Resource: ['arn:aws:sqs:eu-west-1:123456789012:parked'],
    },
  ])
  expect(reminderMachinePolicy({ target: { function: 'reactors:live' }, ...place })).toEqual([
    {
      Effect: 'Allow',
      Action: ['lambda:InvokeFunction'],
      Resource: ['arn:aws:lambda:eu-west-1:123456789012:function:reactors:live'],
    },
  ])
  expect(
    reminderCallerPolicy({ stateMachineArn: 'arn:aws:states:eu-west-1:1:stateMachine:reminders' }),
  ).toEqual([
    {
      Effect: 'Allow',
      Action: ['states:StartExecution'],
      Resource: ['arn:aws:states:eu-west-1:1:stateMachine:reminders'],
    },
    {
      Effect: 'Allow',
      Action: ['states:StopExecution', 'states:DescribeExecution'],
      Resource: ['arn:aws:states:eu-west-1:1:execution:reminders:*'],
    },
  ])
})

test('an execution is started with less than 1 KB, whatever the payload of the reminder', async () => {
  const sent: string[] = []
  const client = {
    send: async ({ input }: { input: { input: string } }) => {
      sent.push(input.input)
      return {}
    },
  }
  const scheduler = stepFunctions({
    // Of a client, `send` alone is used.
    client: client as unknown as SFNClient,
    stateMachineArn: 'arn:aws:states:eu-west-1:123456789012:stateMachine:reminders',
  })
  const payload = z.object({ id: z.string(), words: z.string() })
  const welcome = reminder('welcome', { payload, key: ({ id }) => id })
  let moment = Date.now()
  await fc.assert(
    fc.asyncProperty(fc.uuid(), fc.string({ unit: 'binary', maxLength: 20_000 }), async (id, words) => {
      const reminders = createReminders({ application: 'onboarding', state: memoryState(), scheduler })
      moment += 1
      const version = { min: moment * 1_000, max: moment * 1_000 + 999 }
      const schedule = reminders.schedule(welcome, { in: '3d', payload: () => ({ id, words }) })
      // They use nothing else of an event and its context.
      await schedule({ at: new Date(moment), version } as never, {} as never)
      const input = sent.at(-1) ?? ''
      expect(Buffer.byteLength(input)).toBeLessThan(1_024)
      expect(JSON.parse(input).envelope).toMatchObject({ reminder: 'welcome', key: id })
      expect(Object.keys(JSON.parse(input))).toEqual(['fireAt', 'envelope', 'partitionKey', 'schemaVersion'])
    }),
    { numRuns: 30 },
  )
})
