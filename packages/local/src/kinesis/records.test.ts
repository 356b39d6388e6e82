import { MergeShardsCommand, PutRecordsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { FIRST_SHARD, kinesisRig } from '../../test/kinesis.ts'

const MIDDLE = String(2n ** 127n)
const LAST = String(2n ** 128n - 1n)
const MIB = 1024 * 1024

const [LEFT, RIGHT] = ['shardId-000000000001', 'shardId-000000000002']

describe('GetRecords at the end of a closed shard', () => {
  it('names the shards that it was split into, once its records are read', async () => {
    await using kinesis = await kinesisRig()
    await kinesis.create()
    await kinesis.put('before')
    const start = await kinesis.iterator()
    await kinesis.client.send(
      new SplitShardCommand({ StreamName: 's', ShardToSplit: FIRST_SHARD, NewStartingHashKey: MIDDLE }),
    )
    const first = await kinesis.get(start)
    expect(first.Records).toHaveLength(1)
    expect(first.ChildShards).toBeUndefined()

    const { texts, end } = await kinesis.drain(FIRST_SHARD)
    expect(texts).toEqual(['before'])
    expect(end.NextShardIterator).toBeUndefined()
    expect(end.ChildShards).toEqual([
      {
        ShardId: LEFT,
        ParentShards: [FIRST_SHARD],
        HashKeyRange: { StartingHashKey: '0', EndingHashKey: String(2n ** 127n - 1n) },
      },
      {
        ShardId: RIGHT,
        ParentShards: [FIRST_SHARD],
        HashKeyRange: { StartingHashKey: MIDDLE, EndingHashKey: LAST },
      },
    ])
  })

  it('names the shard that it was merged into, with both parents', async () => {
    await using kinesis = await kinesisRig()
    await kinesis.create({ ShardCount: 2 })
    const [one, other] = ['shardId-000000000000', 'shardId-000000000001']
    await kinesis.client.send(
      new MergeShardsCommand({ StreamName: 's', ShardToMerge: one, AdjacentShardToMerge: other }),
    )
    for (const parent of [one, other]) {
      expect((await kinesis.drain(parent)).end.ChildShards).toEqual([
        {
          ShardId: RIGHT,
          ParentShards: [one, other],
          HashKeyRange: { StartingHashKey: '0', EndingHashKey: LAST },
        },
      ])
    }
  })

  it('has no children where the shard goes on', async () => {
    await using kinesis = await kinesisRig()
    await kinesis.create()
    const page = await kinesis.get(await kinesis.iterator())
    expect(page.ChildShards).toBeUndefined()
    expect(page.NextShardIterator).toBeTypeOf('string')
  })
})

describe('a page of GetRecords', () => {
  it('has at most 10 MiB, and tells that more waits', async () => {
    await using kinesis = await kinesisRig()
    await kinesis.create()
    const Data = new Uint8Array(MIB - 1)
    for (const count of [6, 6]) {
      const Records = Array.from({ length: count }, () => ({ PartitionKey: 'p', Data }))
      await kinesis.client.send(new PutRecordsCommand({ StreamName: 's', Records }))
    }
    const page = await kinesis.get(await kinesis.iterator())
    expect(page.Records).toHaveLength(10)
    expect(page.MillisBehindLatest).toBeGreaterThan(0)
    const rest = await kinesis.get(page.NextShardIterator)
    expect([rest.Records?.length, rest.MillisBehindLatest]).toEqual([2, 0])
  })

  it('has a record of 10 MiB all the same', async () => {
    await using kinesis = await kinesisRig()
    await kinesis.create({ ShardCount: 1, MaxRecordSizeInKiB: 10_240 })
    await kinesis.put('x'.repeat(10 * MIB - 1))
    await kinesis.put('y')
    const page = await kinesis.get(await kinesis.iterator())
    expect(page.Records?.map(({ Data }) => Data?.length)).toEqual([10 * MIB - 1])
    expect((await kinesis.get(page.NextShardIterator)).Records).toHaveLength(1)
  })
})
