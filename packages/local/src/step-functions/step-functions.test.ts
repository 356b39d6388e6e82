import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
  UpdateStateMachineCommand,
} from '@aws-sdk/client-sfn'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { manualClock } from '../../test/manual-clock.ts'
import type { AwsAnswer, Fields } from '../http/index.ts'
import type { Invoked } from '../lambda/index.ts'
import { type EmbeddedStepFunctions, startStepFunctions } from './index.ts'

const NOW = Date.parse('2026-11-24T09:00:00Z')
const DAY = 86_400_000
const roleArn = 'arn:aws:iam::000000000000:role/machine'
const wait = {
  StartAt: 'Wait',
  States: {
    Wait: { Type: 'Wait', TimestampPath: '$.at', Next: 'Put' },
    Put: {
      Type: 'Task',
      Resource: 'arn:aws:states:::aws-sdk:kinesis:putRecord',
      Parameters: { StreamName: 's', 'PartitionKey.$': '$$.Execution.Name', 'Data.$': '$.data' },
      ResultPath: null,
      End: true,
    },
  },
}

let clock: ReturnType<typeof manualClock>
let puts: Fields[]
let answer: AwsAnswer
let invoke: (name: string, event: unknown) => Promise<Invoked> | undefined
let service: EmbeddedStepFunctions
let client: SFNClient

beforeEach(async () => {
  clock = manualClock(NOW)
  puts = []
  answer = { ok: true, output: {} }
  invoke = () => undefined
  const kinesis = async (_: string, input: Fields) => {
    puts.push(input)
    return answer
  }
  service = await startStepFunctions({ kinesis, invoke: (name, event) => invoke(name, event), clock })
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' }
  client = new SFNClient({ endpoint: service.url, region: 'us-east-1', credentials })
})
afterEach(async () => {
  client.destroy()
  await service.close()
})

async function made(definition: object = wait, name = 'm'): Promise<string> {
  const command = new CreateStateMachineCommand({ name, roleArn, definition: JSON.stringify(definition) })
  const { stateMachineArn = '' } = await client.send(command)
  return stateMachineArn
}
const at = (ms: number, data: unknown = { a: 'Zoë' }) =>
  JSON.stringify({ at: new Date(ms).toISOString(), data })
const start = (stateMachineArn: string, name: string | undefined, input: string) =>
  client.send(new StartExecutionCommand({ stateMachineArn, name, input }))
const describe = (executionArn: string | undefined) =>
  client.send(new DescribeExecutionCommand({ executionArn }))
const stop = (executionArn: string | undefined) => client.send(new StopExecutionCommand({ executionArn }))
/** Once the execution has ended. */
async function endOf(executionArn: string | undefined) {
  const name = executionArn?.split(':').at(-1)
  await vi.waitUntil(() => !service.running.some((running) => running.name === name))
  return describe(executionArn)
}
/** Once all executions stand in this state. */
const standing = (state: string) => vi.waitUntil(() => service.running.every((run) => run.state === state))

test('a wait of 60 days is over when it is due, not before, and what is due is put on the stream as JSON', async () => {
  const machine = await made()
  const { executionArn, startDate } = await start(machine, 'e', at(NOW + 60 * DAY))
  expect(startDate).toEqual(new Date(NOW))
  await standing('Wait')
  for (const days of [25, 34.9]) {
    await clock.advance(days * DAY)
    expect(puts).toEqual([])
    expect(await describe(executionArn)).toMatchObject({ status: 'RUNNING', name: 'e' })
  }
  await clock.advance(0.1 * DAY)
  expect(await endOf(executionArn)).toMatchObject({
    status: 'SUCCEEDED',
    stopDate: new Date(NOW + 60 * DAY),
    output: at(NOW + 60 * DAY),
  })
  const Data = Buffer.from('{"a":"Zoë"}').toString('base64')
  expect(puts).toEqual([{ StreamName: 's', PartitionKey: 'e', Data }])
})

test('data that is a text arrives in quotation marks, as AWS writes it', async () => {
  await endOf((await start(await made(), 'e', at(NOW - DAY, 'x'))).executionArn)
  expect(puts).toMatchObject([{ Data: Buffer.from('"x"').toString('base64') }])
})

