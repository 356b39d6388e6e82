import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  type ListSchedulesCommandInput,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { manualClock } from '../../test/manual-clock.ts'
import { type Scheduler, type StreamPut, startScheduler } from './index.ts'

const NOW = Date.parse('2026-11-24T09:00:00Z')
const STREAM = 'arn:aws:kinesis:us-east-1:000000000000:stream/clients-cdc'

let clock: ReturnType<typeof manualClock>
let puts: StreamPut[]
let put: (record: StreamPut) => Promise<void>
let scheduler: Scheduler
let client: SchedulerClient

beforeEach(async () => {
  clock = manualClock(NOW)
  puts = []
  put = async (record) => {
    puts.push(record)
  }
  scheduler = await startScheduler({ put: (record) => put(record), clock })
  client = connect(scheduler)
})
afterEach(async () => {
  client.destroy()
  await scheduler.close()
})

const connect = ({ url }: Scheduler) =>
  new SchedulerClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    maxAttempts: 1,
  })

const reminder = (changes: Partial<CreateScheduleCommandInput> = {}): CreateScheduleCommandInput => ({
  Name: 'tutorial-acme',
  ScheduleExpression: 'at(2026-11-27T09:00:00)',
  FlexibleTimeWindow: { Mode: 'OFF' },
  Target: {
    Arn: STREAM,
    RoleArn: 'arn:aws:iam::000000000000:role/r',
    Input: '{"reminder":"tutorial"}',
    KinesisParameters: { PartitionKey: 'acme' },
  },
  ...changes,
})

const DAY = 86_400_000

test('puts the input into the stream when it is due, not earlier, and once', async () => {
  const { ScheduleArn } = await client.send(new CreateScheduleCommand(reminder()))
  expect(ScheduleArn).toBe('arn:aws:scheduler:us-east-1:000000000000:schedule/default/tutorial-acme')
  await clock.advance(3 * DAY - 1)
  expect(puts).toEqual([])
  expect(scheduler.pending).toEqual([{ name: 'tutorial-acme', due: new Date(NOW + 3 * DAY) }])
  await clock.advance(1)
  await clock.advance(DAY)
  expect(puts).toEqual([{ stream: 'clients-cdc', partitionKey: 'acme', data: '{"reminder":"tutorial"}' }])
  expect(scheduler.pending).toEqual([])
})

test('what was due in the past fires at once', async () => {
  await client.send(new CreateScheduleCommand(reminder({ ScheduleExpression: 'at(2020-01-01T00:00:00)' })))
  await vi.waitUntil(() => puts.length === 1)
})

test('a zone moves the time', async () => {
  await client.send(
    new CreateScheduleCommand(
      reminder({
        ScheduleExpression: 'at(2026-11-24T11:00:00)',
        ScheduleExpressionTimezone: 'Europe/Berlin',
      }),
    ),
  )
  await clock.advance(3_599_999)
  expect(puts).toHaveLength(0)
  await clock.advance(1)
  expect(puts).toHaveLength(1)
})

