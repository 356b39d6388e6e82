/** Owns a reader of a stream that is written by hand: loops of the client of Kinesis alone, one for each shard, at the pace that Kinesis allows. */

import { setTimeout as sleep } from 'node:timers/promises'
import { GetRecordsCommand, GetShardIteratorCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { shardId } from '../leases/stream.ts'

/** Five reads a second and shard. */
const READ_INTERVAL = 200

/** Reads for ever. */
export async function readBare(
  kinesis: KinesisClient,
  { stream, shards }: { readonly stream: string; readonly shards: number },
  saw: (data: Uint8Array) => void,
): Promise<void> {
  await Promise.all(Array.from({ length: shards }, (_, n) => readShard(kinesis, stream, shardId(n), saw)))
}

async function readShard(
  kinesis: KinesisClient,
  stream: string,
  shard: string,
  saw: (data: Uint8Array) => void,
): Promise<void> {
  const position = { StreamName: stream, ShardId: shard, ShardIteratorType: 'TRIM_HORIZON' } as const
  let { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(position))
  while (ShardIterator !== undefined) {
    const page = await kinesis.send(new GetRecordsCommand({ ShardIterator, Limit: 1_000 }))
    for (const { Data } of page.Records ?? []) if (Data !== undefined) saw(Data)
    ShardIterator = page.NextShardIterator
    await sleep(READ_INTERVAL)
  }
}

const decoder = new TextDecoder()

/** The table of a change record. */
export function tableOf(data: Uint8Array): unknown {
  return JSON.parse(decoder.decode(data)).tableName
}
