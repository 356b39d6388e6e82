/** Owns the shape of Lambda's Kinesis event, and its translation to records. https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html */

import { SpaceshipError } from '@spaceship/core'
import { compareSequences, type Position, type StreamRecord } from '@spaceship/core/engine'

export interface KinesisEvent {
  readonly Records: readonly KinesisEventRecord[]
}

export interface KinesisEventRecord {
  /** `shardId-000000000006:49590338271490256608559692538361571095921575989136588898` */
  readonly eventID: string
  /** The stream, or a consumer of it: `arn:aws:kinesis:eu-west-1:123456789012:stream/clients-cdc` */
  readonly eventSourceARN: string
  readonly kinesis: {
    readonly partitionKey: string
    readonly sequenceNumber: string
    /** Base64. */
    readonly data: string
    /** Seconds since 1970. */
    readonly approximateArrivalTimestamp: number
  }
}

/** A partial batch response. The mapping must have `ReportBatchItemFailures`, or Lambda takes it for success. */
export interface KinesisBatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[]
}

export interface ShardBatch {
  readonly stream: string
  readonly shard: string
  readonly records: readonly StreamRecord[]
}

/**
 * The event's records, or undefined if it has none.
 *
 * @throws SpaceshipError `not-kinesis` for an event of another source, or one that mixes shards: a mapping never does
 */
export function batchOf(event: KinesisEvent): ShardBatch | undefined {
  const received: readonly KinesisEventRecord[] | undefined = event?.Records
  if (!Array.isArray(received)) throw notKinesis('it has no Records')
  const places = new Map<string, { readonly stream: string; readonly shard: string }>()
  const records = received.map((record: KinesisEventRecord) => {
    const place = placeOf(record)
    places.set(`${place.stream}/${place.shard}`, place)
    return recordOf(record)
  })
  if (places.size > 1) throw notKinesis('its records are of several shards')
  const [place] = places.values()
  return place === undefined ? undefined : { ...place, records }
}

function placeOf({ eventID, eventSourceARN }: KinesisEventRecord): {
  readonly stream: string
  readonly shard: string
} {
  const stream = /:stream\/([^/]+)/.exec(eventSourceARN ?? '')?.[1]
  const shard = eventID?.split(':')[0]
  if (stream === undefined || !shard) throw notKinesis('a record names no stream or shard')
  return { stream, shard }
}

function recordOf({ kinesis }: KinesisEventRecord): StreamRecord {
  if (typeof kinesis?.data !== 'string' || typeof kinesis.sequenceNumber !== 'string')
    throw notKinesis('a record has no data or sequence number')
  return {
    sequence: kinesis.sequenceNumber,
    subSequence: 0,
    partitionKey: kinesis.partitionKey,
    data: Buffer.from(kinesis.data, 'base64'),
    arrivedAt: new Date(kinesis.approximateArrivalTimestamp * 1_000),
  }
}

/**
 * One identifier for a shard, the lowest: Lambda redelivers everything from there, and an identifier that is not of the
 * batch would make it retry the whole.
 */
export function responseOf(unfinished: readonly Position[]): KinesisBatchResponse {
  const lowest = unfinished.map(({ sequence }) => sequence).sort(compareSequences)[0]
  return { batchItemFailures: lowest === undefined ? [] : [{ itemIdentifier: lowest }] }
}

function notKinesis(why: string): SpaceshipError {
  return new SpaceshipError('not-kinesis', `the event is not of a Kinesis event source mapping: ${why}`)
}
