import { SQSClient } from '@aws-sdk/client-sqs'
import { bare, check, type ShapesOf, text } from '@spaceship/core/adapter'
import { client as sdk } from '../aws/index.ts'
import { type Publisher, publisherOn } from '../publishing/index.ts'
import { queueNameOf, SQS_OPTIONS, type SqsSinkOptions, sqsSink } from './sink.ts'

export interface SqsPublisherOptions extends Omit<SqsSinkOptions, 'client'> {
  /** The publishing service: CloudEvents' `source`. @default the queue's name */
  readonly source?: string
  /** @default a client configured by the environment, which `close` destroys */
  readonly client?: SQSClient
}

export const SQS_PUBLISHER = {
  options: bare({
    ...SQS_OPTIONS,
    client: sdk('SQSClient'),
    source: text('the name of the publishing service'),
  } satisfies ShapesOf<SqsPublisherOptions>),
}

/**
 * Publishes events from a service to an SQS queue; see `sqsSink`.
 *
 * @throws ConfigurationError that lists every problem; the publisher: SpaceshipError `schema`, `publisher-closed`, Permanent for an
 *   event that is too large, Unavailable
 * @example
 * await using publish = sqsPublisher({ queueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo' })
 * await publish(invoicePaid, { clientId: 'acme', amount: 4200 })
 */
export function sqsPublisher(options: SqsPublisherOptions): Publisher {
  check('sqsPublisher', SQS_PUBLISHER, { options })
  const { source = queueNameOf(options.queueUrl), client, ...rest } = options
  const used = client ?? new SQSClient()
  return publisherOn(sqsSink({ ...rest, client: used }), source, () => {
    if (client === undefined) used.destroy()
  })
}