test('a wait of seconds counts from when it begins', async () => {
  const machine = await made({ StartAt: 'W', States: { W: { Type: 'Wait', SecondsPath: '$.s', End: true } } })
  const { executionArn } = await start(machine, 'e', `{"s":${(30 * DAY) / 1_000}}`)
  await standing('W')
  await clock.advance(20 * DAY)
  await new Promise(setImmediate)
  await clock.advance(9.9 * DAY)
  expect((await describe(executionArn)).status).toBe('RUNNING')
  await clock.advance(0.1 * DAY)
  expect((await endOf(executionArn)).status).toBe('SUCCEEDED')
})

const NO_TIME = 'is no valid ISO-8601 extended offset date-time'
const NO_LENGTH = 'is no whole number of seconds from 0 on'

test.each([
  ['TimestampPath', 'Jan 1 2020', NO_TIME],
  ['TimestampPath', '2020-01-01', NO_TIME],
  ['TimestampPath', '2020-01-01T00:00:00', NO_TIME],
  ['TimestampPath', '2020-13-01T00:00:00Z', NO_TIME],
  ['TimestampPath', '1', NO_TIME],
  ['TimestampPath', 1, NO_TIME],
  ['SecondsPath', -1, NO_LENGTH],
  ['SecondsPath', '0', NO_LENGTH],
  ['SecondsPath', 0.5, NO_LENGTH],
  ['SecondsPath', null, NO_LENGTH],
])('a wait whose %s leads to %j fails the execution', async (path, value, why) => {
  const machine = await made({ StartAt: 'W', States: { W: { Type: 'Wait', [path]: '$.of', End: true } } })
  const { executionArn } = await start(machine, 'e', JSON.stringify({ of: value }))
  expect(await endOf(executionArn)).toMatchObject({
    status: 'FAILED',
    error: 'States.Runtime',
    cause: `the ${path.replace('Path', '')} of W ${why}: ${JSON.stringify(value)}`,
  })
})

test.each([
  ['TimestampPath', '2020-01-01T00:00:00Z'],
  ['TimestampPath', '2020-01-01T00:00:00.123456+02:00'],
  ['SecondsPath', 0],
])('a wait whose %s leads to %j is over at once', async (path, value) => {
  const machine = await made({ StartAt: 'W', States: { W: { Type: 'Wait', [path]: '$.of', End: true } } })
  const { executionArn } = await start(machine, 'e', JSON.stringify({ of: value }))
  expect((await endOf(executionArn)).status).toBe('SUCCEEDED')
})

test('a name is one execution while it runs with the same input, taken for 90 days after its end, then free', async () => {
  const machine = await made()
  const input = at(NOW + DAY)
  const first = await start(machine, 'e', input)
  expect(await start(machine, 'e', input)).toMatchObject({ ...first, $metadata: expect.anything() })
  const taken = {
    name: 'ExecutionAlreadyExists',
    message: expect.stringContaining(first.executionArn ?? '?'),
  }
  await expect(start(machine, 'e', at(NOW + 2 * DAY))).rejects.toMatchObject(taken)
  await stop(first.executionArn)
  await expect(start(machine, 'e', input)).rejects.toMatchObject(taken)
  await clock.advance(90 * DAY - 1)
  await expect(start(machine, 'e', input)).rejects.toMatchObject(taken)
  await clock.advance(1)
  expect((await start(machine, 'e', input)).startDate).toEqual(new Date(NOW + 90 * DAY))
})

test('what is stopped does not go on; stopping it again answers when it was', async () => {
  const { executionArn } = await start(await made(), 'e', at(NOW + DAY))
  await standing('Wait')
  expect((await stop(executionArn)).stopDate).toEqual(new Date(NOW))
  await clock.advance(2 * DAY)
  expect((await stop(executionArn)).stopDate).toEqual(new Date(NOW))
  expect(await describe(executionArn)).toMatchObject({ status: 'ABORTED', stopDate: new Date(NOW) })
  expect(puts).toEqual([])
})

