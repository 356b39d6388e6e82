import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SendMessageCommandInput,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { folders } from '../../test/folders.ts'
import { manualClock } from '../../test/manual-clock.ts'
import { openData } from '../data/index.ts'
import { type Sqs, startSqs } from './index.ts'

const configOf = ({ url }: Sqs) => ({
  endpoint: url,
  region: 'us-east-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
})
const clock = manualClock(1_800_000_000_000)
const newFolder = folders()
let sqs: Sqs
let client: SQSClient
beforeAll(async () => {
  sqs = await startSqs({ clock })
  client = new SQSClient(configOf(sqs))
})
afterAll(async () => {
  client.destroy()
  await sqs.close()
})

let made = 0
async function queue(Attributes: Record<string, string> = {}): Promise<string> {
  made += 1
  const QueueName = `q${made}${Attributes.FifoQueue === 'true' ? '.fifo' : ''}`
  const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName, Attributes }))
  return QueueUrl
}
const send = (QueueUrl: string, MessageBody: string, more: Partial<SendMessageCommandInput> = {}) =>
  client.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }))
const receive = async (QueueUrl: string, more: Partial<ReceiveMessageCommandInput> = {}) =>
  (await client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...more }))).Messages ??
  []
const bodies = async (QueueUrl: string, more: Partial<ReceiveMessageCommandInput> = {}) =>
  (await receive(QueueUrl, more)).map(({ Body }) => Body)
const remove = (QueueUrl: string, ReceiptHandle: string | undefined) =>
  client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))

test('a message comes with its attributes and digests, is hidden from then on, and again until it is deleted', async () => {
  const url = await queue({ VisibilityTimeout: '20' })
  const MessageAttributes = {
    kind: { DataType: 'String', StringValue: 'Zoë 🚀' },
    raw: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 255) },
  }
  await send(url, '{"a":1}', { MessageAttributes })
  const [first] = await receive(url, { MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'] })
  // The client has compared the digest of the body.
  expect(first).toMatchObject({
    Body: '{"a":1}',
    Attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1800000000000' },
    MessageAttributes,
  })
  expect(first?.MD5OfMessageAttributes).toMatch(/^[\da-f]{32}$/)
  expect(await bodies(url)).toEqual([])
  await clock.advance(20_000)
  const [again] = await receive(url, { MessageSystemAttributeNames: ['ApproximateReceiveCount'] })
  expect(again?.Attributes).toEqual({ ApproximateReceiveCount: '2' })
  await remove(url, again?.ReceiptHandle)
  await remove(url, again?.ReceiptHandle)
  await clock.advance(20_000)
  expect(await bodies(url)).toEqual([])
  await expect(remove(url, 'nonsense')).rejects.toMatchObject({ name: 'ReceiptHandleIsInvalid' })
})

test('a delay hides a message, and a receiver who waits gets what comes meanwhile', async () => {
  const url = await queue()
  await send(url, 'late', { DelaySeconds: 5 })
  const waiting = bodies(url, { WaitTimeSeconds: 20 })
  expect(await bodies(url)).toEqual([])
  await clock.advance(5_000)
  expect(await waiting).toEqual(['late'])
  const [one, other] = [bodies(url, { WaitTimeSeconds: 20 }), bodies(url, { WaitTimeSeconds: 20 })]
  await bodies(url)
  await send(url, 'x')
  await Promise.race([one, other])
  await send(url, 'y')
  expect((await Promise.all([one, other])).flat().sort()).toEqual(['x', 'y'])
  let isOver = false
  const nothing = bodies(url, { WaitTimeSeconds: 3 }).finally(() => {
    isOver = true
  })
  while (!isOver) await clock.advance(1_000)
  expect(await nothing).toEqual([])
})

test('visibility is changed by who has the message', async () => {
  const url = await queue()
  await send(url, 'm')
  const [got] = await receive(url)
  const hide = (VisibilityTimeout: number, ReceiptHandle = got?.ReceiptHandle) =>
    client.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle, VisibilityTimeout }))
  await hide(100)
  await clock.advance(60_000)
  expect(await bodies(url)).toEqual([])
  await hide(0)
  expect(await bodies(url)).toEqual(['m'])
  await expect(hide(5)).rejects.toMatchObject({ name: 'ReceiptHandleIsInvalid' })
})

