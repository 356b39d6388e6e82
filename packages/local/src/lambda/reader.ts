import {
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  type KinesisClient,
} from '@aws-sdk/client-kinesis'
import { type ShardRecord, shardRecord } from './event.ts'
import type { Position } from './positions.ts'

export type StartingPosition = 'TRIM_HORIZON' | 'LATEST'

/** Where a reader begins. */
export interface Start extends Position {
  /** True for what comes from now on, rather than from `at`. */
  readonly latest?: boolean
}

export interface Page {
  readonly records: readonly ShardRecord[]
  /** True if nothing waited behind these records. */
  readonly caughtUp: boolean
}

/** Reads one shard from its start to its end. */
export interface ShardReader {
  /** True when the shard is closed and everything in it was read. */
  readonly ended: boolean
  /** Fixes the position to start from. Without it, the first `read` does. */
  open(): Promise<void>
  read(limit: number): Promise<Page>
}

export function createReader(
  client: KinesisClient,
  streamArn: string,
  shard: string,
  start: Start,
  signal: AbortSignal,
): ShardReader {
  let iterator: string | undefined
  let last = start.after
  let opened = false
  let ended = false

  function from(): Pick<
    GetShardIteratorCommandInput,
    'ShardIteratorType' | 'StartingSequenceNumber' | 'Timestamp'
  > {
    if (last !== undefined)
      return { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: last }
    // A second LATEST would skip what came between the two.
    if (start.latest && !opened) return { ShardIteratorType: 'LATEST' }
    if (start.at !== undefined) return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(start.at) }
    return { ShardIteratorType: 'TRIM_HORIZON' }
  }

  async function open(): Promise<void> {
    const position = from()
    opened = true
    const answer = await client.send(
      new GetShardIteratorCommand({ StreamName: streamName(streamArn), ShardId: shard, ...position }),
      { abortSignal: signal },
    )
    iterator = answer.ShardIterator
  }

  return {
    get ended() {
      return ended
    },
    open,
    async read(limit) {
      if (iterator === undefined) await open()
      const answer = await client
        .send(new GetRecordsCommand({ ShardIterator: iterator, Limit: limit }), { abortSignal: signal })
        .catch((error: unknown) => {
          // It lives for five minutes; the next read asks for a new one.
          if (error instanceof ExpiredIteratorException) iterator = undefined
          throw error
        })
      const records = (answer.Records ?? []).map((record) => shardRecord(record, shard, streamArn))
      last = records.at(-1)?.sequenceNumber ?? last
      iterator = answer.NextShardIterator
      ended = iterator === undefined
      return { records, caughtUp: (answer.MillisBehindLatest ?? 0) === 0 }
    },
  }
}

export function streamName(arn: string): string {
  return arn.slice(arn.indexOf('/') + 1)
}