test('a task that fails is caught by the name of its error, and an execution fails with that of its last state', async () => {
  answer = { ok: false, error: 'ResourceNotFoundException', message: 'no stream', fields: {} }
  const Put = {
    ...wait.States.Put,
    Catch: [{ ErrorEquals: ['Kinesis.ResourceNotFoundException'], ResultPath: '$.error', Next: 'Park' }],
  }
  const Park = {
    Type: 'Task',
    Resource: 'arn:aws:states:::sqs:sendMessage',
    Parameters: { QueueUrl: 'https://sqs/q', MessageBody: { 'why.$': '$.error.Error' } },
    Next: 'Fail',
  }
  const Fail = { Type: 'Fail', Error: 'Mine', Cause: 'because' }
  const machine = await made({ ...wait, States: { ...wait.States, Put, Park, Fail } })
  const { executionArn } = await start(machine, 'e', at(NOW))
  expect(await endOf(executionArn)).toMatchObject({ status: 'FAILED', error: 'Mine', cause: 'because' })
  expect(service.messages).toEqual([
    { queueUrl: 'https://sqs/q', body: '{"why":"Kinesis.ResourceNotFoundException"}' },
  ])
})

test('a function is invoked by its name, version or ARN, and what it throws has the name that it threw', async () => {
  const seen: unknown[] = []
  invoke = (name, event) => {
    seen.push([name, event])
    if (name === 'missing') return undefined
    const requestId = 'r'
    return Promise.resolve(
      name === 'fails'
        ? { requestId, error: { type: 'Unfinished', message: 'again' } }
        : { requestId, response: '{"b":2}' },
    )
  }
  const calls = (FunctionName: string) => ({
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Parameters: { FunctionName, 'Payload.$': '$' },
    OutputPath: '$.Payload',
    End: true,
  })
  const run = async (name: string, state: object) => {
    const machine = await made({ StartAt: 'F', States: { F: state } }, name)
    return endOf((await start(machine, 'e', '{"a":1}')).executionArn)
  }
  expect(await run('a', calls('f:live'))).toMatchObject({ status: 'SUCCEEDED', output: '{"b":2}' })
  const Resource = 'arn:aws:lambda:us-east-1:000000000000:function:f'
  expect(await run('b', { Type: 'Task', Resource, End: true })).toMatchObject({ output: '{"b":2}' })
  expect(seen).toEqual([
    ['f', { a: 1 }],
    ['f', { a: 1 }],
  ])
  expect(await run('c', calls('fails'))).toMatchObject({ status: 'FAILED', error: 'Unfinished' })
  expect(await run('d', calls('missing'))).toMatchObject({ error: 'Lambda.ResourceNotFoundException' })
})

test('an execution ends with its time-out, and one that goes round in a circle ends as by AWS', async () => {
  const { executionArn } = await start(await made({ ...wait, TimeoutSeconds: 3_600 }), 'e', at(NOW + DAY))
  await standing('Wait')
  await clock.advance(3_600_000)
  expect(await endOf(executionArn)).toMatchObject({ status: 'TIMED_OUT', error: 'States.Timeout' })
  const States = {
    A: { Type: 'Pass', Next: 'B' },
    B: { Type: 'Choice', Choices: [{ Variable: '$.out', IsPresent: true, Next: 'Out' }], Default: 'A' },
    Out: { Type: 'Succeed' },
  }
  const circle = await start(await made({ StartAt: 'A', States }, 'circle'), 'e', '{}')
  expect(await endOf(circle.executionArn)).toMatchObject({
    status: 'FAILED',
    error: 'States.Runtime',
    cause: expect.stringContaining('25000'),
  })
})

test('executions are listed by status, the latest first, page by page', async () => {
  const machine = await made()
  for (const name of ['a', 'b', 'c', 'd']) await start(machine, name, at(NOW + DAY))
  await stop(`${machine.replace(':stateMachine:', ':execution:')}:b`)
  const pages: (string | undefined)[][] = []
  let nextToken: string | undefined
  do {
    const page = await client.send(
      new ListExecutionsCommand({
        stateMachineArn: machine,
        statusFilter: 'RUNNING',
        maxResults: 2,
        nextToken,
      }),
    )
    pages.push((page.executions ?? []).map(({ name }) => name))
    nextToken = page.nextToken
  } while (nextToken !== undefined)
  expect(pages).toEqual([['d', 'c'], ['a']])
  const all = await client.send(new ListExecutionsCommand({ stateMachineArn: machine }))
  expect(all.executions?.map(({ status }) => status)).toEqual(['RUNNING', 'RUNNING', 'ABORTED', 'RUNNING'])
  const odd = new ListExecutionsCommand({ stateMachineArn: machine, nextToken: 'odd' })
  await expect(client.send(odd)).rejects.toMatchObject({ name: 'InvalidToken' })
})

