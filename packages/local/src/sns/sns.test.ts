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
