import { KinesisClient } from '@aws-sdk/client-kinesis'
import { encodePublished, type PublishedEvent } from '@spaceship/core'
import { bare, check, count, type ShapesOf, text } from '@spaceship/core/adapter'
import { nameFor, client as sdk } from '../aws/index.ts'
import { RECORD_BYTES } from './entry.ts'
import { kinesisSink } from './sink.ts'

export interface PublisherOptions {
  readonly stream: string
  /** The publishing service: CloudEvents' `source`. @default the stream's name */
  readonly source?: string
  /** What the stream takes in one record: its `MaxRecordSizeInKiB`, in bytes. @default 1_048_576 */
  readonly maxRecordBytes?: number
  /** @default a client configured by the environment */
  readonly client?: KinesisClient
}

export type Publisher = <Payload, Input, N extends string>(
  event: PublishedEvent<Payload, Input, N>,
  payload: NoInfer<Input>,
  options?: {
    /** Names the fact: publishing it twice under one id is one event. @default random */
    readonly id?: string
  },
) => Promise<void>

export const PUBLISHER = {
  options: bare({
    client: sdk('KinesisClient'),
    stream: nameFor('stream'),
    maxRecordBytes: count(1, RECORD_BYTES.most),
    source: text('the name of the publishing service'),
  } satisfies ShapesOf<PublisherOptions>),
}

/**
 * Publishes events from a service. Requests are shared, single failed records are sent again, and events of one key keep
 * their order.
 *
 * @throws ConfigurationError that lists every problem; the publisher: SpaceshipError `schema`, Permanent for an event that is too
 *   large, Unavailable
 * @example
 * const publish = publisher({ stream: 'domain-events' })
 * await publish(invoicePaid, { clientId: 'acme', amount: 4200 })
 */
export function publisher(options: PublisherOptions): Publisher {
  check('publisher', PUBLISHER, { options })
  const { stream, maxRecordBytes, source = stream, client = new KinesisClient() } = options
  const sink = kinesisSink({ client, stream, ...(maxRecordBytes === undefined ? {} : { maxRecordBytes }) })
  return async (event, payload, { id = crypto.randomUUID() } = {}) => {
    await sink.put([await encodePublished(event, payload, { id, source, time: new Date() })])
  }
}
