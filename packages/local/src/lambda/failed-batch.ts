import type { Condition } from './deliver.ts'
import type { KinesisEventRecord, ShardRecord } from './event.ts'

/** What the on-failure destination gets: Lambda's metadata, and the records as an S3 destination would hold them. */
export interface FailedBatch {
  readonly version: '1.0'
  readonly timestamp: string
  readonly requestContext: {
    readonly requestId: string
    readonly functionArn: string
    readonly condition: Condition
    readonly approximateInvokeCount: number
  }
  readonly responseContext: {
    readonly statusCode: 200
    readonly executedVersion: '$LATEST'
    readonly functionError: 'Unhandled'
  }
  readonly KinesisBatchInfo: {
    readonly shardId: string
    readonly startSequenceNumber: string
    readonly endSequenceNumber: string
    readonly approximateArrivalOfFirstRecord: string
    readonly approximateArrivalOfLastRecord: string
    readonly batchSize: number
    readonly streamArn: string
  }
  readonly records: readonly KinesisEventRecord[]
}

interface Circumstances {
  readonly requestId: string
  readonly functionName: string
  readonly condition: Condition
  readonly invocations: number
  readonly shard: string
  readonly streamArn: string
  /** Milliseconds since 1970. */
  readonly at: number
}

export function failedBatch(records: readonly ShardRecord[], circumstances: Circumstances): FailedBatch {
  const { requestId, functionName, condition, invocations, shard, streamArn, at } = circumstances
  const [first] = records
  const last = records.at(-1)
  return {
    version: '1.0',
    timestamp: new Date(at).toISOString(),
    requestContext: {
      requestId,
      functionArn: functionArn(functionName),
      condition,
      approximateInvokeCount: invocations,
    },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    KinesisBatchInfo: {
      shardId: shard,
      startSequenceNumber: first?.sequenceNumber ?? '',
      endSequenceNumber: last?.sequenceNumber ?? '',
      approximateArrivalOfFirstRecord: new Date(first?.arrivedAt ?? 0).toISOString(),
      approximateArrivalOfLastRecord: new Date(last?.arrivedAt ?? 0).toISOString(),
      batchSize: records.length,
      streamArn,
    },
    records: records.map(({ event }) => event),
  }
}

export function functionArn(name: string): string {
  return `arn:aws:lambda:us-east-1:000000000000:function:${name}`
}
