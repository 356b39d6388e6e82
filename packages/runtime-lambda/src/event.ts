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

/**
 * A partial batch response. The mapping must have `ReportBatchItemFailures`, or Lambda takes it for success. It may be changed, as the type
 * of `@types/aws-lambda` says, which middleware and wrappers expect.
 */
export interface KinesisBatchResponse {
  batchItemFailures: { itemIdentifier: string }[]
}

export interface ShardBatch {
  readonly stream: string
  readonly shard: string
  readonly records: readonly StreamRecord[]
}

interface Place {
  readonly stream: string
  readonly shard: string
}

/**
 * The event's records, or undefined if it has none.
 *
 * @throws SpaceshipError `not-kinesis` for an event of another source, a record that is none, named by its index, or an event that
 *   mixes shards: a mapping never does
 */
export function batchOf(event: KinesisEvent): ShardBatch | undefined {
  const received: unknown = event?.Records
  if (!Array.isArray(received)) throw notKinesis(`'Records' is ${kindOf(received)}, not a list`)
  if (received.length === 0) return undefined
  const first: unknown = received[0]
  const place = placeOf(first, 0)
  const head = `${place.shard}:`
  const { eventSourceARN: arn } = first as KinesisEventRecord // placeOf found it there
  const records = received.map((record: unknown, index) => {
    // Of one shard, as all are: only the first is taken apart.
    const { eventID, eventSourceARN } = Object(record)
    const alike = eventSourceARN === arn && typeof eventID === 'string' && eventID.startsWith(head)
    if (!alike) demandPlace(record, index, place)
    return recordOf(record, index)
  })
  return { ...place, records }
}

function demandPlace(record: unknown, index: number, { stream, shard }: Place): void {
  const other = placeOf(record, index)
  if (other.stream === stream && other.shard === shard) return
  const words = `'${other.shard}' of '${other.stream}', the first one of '${shard}' of '${stream}'`
  throw notKinesis(`Records[${index}] is of ${words}: a mapping sends those of one shard`)
}

function placeOf(record: unknown, index: number): Place {
  const { eventID, eventSourceARN } = Object(record)
  const stream = typeof eventSourceARN === 'string' ? /:stream\/([^/]+)/.exec(eventSourceARN)?.[1] : undefined
  if (stream === undefined)
    throw notKinesis(`Records[${index}].eventSourceARN is ${kindOf(eventSourceARN)}, not the ARN of a stream`)
  const end = typeof eventID === 'string' ? eventID.indexOf(':') : -1
  if (end < 1)
    throw notKinesis(`Records[${index}].eventID is ${kindOf(eventID)}, not '<shard>:<sequence number>'`)
  return { stream, shard: eventID.slice(0, end) }
}

function recordOf(record: unknown, index: number): StreamRecord {
  const { kinesis } = Object(record)
  const { sequenceNumber, partitionKey, data, approximateArrivalTimestamp: seconds } = Object(kinesis)
  const texts = { sequenceNumber, partitionKey, data }
  if (typeof sequenceNumber !== 'string' || typeof partitionKey !== 'string' || typeof data !== 'string') {
    const [name, value] = Object.entries(texts).find(([, text]) => typeof text !== 'string') ?? []
    throw notKinesis(`Records[${index}].kinesis.${name} is ${kindOf(value)}, not a text`)
  }
  const arrivedAt = new Date(typeof seconds === 'number' ? seconds * 1_000 : Number.NaN)
  if (Number.isNaN(arrivedAt.getTime())) {
    const path = `Records[${index}].kinesis.approximateArrivalTimestamp`
    throw notKinesis(`${path} is ${kindOf(seconds)}, not a time in seconds since 1970`)
  }
  return {
    sequence: sequenceNumber,
    subSequence: 0,
    partitionKey,
    data: Buffer.from(data, 'base64'),
    arrivedAt,
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

/** An event that the function cannot take. */
export function notKinesis(why: string): SpaceshipError {
  const expected = 'that of a Kinesis event source mapping, or a due reminder or a tick of its application'
  return new SpaceshipError('not-kinesis', `the function cannot take the event: ${why}; expected ${expected}`)
}

/** Never the value: an event of another source may hold anything. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return 'another text'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
