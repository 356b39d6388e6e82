/** Owns putting records on a queue. */

import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { bare, check, count, plain, required, type ShapesOf } from '@spaceship/core/adapter'
import type { EventSink } from '@spaceship/core/ports'
import { client as sdk } from '../aws/index.ts'
import { messageSink, SINK_OPTIONS, type SinkOptions } from '../publishing/index.ts'

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
const MOST_BYTES = 1_048_576

export interface SqsSinkOptions extends SinkOptions {
  /** It retries throttling and outages by itself, as it is configured. */
  readonly client: SQSClient
  /** The queue's URL. One that ends with `.fifo` keeps the order of each key. */
  readonly queueUrl: string
  /**
   * What the queue takes in one message, attributes included: its `MaximumMessageSize`. A larger record is refused before it is sent.
   *
   * @default 1_048_576
   */
  readonly maxMessageBytes?: number
}

export const queueUrl = required(
  plain("a queue's URL such as 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders'", isQueueUrl),
)

export const SQS_OPTIONS = {
  client: required(sdk('SQSClient')),
  queueUrl,
  maxMessageBytes: count(1_024, MOST_BYTES),
  ...SINK_OPTIONS,
} satisfies ShapesOf<SqsSinkOptions>

export const SQS_SINK = { options: bare(SQS_OPTIONS) }

/**
 * An EventSink on an SQS queue. A message's text is the record, and its attribute `partitionKey` the record's key. On a FIFO queue the key
 * names the group, and the event's source and id are what repeats are told by; a standard queue keeps no order. Grant SendMessage.
 *
 * @throws ConfigurationError that lists every problem; `put`: Permanent for what the queue does not take, Unavailable
 * @example
 * import { SQSClient } from '@aws-sdk/client-sqs'
 * const events = sqsSink({ client: new SQSClient(), queueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo' })
 */
export function sqsSink(options: SqsSinkOptions): EventSink {
  check('sqsSink', SQS_SINK, { options })
  const { client, queueUrl: QueueUrl, maxMessageBytes: limit = MOST_BYTES } = options
  const name = queueNameOf(QueueUrl)
  const about = { dependency: 'sqs', resource: `queue '${name}'`, actions: ['sqs:SendMessage'] }
  return messageSink(
    {
      about,
      fifo: name.endsWith('.fifo'),
      limit,
      requestLimit: MOST_BYTES,
      send: (messages, abortSignal) => {
        const Entries = messages.map(({ text, rest }) => ({ ...rest, MessageBody: text }))
        return client.send(new SendMessageBatchCommand({ QueueUrl, Entries }), { abortSignal })
      },
    },
    options,
  )
}

function isQueueUrl(given: unknown): boolean {
  return typeof given === 'string' && URL.canParse(given) && queueNameOf(given) !== ''
}

/** The last part of a queue's URL. */
export function queueNameOf(url: string): string {
  return new URL(url).pathname.split('/').at(-1) ?? ''
}