test('what was received too often lies in the dead-letter queue', async () => {
  const dead = await queue()
  const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:${dead.split('/').at(-1)}`
  const url = await queue({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 }) })
  await send(url, 'poison')
  for (const expected of [['poison'], ['poison'], []]) {
    expect(await bodies(url)).toEqual(expected)
    await clock.advance(30_000)
  }
  expect(await bodies(dead)).toEqual(['poison'])
})

const arnOf = (url: string) => `arn:aws:sqs:us-east-1:000000000000:${url.split('/').at(-1)}`
const redriveTo = (deadLetterTargetArn: string) => ({
  RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 }),
})

test('a dead-letter queue is there, and of the kind of its queue; one that is deleted later takes no message away', async () => {
  const [standard, fifo] = [await queue(), await queue({ FifoQueue: 'true' })]
  const nowhere = redriveTo(arnOf('nowhere'))
  const missing = {
    name: 'InvalidParameterValue',
    message: expect.stringContaining('Dead letter target does not exist'),
  }
  await expect(queue(nowhere)).rejects.toMatchObject(missing)
  const change = (QueueUrl: string, Attributes: Record<string, string>) =>
    client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }))
  await expect(change(standard, nowhere)).rejects.toMatchObject(missing)
  const other = {
    name: 'InvalidParameterValue',
    message: expect.stringContaining('must be same type of queue'),
  }
  await expect(queue(redriveTo(arnOf(fifo)))).rejects.toMatchObject(other)
  await expect(change(fifo, redriveTo(arnOf(standard)))).rejects.toMatchObject(other)
  const dead = await queue()
  await change(standard, redriveTo(arnOf(dead)))
  await client.send(new DeleteQueueCommand({ QueueUrl: dead }))
  await send(standard, 'poison')
  for (let n = 0; n < 3; n += 1) expect(await bodies(standard, { VisibilityTimeout: 0 })).toEqual(['poison'])
})

test('what no message may have is refused, by itself and in a batch', async () => {
  const url = await queue()
  const number = (StringValue: string) => ({ MessageAttributes: { n: { DataType: 'Number', StringValue } } })
  for (const [more, told] of [
    [{ DelaySeconds: 901 }, 'DelaySeconds must be >= 0 and <= 900'],
    [{ DelaySeconds: -5 }, 'DelaySeconds must be >= 0 and <= 900'],
    [{ MessageDeduplicationId: 'd' }, 'for parameter MessageDeduplicationId is invalid'],
    [number('abc'), "'n' to a number"],
  ] as const) {
    const refused = { name: 'InvalidParameterValue', message: expect.stringContaining(told) }
    await expect(send(url, 'x', more)).rejects.toMatchObject(refused)
    const Entries = [{ Id: 'a', MessageBody: 'x', ...more }]
    const { Failed } = await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }))
    expect(Failed).toMatchObject([{ Id: 'a', Code: 'InvalidParameterValue' }])
  }
  for (const Id of ['a.b c', '', 'x'.repeat(81)])
    await expect(
      client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: [{ Id, MessageBody: 'x' }] })),
    ).rejects.toMatchObject({ name: 'InvalidBatchEntryId' })
  expect(await bodies(url)).toEqual([])
  for (const value of ['1', '-0.5', '+1e10', '.5', '5.']) await send(url, value, number(value))
  // Of fair queues.
  await send(url, 'fair', { MessageGroupId: 'tenant', DelaySeconds: 900 })
  expect((await bodies(url)).length).toBe(5)
  await clock.advance(900_000)
  expect(await bodies(url)).toContain('fair')
})

test('a FIFO queue gives a group in order, keeps it back while one is in flight, and takes a repeat once', async () => {
  const url = await queue({ FifoQueue: 'true' })
  const put = (body: string, MessageGroupId: string) =>
    send(url, body, { MessageGroupId, MessageDeduplicationId: body })
  for (const body of ['a1', 'b1', 'a2', 'b2', 'a1']) await put(body, body.slice(0, 1))
  const [first] = await receive(url, { MaxNumberOfMessages: 1, MessageSystemAttributeNames: ['All'] })
  expect([first?.Body, first?.Attributes?.MessageGroupId]).toEqual(['a1', 'a'])
  expect(await bodies(url)).toEqual(['b1', 'b2'])
  await remove(url, first?.ReceiptHandle)
  expect(await bodies(url)).toEqual(['a2'])
  await clock.advance(300_001)
  await put('a1', 'a')
  expect(await bodies(url)).toEqual(['b1', 'a2', 'b2', 'a1'])
  await expect(send(url, 'x')).rejects.toMatchObject({ name: 'MissingParameter' })
  await expect(send(url, 'x', { MessageGroupId: 'g' })).rejects.toMatchObject({
    name: 'InvalidParameterValue',
  })
})

test('a batch tells of each message; what is wrong with one is none of the others', async () => {
  const url = await queue({ MaximumMessageSize: '1024' })
  const Entries = ['good', 'x'.repeat(1_025), 'bad \u0001', 'fine'].map((MessageBody, at) => ({
    Id: `e${at}`,
    MessageBody,
  }))
  const { Successful, Failed } = await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }))
  expect(Successful?.map(({ Id }) => Id)).toEqual(['e0', 'e3'])
  expect(Failed?.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault])).toEqual([
    ['e1', 'InvalidParameterValue', true],
    ['e2', 'InvalidMessageContents', true],
  ])
  const got = await receive(url)
  const gone = got.map(({ ReceiptHandle }, at) => ({ Id: `e${at}`, ReceiptHandle }))
  await client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries: gone }))
  await clock.advance(30_000)
  expect(await bodies(url)).toEqual([])
  const large = { Id: 'l', MessageBody: 'x'.repeat(600_000) }
  await expect(
    client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: [large, { ...large, Id: 'm' }] })),
  ).rejects.toMatchObject({ name: 'BatchRequestTooLong' })
  await expect(
    client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: [] })),
  ).rejects.toMatchObject({ name: 'EmptyBatchRequest' })
})

test('queues are found, listed, counted and deleted; what is wrong is told in the words of SQS', async () => {
  const url = await queue()
  const QueueName = url.split('/').at(-1)
  expect((await client.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl).toBe(url)
  expect((await client.send(new ListQueuesCommand({ QueueNamePrefix: QueueName }))).QueueUrls).toContain(url)
  await send(url, 'a')
  await send(url, 'b', { DelaySeconds: 9 })
  await receive(url, { MaxNumberOfMessages: 1 })
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
  )
  expect(Attributes).toMatchObject({
    QueueArn: `arn:aws:sqs:us-east-1:000000000000:${QueueName}`,
    ApproximateNumberOfMessages: '0',
    ApproximateNumberOfMessagesNotVisible: '1',
    ApproximateNumberOfMessagesDelayed: '1',
  })
  await client.send(new DeleteQueueCommand({ QueueUrl: url }))
  await expect(send(url, 'x')).rejects.toMatchObject({ name: 'QueueDoesNotExist' })
  await expect(client.send(new CreateQueueCommand({ QueueName: 'a b' }))).rejects.toMatchObject({
    name: 'InvalidParameterValue',
  })
  const unknown = { QueueName: 'n', Attributes: { Colour: 'red' } }
  await expect(client.send(new CreateQueueCommand(unknown as never))).rejects.toMatchObject({
    name: 'InvalidAttributeName',
  })
})

test('queues and messages survive a restart, in their order', async () => {
  const folder = newFolder()
  for (const round of [1, 2]) {
    const data = openData(folder)
    const kept = await startSqs({ shelf: data.shelf('sqs') })
    const own = new SQSClient(configOf(kept))
    if (round === 1) {
      const { QueueUrl } = await own.send(new CreateQueueCommand({ QueueName: 'kept' }))
      for (const MessageBody of ['1', '2', '3'])
        await own.send(new SendMessageCommand({ QueueUrl, MessageBody }))
    } else expect(kept.messages('kept')?.map(({ body }) => body)).toEqual(['1', '2', '3'])
    own.destroy()
    await kept.close()
    data.close()
  }
})

test('property: whoever receives and deletes, each message of a FIFO queue comes once, and each group in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 15 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.boolean()), { minLength: 1, maxLength: 20 }),
      async (groups, takes) => {
        const url = await queue({ FifoQueue: 'true' })
        for (const [n, MessageGroupId] of groups.entries())
          await send(url, `${MessageGroupId}${n}`, { MessageGroupId, MessageDeduplicationId: `${n}` })
        const done: string[] = []
        // In the end nobody dies any more.
        for (const [most, dies] of [...takes, ...groups.map(() => [10, false] as const)]) {
          for (const { Body = '', ReceiptHandle } of await receive(url, { MaxNumberOfMessages: most }))
            if (!dies) {
              done.push(Body)
              await remove(url, ReceiptHandle)
            }
          if (dies) await clock.advance(30_000)
        }
        for (const group of ['a', 'b', 'c'])
          expect(done.filter((body) => body.startsWith(group))).toEqual(
            groups.flatMap((own, n) => (own === group ? [`${own}${n}`] : [])),
          )
      },
    ),
    { numRuns: 25 },
  )
})
