/** Owns what Kinesis says about streams and their shards. */

import {
  type DescribeStreamSummaryCommandOutput,
  type KinesisClient,
  ListShardsCommand,
  type ListShardsCommandOutput,
} from '@aws-sdk/client-kinesis'
import { SpaceshipError } from '@spaceship/core'
import type { StreamId } from '../leases/index.ts'
import { arnOf, streamAt, streamName } from './stream.ts'

export interface Shard {
  readonly id: string
  /** Up to two, after a merge; a parent may be gone already. */
  readonly parents: readonly string[]
  readonly open: boolean
  readonly hashRange: readonly [start: string, end: string] | undefined
}

/** @throws SpaceshipError `stream` if Kinesis does not say whose the stream is */
export function identityIn(
  stream: string,
  { StreamDescriptionSummary: summary }: DescribeStreamSummaryCommandOutput,
): StreamId {
  const account = summary?.StreamARN?.split(':')[4]
  const epoch = summary?.StreamCreationTimestamp
  if (account === undefined || epoch === undefined)
    throw new SpaceshipError('stream', `Kinesis does not say whose the stream '${stream}' is`)
  return `${account}:${streamName(stream)}:${Math.floor(epoch.getTime() / 1_000)}`
}

/** @param openAt only those that were open then @default all that the stream still has */
export async function listShards(
  client: KinesisClient,
  stream: string,
  openAt?: Date,
): Promise<readonly Shard[]> {
  const ShardFilter = openAt && { Type: 'AT_TIMESTAMP' as const, Timestamp: openAt }
  const first = { ...streamAt(stream), ...(ShardFilter && { ShardFilter }) }
  const shards: Shard[] = []
  let token: string | undefined
  do {
    const page: ListShardsCommandOutput = await client.send(
      new ListShardsCommand(token === undefined ? first : { NextToken: token, ...arnOf(stream) }),
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

/** The ids of the shards that follow on each, by its own id. */
export function childrenIn(shards: readonly Shard[]): ReadonlyMap<string, readonly string[]> {
  const children = new Map<string, string[]>(shards.map(({ id }) => [id, []]))
  for (const { id, parents } of shards) for (const parent of parents) children.get(parent)?.push(id)
  return children
}
