/** Owns the topics, who has subscribed to them, and what is published to whom. */

import { randomUUID } from 'node:crypto'
import type { Shelf } from '../data/index.ts'
import type { Fields } from '../http/index.ts'

export interface Subscription {
  readonly arn: string
  /** The ARN of a queue. */
  readonly queue: string
  readonly raw: boolean
}

export interface Topic {
  readonly arn: string
  /** A repeat is told by the text. */
  readonly contentBased: boolean
  readonly subscriptions: readonly Subscription[]
}

/** A message as a publisher gives it. */
export interface Publication {
  readonly text: string
  /** What queues get of it: in a structure there is a text for each protocol. */
  readonly toQueues: string
  readonly subject: string | undefined
  readonly attributes: Readonly<
    Record<
      string,
      { readonly DataType: string; readonly StringValue?: string; readonly BinaryValue?: string }
    >
  >
  readonly group: string | undefined
  readonly deduplication: string | undefined
}

/** A message that was published. */
export interface SnsMessage {
  readonly topicArn: string
  readonly text: string
  /** The values of its attributes. */
  readonly attributes: Readonly<Record<string, string>>
  /** Of a FIFO topic. */
  readonly group: string | undefined
}

export interface Topics {
  all(): readonly Topic[]
  find(arn: string): Topic | undefined
  set(topic: Topic): void
  remove(arn: string): void
  /** The topic with a subscription. */
  withSubscription(arn: string): Topic | undefined
}

export function createTopics(shelf: Shelf): Topics {
  // Nobody else writes on the shelf.
  const topics = new Map(shelf.all().map(([arn, value]) => [arn, value as Topic]))
  return {
    all: () => [...topics.values()],
    find: (arn) => topics.get(arn),
    set: (topic) => {
      topics.set(topic.arn, topic)
      shelf.set(topic.arn, topic)
    },
    remove: (arn) => {
      topics.delete(arn)
      shelf.delete(arn)
    },
    withSubscription: (arn) =>
      [...topics.values()].find(({ subscriptions }) => subscriptions.some((each) => each.arn === arn)),
  }
}

/** Gives a queue its message, or what that says against it. */
export type Deliver = (queue: string, input: Fields) => unknown

/** To every subscriber: as it is, or in a notification around it. @returns the message's id */
export function publish(
  { arn, subscriptions }: Topic,
  publication: Publication,
  deliver: Deliver,
  now: number,
): string {
  const id = randomUUID()
  const { toQueues, attributes, group, deduplication } = publication
  const ordered = group === undefined ? {} : { MessageGroupId: group, MessageDeduplicationId: deduplication }
  for (const { queue, raw } of subscriptions) {
    const fifo = queue.endsWith('.fifo') ? ordered : {}
    const input = raw
      ? { MessageBody: toQueues, MessageAttributes: attributes }
      : { MessageBody: JSON.stringify(notification(arn, id, publication, now)) }
    // As in AWS, a queue that takes nothing is no concern of the publisher's.
    deliver(queue.split(':').at(-1) ?? '', { ...input, ...fifo })
  }
  return id
}

function notification(
  TopicArn: string,
  MessageId: string,
  { toQueues, subject, attributes }: Publication,
  now: number,
) {
  const MessageAttributes = Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      { Type: DataType, Value: StringValue ?? BinaryValue },
    ]),
  )
  return {
    Type: 'Notification',
    MessageId,
    TopicArn,
    ...(subject !== undefined && { Subject: subject }),
    Message: toQueues,
    Timestamp: new Date(now).toISOString(),
    ...(Object.keys(attributes).length > 0 && { MessageAttributes }),
  }
}
