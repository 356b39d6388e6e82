/** Owns what Kinesis says about streams and their shards. */

import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  ListShardsCommand,
  type ListShardsCommandOutput,
} from '@aws-sdk/client-kinesis'
import { SpaceshipError } from '@spaceship/core'
import type { StreamId } from '../leases/index.ts'

export interface Shard {
  readonly id: string
  /** Up to two, after a merge; a parent may be gone already. */
  readonly parents: readonly string[]
  readonly open: boolean
  readonly hashRange: readonly [start: string, end: string] | undefined
}

/** @throws SpaceshipError `stream` if Kinesis does not know the stream */
export async function identify(client: KinesisClient, stream: string): Promise<StreamId> {
  const { StreamDescriptionSummary: summary } = await client.send(
    new DescribeStreamSummaryCommand({ StreamName: stream }),
  )
  const account = summary?.StreamARN?.split(':')[4]
  const epoch = summary?.StreamCreationTimestamp
  if (account === undefined || epoch === undefined)
    throw new SpaceshipError('stream', `Kinesis does not say whose the stream '${stream}' is`)
  return `${account}:${stream}:${Math.floor(epoch.getTime() / 1_000)}`
}

export async function listShards(client: KinesisClient, stream: string): Promise<readonly Shard[]> {
  const shards: Shard[] = []
  let token: string | undefined
  do {
    const page: ListShardsCommandOutput = await client.send(
      new ListShardsCommand(token === undefined ? { StreamName: stream } : { NextToken: token }),
    )
    for (const shard of page.Shards ?? []) {
      const { StartingHashKey: start, EndingHashKey: end } = shard.HashKeyRange ?? {}
      shards.push({
        id: shard.ShardId ?? '',
        parents: [shard.ParentShardId, shard.AdjacentParentShardId].filter((parent) => parent !== undefined),
        open: shard.SequenceNumberRange?.EndingSequenceNumber === undefined,
        hashRange: start === undefined || end === undefined ? undefined : [start, end],
      })
    }
    token = page.NextToken
  } while (token !== undefined)
  return shards
}