test('a completed schedule is kept, or deleted if asked', async () => {
  await client.send(new CreateScheduleCommand(reminder({ Name: 'kept' })))
  await client.send(new CreateScheduleCommand(reminder({ Name: 'gone', ActionAfterCompletion: 'DELETE' })))
  await clock.advance(3 * DAY)
  await expect(client.send(new GetScheduleCommand({ Name: 'kept' }))).resolves.toMatchObject({
    Name: 'kept',
    State: 'ENABLED',
  })
  await expect(client.send(new GetScheduleCommand({ Name: 'gone' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  })
  await client.send(new CreateScheduleCommand(reminder({ Name: 'gone' })))
})

test('get answers what was created', async () => {
  await client.send(new CreateScheduleCommand(reminder({ Description: 'd' })))
  const { $metadata: _, ...answer } = await client.send(new GetScheduleCommand({ Name: 'tutorial-acme' }))
  expect(answer).toMatchObject({
    ...reminder({ Description: 'd' }),
    GroupName: 'default',
    ActionAfterCompletion: 'NONE',
    CreationDate: new Date(NOW),
  })
})

test('update replaces every field and moves the time', async () => {
  await client.send(
    new CreateScheduleCommand(reminder({ Description: 'first', ActionAfterCompletion: 'DELETE' })),
  )
  await clock.advance(DAY)
  await client.send(new UpdateScheduleCommand(reminder({ ScheduleExpression: 'at(2026-11-30T09:00:00)' })))
  const answer = await client.send(new GetScheduleCommand({ Name: 'tutorial-acme' }))
  expect(answer).toMatchObject({
    ActionAfterCompletion: 'NONE',
    CreationDate: new Date(NOW),
    LastModificationDate: new Date(NOW + DAY),
  })
  expect(answer.Description).toBeUndefined()
  await clock.advance(3 * DAY)
  expect(puts).toHaveLength(0)
  await clock.advance(2 * DAY)
  expect(puts).toHaveLength(1)
})

test('delete and disable stop it', async () => {
  await client.send(new CreateScheduleCommand(reminder({ Name: 'deleted' })))
  await client.send(new CreateScheduleCommand(reminder({ Name: 'disabled' })))
  await client.send(new DeleteScheduleCommand({ Name: 'deleted' }))
  await client.send(new UpdateScheduleCommand(reminder({ Name: 'disabled', State: 'DISABLED' })))
  await clock.advance(10 * DAY)
  expect(puts).toEqual([])
  expect(scheduler.pending).toEqual([])
})

test('names what exists, what does not, and what is a repeated request', async () => {
  await client.send(new CreateScheduleCommand(reminder({ ClientToken: 'one' })))
  await client.send(new CreateScheduleCommand(reminder({ ClientToken: 'one' })))
  await expect(
    client.send(new CreateScheduleCommand(reminder({ ClientToken: 'two' }))),
  ).rejects.toMatchObject({ name: 'ConflictException', $metadata: { httpStatusCode: 409 } })
  await expect(client.send(new UpdateScheduleCommand(reminder({ Name: 'no' })))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  })
  await expect(client.send(new DeleteScheduleCommand({ Name: 'no' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  })
  await expect(client.send(new CreateScheduleCommand(reminder({ GroupName: 'g' })))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  })
  await expect(
    client.send(new GetScheduleCommand({ Name: 'tutorial-acme', GroupName: 'g' })),
  ).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
})

const target = { RoleArn: 'r', Input: 'i', KinesisParameters: { PartitionKey: 'k' } }
test.each<[string, Partial<CreateScheduleCommandInput>, RegExp]>([
  ['a day that never comes', { ScheduleExpression: 'cron(0 0 31 2 ? *)' }, /no such day/],
  [
    'an end before the start',
    { StartDate: new Date(NOW + DAY), EndDate: new Date(NOW + 1_000) },
    /after the StartDate/,
  ],
  ['an end in the past', { EndDate: new Date(NOW) }, /in the future/],
  ['a window without its length', { FlexibleTimeWindow: { Mode: 'FLEXIBLE' } }, /MaximumWindowInMinutes/],
  [
    'more retries than there are',
    {
      Target: {
        Arn: STREAM,
        RoleArn: 'r',
        Input: 'i',
        KinesisParameters: { PartitionKey: 'k' },
        RetryPolicy: { MaximumRetryAttempts: 186 },
      },
    },
    /MaximumRetryAttempts/,
  ],
  [
    'another target',
    { Target: { ...target, Arn: 'arn:aws:sqs:us-east-1:000000000000:q' } },
    /sqs.* not supported: .*stand-in/,
  ],
  [
    'a dead-letter queue',
    { Target: { ...target, Arn: STREAM, DeadLetterConfig: { Arn: 'a' } } },
    /DeadLetterConfig is not supported/,
  ],
  ['a key', { KmsKeyArn: 'k' }, /KmsKeyArn is not supported/],
  ['no partition key', { Target: { Arn: STREAM, RoleArn: 'r', Input: 'i' } }, /PartitionKey/],
  [
    'no input',
    { Target: { Arn: STREAM, RoleArn: 'r', KinesisParameters: { PartitionKey: 'k' } } },
    /Target.Input/,
  ],
  ['a bad name', { Name: 'a b' }, /Name 'a b'/],
  [
    'a day that does not exist',
    { ScheduleExpression: 'at(2026-02-30T00:00:00)' },
    /Invalid Schedule Expression/,
  ],
])('refuses %s', async (_, changes, message) => {
  await expect(client.send(new CreateScheduleCommand(reminder(changes)))).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(message),
  })
})

