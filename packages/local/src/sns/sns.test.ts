import {
  CreateTopicCommand,
  DeleteTopicCommand,
  ListSubscriptionsByTopicCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns'
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launch, type Spaceship } from '../index.ts'

let ship: Spaceship
let sns: SNSClient
let sqs: SQSClient
beforeAll(async () => {
  ship = await launch()
  sns = new SNSClient(ship.clientConfig('sns'))
  sqs = new SQSClient(ship.clientConfig('sqs'))
})
afterAll(async () => {
  sns.destroy()
  sqs.destroy()
  await ship.close()
})

const queueArn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`
const FIFO = { FifoTopic: 'true' }

async function topicTo(Name: string, queue: string, subscription: Record<string, string> = {}) {
  const fifo = Name.endsWith('.fifo')
  const { TopicArn = '' } = await sns.send(
    new CreateTopicCommand({ Name, ...(fifo && { Attributes: FIFO }) }),
  )
  const Attributes = { FifoQueue: 'true' }
  await sqs.send(new CreateQueueCommand({ QueueName: queue, ...(fifo && { Attributes }) }))
  const { SubscriptionArn } = await sns.send(
    new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn(queue), Attributes: subscription }),
  )
  return { TopicArn, SubscriptionArn }
}

test('a subscribed queue gets a notification around the message, or the message itself', async () => {
  const { TopicArn, SubscriptionArn } = await topicTo('orders', 'wrapped')
  await topicTo('orders', 'raw', { RawMessageDelivery: 'true' })
  const MessageAttributes = { kind: { DataType: 'String', StringValue: 'a & <b>' } }
  const { MessageId } = await sns.send(
    new PublishCommand({ TopicArn, Message: 'Zoë & <🚀>', MessageAttributes, Subject: 's' }),
  )
  const [wrapped] = ship.sqs.messages('wrapped') ?? []
  expect(JSON.parse(wrapped?.body ?? '')).toMatchObject({
    ...{ Type: 'Notification', MessageId, TopicArn, Subject: 's', Message: 'Zoë & <🚀>' },
    MessageAttributes: { kind: { Type: 'String', Value: 'a & <b>' } },
  })
  expect(ship.sqs.messages('raw')).toEqual([
    { body: 'Zoë & <🚀>', attributes: { kind: 'a & <b>' }, group: undefined },
  ])
  expect(ship.sns.messages.at(-1)).toMatchObject({ topicArn: TopicArn, text: 'Zoë & <🚀>' })
  const subscriptions = async () =>
    (await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions?.length
  expect(await subscriptions()).toBe(2)
  await sns.send(new UnsubscribeCommand({ SubscriptionArn }))
  expect(await subscriptions()).toBe(1)
})

test('a FIFO topic hands groups on, and publishes a repeat once', async () => {
  const { TopicArn } = await topicTo('facts.fifo', 'facts.fifo', { RawMessageDelivery: 'true' })
  const publish = (Message: string) =>
    sns.send(new PublishCommand({ TopicArn, Message, MessageGroupId: 'g', MessageDeduplicationId: Message }))
  const [first, second] = [await publish('a'), await publish('a')]
  await publish('b')
  expect(second.MessageId).toBe(first.MessageId)
  expect(ship.sqs.messages('facts.fifo')?.map(({ body, group }) => [body, group])).toEqual([
    ['a', 'g'],
    ['b', 'g'],
  ])
  await expect(sns.send(new PublishCommand({ TopicArn, Message: 'x' }))).rejects.toMatchObject({
    name: 'InvalidParameterException',
  })
})

test('a batch tells of each message; what is wrong with one is none of the others', async () => {
  const { TopicArn } = await topicTo('batches', 'batched', { RawMessageDelivery: 'true' })
  const bad = { kind: { DataType: 'String', StringValue: 'a\tb' } }
  const { Successful, Failed } = await sns.send(
    new PublishBatchCommand({
      TopicArn,
      PublishBatchRequestEntries: [
        { Id: 'a', Message: 'good' },
        { Id: 'b', Message: 'bad', MessageAttributes: bad },
        { Id: 'c', Message: 'fine' },
      ],
    }),
  )
  expect(Successful?.map(({ Id }) => Id)).toEqual(['a', 'c'])
  expect(Failed?.map(({ Id, SenderFault }) => [Id, SenderFault])).toEqual([['b', true]])
  expect(ship.sqs.messages('batched')?.map(({ body }) => body)).toEqual(['good', 'fine'])
  const Message = 'x'.repeat(200_000)
  const PublishBatchRequestEntries = ['a', 'b'].map((Id) => ({ Id, Message }))
  await expect(
    sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries })),
  ).rejects.toMatchObject({
    name: 'BatchRequestTooLongException',
  })
})

test('each protocol has its own text of a message in JSON, and queues that have none the default one', async () => {
  const { TopicArn } = await topicTo('structured', 'structured', { RawMessageDelivery: 'true' })
  await topicTo('structured', 'structured-wrapped')
  const publish = (message: unknown) =>
    sns.send(
      new PublishCommand({
        ...{ TopicArn, MessageStructure: 'json' },
        Message: typeof message === 'string' ? message : JSON.stringify(message),
      }),
    )
  await publish({ default: 'for all', sqs: 'for queues', email: 'for people' })
  await publish({ default: 'for all', sqs: 7 })
  const PublishBatchRequestEntries = [
    { Id: 'a', Message: '{"default":"of a batch"}', MessageStructure: 'json' },
    { Id: 'b', Message: '{}', MessageStructure: 'json' },
  ]
  const { Failed } = await sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }))
  expect(Failed).toMatchObject([{ Id: 'b', Code: 'InvalidParameter' }])
  const texts = ['for queues', 'for all', 'of a batch']
  expect(ship.sqs.messages('structured')?.map(({ body }) => body)).toEqual(texts)
  expect(ship.sqs.messages('structured-wrapped')?.map(({ body }) => JSON.parse(body).Message)).toEqual(texts)
  for (const wrong of [{ sqs: 'no default' }, { default: 1 }, '[]', 'no JSON'])
    await expect(publish(wrong)).rejects.toMatchObject({ name: 'InvalidParameterException' })
})

test('a standard topic takes no FIFO queue, and a standard queue takes what a FIFO topic says', async () => {
  const { TopicArn } = await topicTo('standard', 'standard')
  const facts = await topicTo('other-facts.fifo', 'other-facts.fifo')
  const subscribe = (topic: string, queue: string) =>
    sns.send(new SubscribeCommand({ TopicArn: topic, Protocol: 'sqs', Endpoint: queueArn(queue) }))
  await expect(subscribe(TopicArn, 'other-facts.fifo')).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: expect.stringContaining('FIFO SQS Queues can not be subscribed to standard SNS topics'),
  })
  await subscribe(facts.TopicArn, 'standard')
  await sns.send(
    new PublishCommand({ ...facts, Message: 'a', MessageGroupId: 'g', MessageDeduplicationId: 'd' }),
  )
  expect(ship.sqs.messages('standard')?.length).toBe(1)
})

test('what no message may have is refused', async () => {
  const { TopicArn } = await topicTo('strict', 'strict', { RawMessageDelivery: 'true' })
  const attribute = (DataType: string, StringValue: string) => ({
    MessageAttributes: { a: { DataType, StringValue } },
  })
  for (const [more, name] of [
    [attribute('Number', 'abc'), 'InvalidParameterValueException'],
    [attribute('Boolean', 'true'), 'InvalidParameterValueException'],
    [{ MessageDeduplicationId: 'd' }, 'InvalidParameterException'],
  ] as const)
    await expect(sns.send(new PublishCommand({ TopicArn, Message: 'x', ...more }))).rejects.toMatchObject({
      name,
    })
  const batch = (...ids: readonly string[]) =>
    sns.send(
      new PublishBatchCommand({
        TopicArn,
        PublishBatchRequestEntries: ids.map((Id) => ({ Id, Message: 'x' })),
      }),
    )
  await expect(batch('a', 'a')).rejects.toMatchObject({ name: 'BatchEntryIdsNotDistinctException' })
  await expect(batch('a.b c')).rejects.toMatchObject({ name: 'InvalidBatchEntryIdException' })
  await sns.send(new PublishCommand({ TopicArn, Message: 'fine', ...attribute('Number.int', '-1.5e3') }))
  expect(ship.sqs.messages('strict')?.map(({ body }) => body)).toEqual(['fine'])
})

test('topics are listed and deleted; what is not supported is refused', async () => {
  const { TopicArn } = await topicTo('gone', 'any')
  const arns = async () => (await sns.send(new ListTopicsCommand({}))).Topics?.map((topic) => topic.TopicArn)
  expect(await arns()).toContain(TopicArn)
  await sns.send(new DeleteTopicCommand({ TopicArn }))
  expect(await arns()).not.toContain(TopicArn)
  await expect(sns.send(new PublishCommand({ TopicArn, Message: 'x' }))).rejects.toMatchObject({
    name: 'NotFoundException',
  })
  const { TopicArn: kept } = await topicTo('kept', 'any')
  const mail = new SubscribeCommand({ TopicArn: kept, Protocol: 'email', Endpoint: 'a@b.c' })
  await expect(sns.send(mail)).rejects.toMatchObject({ name: 'InvalidParameterException' })
  const filter = { FilterPolicy: '{"a":["b"]}' }
  const filtered = { TopicArn: kept, Protocol: 'sqs', Endpoint: queueArn('filtered'), Attributes: filter }
  await expect(sns.send(new SubscribeCommand(filtered))).rejects.toThrow('FilterPolicy')
})
