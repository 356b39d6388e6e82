/** Owns putting records on a topic. */

import { PublishBatchCommand, type SNSClient } from '@aws-sdk/client-sns'
import { bare, check, count, required, type ShapesOf } from '@spaceship/core/adapter'
import type { EventSink } from '@spaceship/core/ports'
import { arn, client as sdk } from '../aws/index.ts'
import { messageSink, SINK_OPTIONS, type SinkOptions } from '../publishing/index.ts'

/** What topics take by default, and what they can be told to take: https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html */
const MESSAGE_BYTES = { usual: 262_144, most: 2_097_152 }

export interface SnsSinkOptions extends SinkOptions {
  /** It retries throttling and outages by itself, as it is configured. */
  readonly client: SNSClient
  /** The topic's ARN. One that ends with `.fifo` keeps the order of each key. */
  readonly topicArn: string
  /**
   * What the topic takes in one message, attributes included: its `MaximumMessageSize`. A larger record is refused before it is sent.
   *
   * @default 262_144
   */
  readonly maxMessageBytes?: number
}

export const SNS_OPTIONS = {
  client: required(sdk('SNSClient')),
  topicArn: arn('an SNS topic', /^arn:[^:]+:sns:[^:]*:[^:]*:[\w-]+(\.fifo)?$/),
  maxMessageBytes: count(1_024, MESSAGE_BYTES.most),
  ...SINK_OPTIONS,
} satisfies ShapesOf<SnsSinkOptions>

export const SNS_SINK = { options: bare(SNS_OPTIONS) }

/**
 * An EventSink on an SNS topic. A message's text is the record, a CloudEvent that filter policies of the scope `MessageBody` can look into, and
 * its attribute `partitionKey` the record's key. On a FIFO topic the key names the group, and the event's source and id are what repeats
 * are told by; a standard topic keeps no order. Grant Publish.
 *
 * @throws ConfigurationError that lists every problem; `put`: Permanent for what the topic does not take, Unavailable
 * @example
 * import { SNSClient } from '@aws-sdk/client-sns'
 * const events = snsSink({ client: new SNSClient(), topicArn: 'arn:aws:sns:eu-west-1:123456789012:orders.fifo' })
 */
export function snsSink(options: SnsSinkOptions): EventSink {
  check('snsSink', SNS_SINK, { options })
  const { client, topicArn: TopicArn, maxMessageBytes: limit = MESSAGE_BYTES.usual } = options
  const name = topicNameOf(TopicArn)
  const about = { dependency: 'sns', resource: `topic '${name}'`, actions: ['sns:Publish'] }
  return messageSink(
    {
      about,
      fifo: name.endsWith('.fifo'),
      limit,
      // The sum of a request is bounded as one message is.
      requestLimit: limit,
      send: (messages, abortSignal) => {
        const PublishBatchRequestEntries = messages.map(({ text, rest }) => ({ ...rest, Message: text }))
        return client.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }), { abortSignal })
      },
    },
    options,
  )
}

export function topicNameOf(arn: string): string {
  return arn.split(':').at(-1) ?? ''
}
