import { KinesisClient } from '@aws-sdk/client-kinesis'
import { bare, check, count, type ShapesOf, text } from '@spaceship/core/adapter'
import { nameFor, client as sdk } from '../aws/index.ts'
import { type Publisher, publisherOn, SINK_OPTIONS } from '../publishing/index.ts'
import { RECORD_BYTES } from './entry.ts'
import { type KinesisSinkOptions, kinesisSink } from './sink.ts'

export interface PublisherOptions extends Omit<KinesisSinkOptions, 'client'> {
  /** The publishing service: CloudEvents' `source`. @default the stream's name */
  readonly source?: string
  /** @default a client configured by the environment, which `close` destroys */
  readonly client?: KinesisClient
}

export const PUBLISHER = {
  options: bare({
    client: sdk('KinesisClient'),
    stream: nameFor('stream'),
    maxRecordBytes: count(1, RECORD_BYTES.most),
    source: text('the name of the publishing service'),
    ...SINK_OPTIONS,
  } satisfies ShapesOf<PublisherOptions>),
}

/**
 * Publishes events from a service. Requests are shared, single failed records are sent again, and events of one key keep
 * their order.
 *
 * @throws ConfigurationError that lists every problem; the publisher: SpaceshipError `schema`, `publisher-closed`, Permanent for an
 *   event that is too large, Unavailable
 * @example
 * await using publish = publisher({ stream: 'domain-events' })
 * await publish(invoicePaid, { clientId: 'acme', amount: 4200 })
 */
export function publisher(options: PublisherOptions): Publisher {
  check('publisher', PUBLISHER, { options })
  const { source = options.stream, client, ...rest } = options
  const used = client ?? new KinesisClient()
  return publisherOn(kinesisSink({ ...rest, client: used }), source, () => {
    if (client === undefined) used.destroy()
  })
}