test('a body that is no JSON object, and routes of other resources, are refused', async () => {
  for (const [path, body] of [
    ['/schedules/a', '{'],
    ['/schedules/a', '[]'],
    ['/schedule-groups/g', '{}'],
  ]) {
    const answer = await fetch(`${scheduler.url}${path}`, { method: 'POST', body: body ?? '' })
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([400, 'ValidationException'])
  }
})

test('lists by prefix and state, page by page', async () => {
  for (const Name of ['a-1', 'a-2', 'a-3', 'b-1'])
    await client.send(
      new CreateScheduleCommand(reminder({ Name, State: Name === 'a-2' ? 'DISABLED' : 'ENABLED' })),
    )
  const names = async (input: ListSchedulesCommandInput) => {
    const { Schedules = [], NextToken } = await client.send(new ListSchedulesCommand(input))
    return [Schedules.map(({ Name }) => Name), NextToken]
  }
  await expect(names({ NamePrefix: 'a' })).resolves.toEqual([['a-1', 'a-2', 'a-3'], undefined])
  await expect(names({ State: 'DISABLED' })).resolves.toEqual([['a-2'], undefined])
  await expect(names({ MaxResults: 3 })).resolves.toEqual([['a-1', 'a-2', 'a-3'], 'a-3'])
  await expect(names({ MaxResults: 3, NextToken: 'a-3' })).resolves.toEqual([['b-1'], undefined])
})

test('repeats a failed put until it succeeds, and fills in the context of the execution', async () => {
  let failures = 3
  put = async (record) => {
    puts.push(record)
    failures -= 1
    if (failures >= 0) throw new Error('throttled')
  }
  const Input = '<aws.scheduler.scheduled-time> <aws.scheduler.attempt-number>'
  await client.send(
    new CreateScheduleCommand(
      reminder({ ActionAfterCompletion: 'DELETE', Target: { ...target, Arn: STREAM, Input } }),
    ),
  )
  await clock.advance(3 * DAY)
  for (let step = 0; step < 4; step += 1) await clock.advance(5_000)
  expect(puts.map(({ data }) => data)).toEqual(
    [1, 2, 3, 4].map((attempt) => `2026-11-27T09:00:00Z ${attempt}`),
  )
  expect(scheduler.pending).toEqual([])
})

test('a new generation is not ended by the put of the old one', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  put = async (record) => {
    puts.push(record)
    await gate
  }
  await client.send(new CreateScheduleCommand(reminder({ ActionAfterCompletion: 'DELETE' })))
  await clock.advance(3 * DAY)
  expect(puts).toHaveLength(1)
  await client.send(
    new UpdateScheduleCommand(
      reminder({ ActionAfterCompletion: 'DELETE', ScheduleExpression: 'at(2026-12-24T09:00:00)' }),
    ),
  )
  open()
  await clock.advance(0)
  expect(scheduler.pending).toMatchObject([{ due: new Date('2026-12-24T09:00:00Z') }])
  await clock.advance(30 * DAY)
  expect(puts).toHaveLength(2)
})

test('time may be compressed', async () => {
  await using fast = await startScheduler({ put: (record) => put(record), clock, timeScale: DAY / 1000 })
  const fastClient = connect(fast)
  await fastClient.send(new CreateScheduleCommand(reminder()))
  await clock.advance(2_999)
  expect(puts).toHaveLength(0)
  await clock.advance(1)
  expect(puts).toHaveLength(1)
  fastClient.destroy()
})

