import { randomUUID } from 'node:crypto'
import type { Condition } from './deliver.ts'
import type { KinesisEventRecord, ShardRecord } from './event.ts'

/** What the on-failure destination gets: all fields that Lambda writes into an S3 object; a queue or a topic gets them without `payload`. */
export interface FailedBatch {
  readonly version: '1.0'
  readonly timestamp: string
  readonly requestContext: {
    readonly requestId: string
    readonly functionArn: string
    readonly condition: Condition
    readonly approximateInvokeCount: number
  }
  /** Of the last invocation. Absent for records that became too old. */
  readonly responseContext?: {
    readonly statusCode: 200
    readonly executedVersion: '$LATEST'
    /** Null if the function answered, and reported failures. */
    readonly functionError: 'Unhandled' | null
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
  /** The event that the function would have got. */
  readonly payload: { readonly Records: readonly KinesisEventRecord[] }
}

interface Circumstances {
  /** Of the last invocation, if there was one. */
  readonly last: { readonly requestId: string; readonly threw: boolean } | undefined
  readonly functionName: string
  readonly condition: Condition
  readonly invocations: number
  readonly shard: string
  readonly streamArn: string
  /** Milliseconds since 1970. */
  readonly at: number
}

export function failedBatch(records: readonly ShardRecord[], circumstances: Circumstances): FailedBatch {
  const { last: invoked, functionName, condition, invocations, shard, streamArn, at } = circumstances
  const [first] = records
  const last = records.at(-1)
  return {
    version: '1.0',
    timestamp: new Date(at).toISOString(),
    requestContext: {
      requestId: invoked?.requestId ?? randomUUID(),
      functionArn: functionArn(functionName),
      condition,
      approximateInvokeCount: invocations,
    },
    ...(condition === 'RetryAttemptsExhausted' && {
      responseContext: {
        statusCode: 200,
        executedVersion: '$LATEST',
        functionError: invoked?.threw === false ? null : 'Unhandled',
      },
    }),
    KinesisBatchInfo: {
      shardId: shard,
      startSequenceNumber: first?.sequenceNumber ?? '',
      endSequenceNumber: last?.sequenceNumber ?? '',
      approximateArrivalOfFirstRecord: new Date(first?.arrivedAt ?? 0).toISOString(),
      approximateArrivalOfLastRecord: new Date(last?.arrivedAt ?? 0).toISOString(),
      batchSize: records.length,
      streamArn,
    },
    payload: { Records: records.map(({ event }) => event) },
  }
}

export function functionArn(name: string): string {
  return `arn:aws:lambda:us-east-1:000000000000:function:${name}`
}