test('state machines are made, described, changed, listed and removed; executions keep the definition that they began with', async () => {
  const machine = await made()
  expect(await made()).toBe(machine)
  await expect(made({ ...wait, Comment: 'other' })).rejects.toMatchObject({
    name: 'StateMachineAlreadyExists',
  })
  const { executionArn } = await start(machine, 'old', at(NOW + DAY))
  const definition = JSON.stringify({ StartAt: 'End', States: { End: { Type: 'Succeed' } } })
  await client.send(new UpdateStateMachineCommand({ stateMachineArn: machine, definition }))
  expect(await client.send(new DescribeStateMachineCommand({ stateMachineArn: machine }))).toMatchObject({
    definition,
    status: 'ACTIVE',
    type: 'STANDARD',
    roleArn,
    creationDate: new Date(NOW),
  })
  expect((await endOf((await start(machine, 'new', '{"x":1}')).executionArn)).output).toBe('{"x":1}')
  await standing('Wait')
  await clock.advance(DAY)
  expect((await endOf(executionArn)).status).toBe('SUCCEEDED')
  expect(puts).toHaveLength(1)
  const { stateMachines } = await client.send(new ListStateMachinesCommand())
  expect(stateMachines).toMatchObject([{ name: 'm', stateMachineArn: machine }])
  await client.send(new DeleteStateMachineCommand({ stateMachineArn: machine }))
  await client.send(new DeleteStateMachineCommand({ stateMachineArn: machine }))
  await expect(start(machine, 'x', '{}')).rejects.toMatchObject({ name: 'StateMachineDoesNotExist' })
  await expect(describe(executionArn)).rejects.toMatchObject({ name: 'ExecutionDoesNotExist' })
})

test.each<[string, object, RegExp]>([
  ['no such state', { StartAt: 'X', States: { A: { Type: 'Succeed' } } }, /SCHEMA_VALIDATION_FAILED/],
  ['no type', { StartAt: 'A', States: { A: {} } }, /SCHEMA_VALIDATION_FAILED/],
  [
    'a service that is not there',
    { StartAt: 'A', States: { A: { Type: 'Task', Resource: 'arn:aws:states:::sns:publish', End: true } } },
    /sns:publish is not recognized.* at \/States\/A\/Resource/,
  ],
])('a definition with %s is refused', async (_, definition, message) => {
  await expect(made(definition)).rejects.toMatchObject({
    name: 'InvalidDefinition',
    message: expect.stringMatching(/^Invalid State Machine Definition: '/),
  })
  await expect(made(definition)).rejects.toThrow(message)
})

test('what else AWS refuses is refused in its words', async () => {
  const machine = await made()
  await expect(start(machine, 'a b', '{}')).rejects.toMatchObject({ name: 'InvalidName' })
  await expect(start(machine, 'a', '{')).rejects.toMatchObject({ name: 'InvalidExecutionInput' })
  await expect(start('arn', 'a', '{}')).rejects.toMatchObject({ name: 'InvalidArn' })
  await expect(stop(`${machine}:e`)).rejects.toMatchObject({ name: 'InvalidArn' })
  const jsonata = { ...wait, QueryLanguage: 'JSONata' }
  await expect(made(jsonata, 'j')).rejects.toMatchObject({
    name: expect.stringMatching(/Validation|Invalid/),
  })
  const express = new CreateStateMachineCommand({ name: 'x', roleArn, definition: '{}', type: 'EXPRESS' })
  await expect(client.send(express)).rejects.toMatchObject({ name: 'StateMachineTypeNotSupported' })
  const headers = { 'x-amz-target': 'AWSStepFunctions.toString' }
  const reply = await fetch(service.url, { method: 'POST', headers, body: '{}' })
  expect(await reply.json()).toMatchObject({ __type: 'UnknownOperationException' })
})