test('on the system clock, a schedule beyond the reach of one timer stays armed and closes', async () => {
  await using real = await startScheduler({ put: (record) => put(record) })
  const realClient = connect(real)
  const far = new Date(Date.now() + 60 * DAY).toISOString().slice(0, 19)
  await realClient.send(
    new CreateScheduleCommand(reminder({ Name: 'far', ScheduleExpression: `at(${far})` })),
  )
  await realClient.send(
    new CreateScheduleCommand(reminder({ Name: 'now', ScheduleExpression: 'at(2020-01-01T00:00:00)' })),
  )
  await vi.waitUntil(() => puts.length > 0)
  expect(real.pending).toMatchObject([{ name: 'far' }])
  realClient.destroy()
})

test('a rate is due at once and then again and again, until its end', async () => {
  await client.send(
    new CreateScheduleCommand(
      reminder({
        ScheduleExpression: 'rate(5 minutes)',
        EndDate: new Date(NOW + 15 * 60_000),
        ActionAfterCompletion: 'DELETE',
        Target: { ...target, Arn: STREAM, Input: '<aws.scheduler.scheduled-time>' },
      }),
    ),
  )
  await clock.advance(0)
  expect(scheduler.pending).toMatchObject([{ due: new Date('2026-11-24T09:05:00Z') }])
  for (let minutes = 0; minutes < 30; minutes += 5) await clock.advance(5 * 60_000)
  expect(puts.map(({ data }) => data.slice(11, 16))).toEqual(['09:00', '09:05', '09:10', '09:15'])
  expect(scheduler.pending).toEqual([])
  await expect(client.send(new GetScheduleCommand({ Name: 'tutorial-acme' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  })
})

test('a cron is due in its zone, from its start on; while it is disabled it is not', async () => {
  const cron = { ScheduleExpression: 'cron(0 9 ? * MON-FRI *)', ScheduleExpressionTimezone: 'Europe/Berlin' }
  await client.send(
    new CreateScheduleCommand(reminder({ ...cron, StartDate: new Date('2026-11-27T00:00:00Z') })),
  )
  expect(scheduler.pending).toMatchObject([{ due: new Date('2026-11-27T08:00:00Z') }])
  await clock.advance(4 * DAY)
  expect(puts).toHaveLength(1)
  expect(scheduler.pending).toMatchObject([{ due: new Date('2026-11-30T08:00:00Z') }])
  await client.send(new UpdateScheduleCommand(reminder({ ...cron, State: 'DISABLED' })))
  await clock.advance(30 * DAY)
  expect(puts).toHaveLength(1)
})

test('what cannot be put is given up on as the retry policy says, and holds up nothing after it', async () => {
  put = async (record) => {
    puts.push(record)
    throw new Error('down')
  }
  const RetryPolicy = { MaximumRetryAttempts: 2 }
  await client.send(
    new CreateScheduleCommand(
      reminder({
        ScheduleExpression: 'rate(1 hour)',
        Target: {
          ...target,
          Arn: STREAM,
          RetryPolicy,
          Input: '<aws.scheduler.scheduled-time> <aws.scheduler.attempt-number>',
        },
      }),
    ),
  )
  for (let minute = 0; minute < 90; minute += 1) await clock.advance(60_000)
  expect(puts.map(({ data }) => data.slice(11))).toEqual([
    '09:00:00Z 1',
    '09:00:00Z 2',
    '09:00:00Z 3',
    '10:00:00Z 1',
    '10:00:00Z 2',
    '10:00:00Z 3',
  ])
})

test('an unknown state or page size of a list is refused', async () => {
  for (const query of ['MaxResults=0', 'MaxResults=x', 'State=ON'])
    expect((await fetch(`${scheduler.url}/schedules?${query}`)).status).toBe(400)
})
