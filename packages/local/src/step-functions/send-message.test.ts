/** What reaches a queue of the ship from a state machine, and what its refusal does. */
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn'
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { manualClock } from '../../test/manual-clock.ts'
import { startSqs } from '../sqs/index.ts'
import { startStepFunctions } from './index.ts'

let sqs: Awaited<ReturnType<typeof startSqs>>
let service: Awaited<ReturnType<typeof startStepFunctions>>
let clock: ReturnType<typeof manualClock>
let queues: SQSClient
let machines: SFNClient
beforeEach(async () => {
  clock = manualClock(Date.parse('2026-11-24T09:00:00Z'))
  sqs = await startSqs({ clock })
  service = await startStepFunctions({
    kinesis: () => expect.unreachable(),
    invoke: () => undefined,
    queue: sqs.deliver,
    clock,
  })
  const common = { region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } }
  queues = new SQSClient({ endpoint: sqs.url, ...common })
  machines = new SFNClient({ endpoint: service.url, ...common })
})
afterEach(async () => {
  queues.destroy()
  machines.destroy()
  await service.close()
  await sqs.close()
})

async function queue(QueueName: string): Promise<string> {
  const Attributes = QueueName.endsWith('.fifo') ? { FifoQueue: 'true' } : {}
  const { QueueUrl = '' } = await queues.send(new CreateQueueCommand({ QueueName, Attributes }))
  return QueueUrl
}

/** How an execution ends that sends this. */
async function sent(Parameters: object) {
  const resource = 'arn:aws:states:::sqs:sendMessage'
  const definition = JSON.stringify({
    StartAt: 'Send',
    States: { Send: { Type: 'Task', Resource: resource, Parameters, End: true } },
  })
  const roleArn = 'arn:aws:iam::000000000000:role/machine'
  const { stateMachineArn } = await machines.send(
    new CreateStateMachineCommand({ name: 'm', roleArn, definition }),
  )
  const { executionArn } = await machines.send(new StartExecutionCommand({ stateMachineArn }))
  await vi.waitUntil(() => service.running.length === 0)
  return machines.send(new DescribeExecutionCommand({ executionArn }))
}

test('a FIFO queue gets a message with its group and its deduplication id', async () => {
  const QueueUrl = await queue('q.fifo')
  const one = { QueueUrl, MessageBody: { a: 1 }, MessageGroupId: 'g', MessageDeduplicationId: 'd' }
  const { status, output = '' } = await sent(one)
  const body = '{"a":1}'
  expect(status).toBe('SUCCEEDED')
  expect(JSON.parse(output)).toMatchObject({
    MessageId: expect.any(String),
    MD5OfMessageBody: expect.any(String),
    SequenceNumber: expect.any(String),
  })
  expect(sqs.messages('q.fifo')).toEqual([{ body, attributes: {}, group: 'g' }])
  await sent(one)
  expect(sqs.messages('q.fifo'), 'the same deduplication id').toHaveLength(1)
})

test('a message has its attributes, and is not there before its delay is over', async () => {
  const QueueUrl = await queue('q')
  const MessageAttributes = { kind: { DataType: 'String', StringValue: 'x' } }
  await sent({ QueueUrl, MessageBody: 'hello', MessageAttributes, DelaySeconds: 900 })
  expect(sqs.messages('q')).toEqual([{ body: 'hello', attributes: { kind: 'x' }, group: undefined }])
  const received = () => queues.send(new ReceiveMessageCommand({ QueueUrl }))
  expect((await received()).Messages).toBeUndefined()
  await clock.advance(900_000)
  expect((await received()).Messages).toMatchObject([{ Body: 'hello' }])
})

test.each([
  [
    'a FIFO queue without a group',
    'q.fifo',
    { MessageBody: 'x' },
    'SQS.AmazonSQSException',
    'The request must contain the parameter MessageGroupId. (Service: AmazonSQS; Status Code: 400; Error Code: MissingParameter)',
  ],
  [
    'a text that no queue takes',
    'q',
    { MessageBody: '\u0000' },
    'SQS.InvalidMessageContentsException',
    expect.stringContaining('outside the allowed set'),
  ],
  ['no text', 'q', {}, 'SQS.AmazonSQSException', expect.stringContaining('MessageBody')],
])('what a queue refuses fails the execution by the name of AWS: %s', async (_, name, more, error, cause) => {
  const QueueUrl = await queue(name)
  expect(await sent({ QueueUrl, ...more })).toMatchObject({ status: 'FAILED', error, cause })
  expect([sqs.messages(name), service.messages]).toEqual([[], []])
})

test('a message to a queue that is not there stands in the list of messages alone', async () => {
  const queueUrl = 'https://sqs/000000000000/none'
  const { status, output = '' } = await sent({ QueueUrl: queueUrl, MessageBody: 'x' })
  expect([status, JSON.parse(output)]).toEqual(['SUCCEEDED', { MessageId: expect.any(String) }])
  expect(service.messages).toEqual([{ queueUrl, body: 'x' }])
})
