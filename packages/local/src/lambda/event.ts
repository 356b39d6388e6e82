import type { _Record } from '@aws-sdk/client-kinesis'
import type { Sequenced } from './decide.ts'

/** A record as a function sees it in `event.Records`. */
export interface KinesisEventRecord {
  readonly kinesis: {
    readonly kinesisSchemaVersion: '1.0'
    readonly partitionKey: string
    readonly sequenceNumber: string
    /** In base64. */
    readonly data: string
    /** Seconds since 1970, with a fraction. */
    readonly approximateArrivalTimestamp: number
  }
  readonly eventSource: 'aws:kinesis'
  readonly eventVersion: '1.0'
  readonly eventID: string
  readonly eventName: 'aws:kinesis:record'
  readonly invokeIdentityArn: string
  readonly awsRegion: string
  readonly eventSourceARN: string
}

export interface ShardRecord extends Sequenced {
  readonly json: string
  readonly event: KinesisEventRecord
}

export const ROLE_ARN = 'arn:aws:iam::000000000000:role/spaceship'

export function shardRecord(record: _Record, shard: string, streamArn: string): ShardRecord {
  const {
    Data = new Uint8Array(),
    PartitionKey: partitionKey = '',
    SequenceNumber: sequenceNumber = '',
  } = record
  const arrivedAt = record.ApproximateArrivalTimestamp?.getTime() ?? 0
  const event: KinesisEventRecord = {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey,
      sequenceNumber,
      data: Buffer.from(Data).toString('base64'),
      approximateArrivalTimestamp: arrivedAt / 1_000,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${shard}:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: ROLE_ARN,
    awsRegion: streamArn.split(':')[3] ?? '',
    eventSourceARN: streamArn,
  }
  return { sequenceNumber, arrivedAt, event, json: JSON.stringify(event) }
}

const LARGEST_PAYLOAD = 6 * 1024 * 1024
const FRAME = '{"Records":[]}'.length

export function eventOf(records: readonly ShardRecord[]): string {
  return `{"Records":[${records.map(({ json }) => json).join(',')}]}`
}

/** How many of the first records make one event: limited by their number and by Lambda's 6 MB. At least one. */
export function batchLength(records: readonly ShardRecord[], batchSize: number): number {
  let bytes = FRAME
  for (const [position, { json }] of records.slice(0, batchSize).entries()) {
    // Base64 and JSON's escapes: the text of a partition key is the only part that may not be ASCII.
    bytes += Buffer.byteLength(json) + 1
    if (bytes > LARGEST_PAYLOAD) return Math.max(1, position)
  }
  return Math.min(records.length, batchSize)
}
