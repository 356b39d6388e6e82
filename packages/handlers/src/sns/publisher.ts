import { SNSClient } from '@aws-sdk/client-sns'
import { bare, check, type ShapesOf, text } from '@spaceship/core/adapter'
import { client as sdk } from '../aws/index.ts'
import { type Publisher, publisherOn } from '../publishing/index.ts'
import { SNS_OPTIONS, type SnsSinkOptions, snsSink, topicNameOf } from './sink.ts'

export interface SnsPublisherOptions extends Omit<SnsSinkOptions, 'client'> {
  /** The publishing service: CloudEvents' `source`. @default the topic's name */
  readonly source?: string
  /** @default a client configured by the environment, which `close` destroys */
  readonly client?: SNSClient
}

export const SNS_PUBLISHER = {
  options: bare({
    ...SNS_OPTIONS,
    client: sdk('SNSClient'),
    source: text('the name of the publishing service'),
  } satisfies ShapesOf<SnsPublisherOptions>),
}

/**
 * Publishes events from a service to an SNS topic; see `snsSink`.
 *
 * @throws ConfigurationError that lists every problem; the publisher: SpaceshipError `schema`, `publisher-closed`, Permanent for an
 *   event that is too large, Unavailable
 * @example
 * await using publish = snsPublisher({ topicArn: 'arn:aws:sns:eu-west-1:123456789012:orders.fifo' })
 * await publish(invoicePaid, { clientId: 'acme', amount: 4200 })
 */
export function snsPublisher(options: SnsPublisherOptions): Publisher {
  check('snsPublisher', SNS_PUBLISHER, { options })
  const { source = topicNameOf(options.topicArn), client, ...rest } = options
  const used = client ?? new SNSClient()
  return publisherOn(snsSink({ ...rest, client: used }), source, () => {
    if (client === undefined) used.destroy()
  })
}
