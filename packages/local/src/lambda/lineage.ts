import {
  type KinesisClient,
  ListShardsCommand,
  type ListShardsCommandOutput,
  type Shard,
} from '@aws-sdk/client-kinesis'

/** A shard and the shards that must be read to their end before it. */
export interface ShardNode {
  readonly id: string
  readonly parents: readonly string[]
  /** False once it was split or merged. */
  readonly open: boolean
  /** The sequence number at which it begins. */
  readonly start: string
}

export async function listShards(client: KinesisClient, stream: string): Promise<readonly ShardNode[]> {
  const shards: Shard[] = []
  let token: string | undefined
  do {
    const input = token === undefined ? { StreamName: stream } : { NextToken: token }
    const { Shards = [], NextToken }: ListShardsCommandOutput = await client.send(
      new ListShardsCommand(input),
    )
    shards.push(...Shards)
    token = NextToken
  } while (token !== undefined)
  return shards.map(({ ShardId = '', ParentShardId, AdjacentParentShardId, SequenceNumberRange }) => ({
    id: ShardId,
    parents: [ParentShardId, AdjacentParentShardId].filter((parent) => parent !== undefined),
    open: SequenceNumberRange?.EndingSequenceNumber === undefined,
    start: SequenceNumberRange?.StartingSequenceNumber ?? '',
  }))
}

/** The shards whose turn it is: not begun, with no parent that is still to be read. A parent that is not listed any more has expired. */
export function startable(
  shards: readonly ShardNode[],
  begun: ReadonlySet<string>,
  finished: ReadonlySet<string>,
): readonly ShardNode[] {
  const listed = new Set(shards.map(({ id }) => id))
  return shards.filter(
    ({ id, parents }) =>
      !begun.has(id) && parents.every((parent) => finished.has(parent) || !listed.has(parent)),
  )
}
