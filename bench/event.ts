/** What Lambda hands to a function behind a Kinesis event source mapping. */

/** Leaves room below for the batches that `moveOn` numbers. */
const FIRST = 1_000_000_000

export interface KinesisRecord {
  readonly kinesis: {
    readonly kinesisSchemaVersion: string
    readonly partitionKey: string
    sequenceNumber: string
    readonly data: string
    readonly approximateArrivalTimestamp: number
  }
  readonly eventSource: string
  readonly eventVersion: string
  readonly eventID: string
  readonly eventName: string
  readonly invokeIdentityArn: string
  readonly awsRegion: string
  readonly eventSourceARN: string
}

export interface KinesisEvent {
  readonly Records: readonly KinesisRecord[]
}

export function base64(json: string): string {
  return flat(Buffer.from(json).toString('base64'))
}

export function kinesisEvent(records: readonly string[]): KinesisEvent {
  return { Records: records.map((json, n) => recordOf(base64(json), n)) }
}

/**
 * Makes the event another batch of its shard, so that no batch comes again after it had an outcome. A batch is known by its
 * first record, so the others may keep their numbers, and only one has to be made for each pass.
 */
export function moveOn({ Records: [first] }: KinesisEvent, batch: number): void {
  if (first !== undefined) first.kinesis.sequenceNumber = sequenceOf(batch)
}

/** 56 digits, as Kinesis makes them. */
function sequenceOf(n: number): string {
  return flat(`49590338271490256608559692538361571095${String(n).padStart(18, '0')}`)
}

function recordOf(data: string, n: number): KinesisRecord {
  const sequenceNumber = sequenceOf(FIRST + n)
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: String(n),
      sequenceNumber,
      data,
      approximateArrivalTimestamp: 1_796_000_000,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `shardId-000000000000:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::123456789012:role/r',
    awsRegion: 'eu-west-1',
    eventSourceARN: 'arn:aws:kinesis:eu-west-1:123456789012:stream/clients-cdc',
  }
}

/** Through a buffer, so that it is one flat string, as a parsed event has them. */
function flat(text: string): string {
  return Buffer.from(text).toString()
}
