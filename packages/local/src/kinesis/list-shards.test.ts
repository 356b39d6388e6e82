import { ListShardsCommand, type ShardFilter, SplitShardCommand } from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { FIRST_SHARD, kinesisRig, nextMillisecond } from '../../test/kinesis.ts'

const HOUR = 3_600_000
const id = (index: number) => `shardId-00000000000${index}`

/** Shard 0 was split into 1 and 2, and later 1 into 3 and 4. */
async function splitTwice() {
  let ahead = 0
  const kinesis = await kinesisRig({ now: () => Date.now() + ahead })
  await kinesis.create()
  const split = async (ShardToSplit: string, key: bigint) => {
    await nextMillisecond()
    const before = new Date()
    await nextMillisecond()
    await kinesis.client.send(
      new SplitShardCommand({ StreamName: 's', ShardToSplit, NewStartingHashKey: String(key) }),
    )
    await nextMillisecond()
    return before
  }
  const beforeFirst = await split(FIRST_SHARD, 2n ** 127n)
  const beforeSecond = await split(id(1), 2n ** 126n)
  return {
    ...kinesis,
    beforeFirst,
    beforeSecond,
    pass: (ms: number) => {
      ahead += ms
    },
    idsOf: async (ShardFilter?: ShardFilter) =>
      (await kinesis.shards({ ...(ShardFilter && { ShardFilter }) })).map(({ ShardId }) => ShardId),
  }
}

describe('ListShards with a filter', () => {
  it('lists the shards that were open at a time, or are now', async () => {
    await using kinesis = await splitTwice()
    expect(await kinesis.idsOf()).toEqual([0, 1, 2, 3, 4].map(id))
    expect(await kinesis.idsOf({ Type: 'AT_LATEST' })).toEqual([2, 3, 4].map(id))
    expect(await kinesis.idsOf({ Type: 'AT_TRIM_HORIZON' })).toEqual([id(0)])
    const at = (Timestamp: Date) => kinesis.idsOf({ Type: 'AT_TIMESTAMP', Timestamp })
    expect(await at(new Date(0))).toEqual([id(0)])
    expect(await at(kinesis.beforeFirst)).toEqual([id(0)])
    expect(await at(kinesis.beforeSecond)).toEqual([1, 2].map(id))
    expect(await at(new Date())).toEqual([2, 3, 4].map(id))
  })

  it('lists the shards from a time on, or behind a shard', async () => {
    await using kinesis = await splitTwice()
    expect(await kinesis.idsOf({ Type: 'FROM_TRIM_HORIZON' })).toEqual([0, 1, 2, 3, 4].map(id))
    const from = (Timestamp: Date) => kinesis.idsOf({ Type: 'FROM_TIMESTAMP', Timestamp })
    expect(await from(kinesis.beforeFirst)).toEqual([0, 1, 2, 3, 4].map(id))
    expect(await from(kinesis.beforeSecond)).toEqual([1, 2, 3, 4].map(id))
    expect(await from(new Date())).toEqual([2, 3, 4].map(id))
    expect(await kinesis.idsOf({ Type: 'AFTER_SHARD_ID', ShardId: id(2) })).toEqual([3, 4].map(id))
  })

  it('lists no shard whose records have expired', async () => {
    await using kinesis = await splitTwice()
    kinesis.pass(25 * HOUR)
    for (const filter of [undefined, { Type: 'FROM_TRIM_HORIZON' }, { Type: 'AT_TRIM_HORIZON' }] as const)
      expect(await kinesis.idsOf(filter)).toEqual([2, 3, 4].map(id))
  })

  it.each<[Partial<ShardFilter>, string]>([
    [{ ShardId: id(0) }, 'ValidationException'],
    [{ Type: 'AFTER_SHARD_ID' }, 'InvalidArgumentException'],
    [{ Type: 'AT_TIMESTAMP' }, 'InvalidArgumentException'],
    [{ Type: 'AT_LATEST', ShardId: id(0) }, 'InvalidArgumentException'],
    [{ Type: 'FROM_TIMESTAMP', Timestamp: new Date(32_503_680_000_000) }, 'InvalidArgumentException'],
  ])('refuses %j', async (ShardFilter, error) => {
    await using kinesis = await kinesisRig()
    await kinesis.create()
    const { Timestamp, ...rest } = ShardFilter
    const filter = { ...rest, ...(Timestamp && { Timestamp: Timestamp.getTime() / 1_000 }) }
    expect(await kinesis.local.call('ListShards', { StreamName: 's', ShardFilter: filter })).toMatchObject({
      ok: false,
      error,
    })
  })
})

describe('ListShards page by page', () => {
  it('goes on with its token alone, filter included', async () => {
    await using kinesis = await splitTwice()
    const list = (input: object) => kinesis.client.send(new ListShardsCommand({ ...input }))
    const filter = { Type: 'FROM_TIMESTAMP' as const, Timestamp: kinesis.beforeSecond }
    const first = await list({ StreamName: 's', MaxResults: 2, ShardFilter: filter })
    expect(first.Shards?.map(({ ShardId }) => ShardId)).toEqual([1, 2].map(id))
    const second = await list({ NextToken: first.NextToken, MaxResults: 1 })
    expect(second.Shards?.map(({ ShardId }) => ShardId)).toEqual([id(3)])
    const third = await list({ NextToken: second.NextToken })
    expect(third.Shards?.map(({ ShardId }) => ShardId)).toEqual([id(4)])
    expect(third.NextToken).toBeUndefined()
  })

  it('begins behind a shard', async () => {
    await using kinesis = await splitTwice()
    const shards = await kinesis.shards({ ExclusiveStartShardId: id(1), MaxResults: 2 })
    expect(shards.map(({ ShardId }) => ShardId)).toEqual([2, 3].map(id))
  })

  it('refuses a name beside the token', async () => {
    await using kinesis = await splitTwice()
    const first = await kinesis.client.send(new ListShardsCommand({ StreamName: 's', MaxResults: 1 }))
    const { NextToken } = first
    await expect(kinesis.shards({ NextToken })).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: 'NextToken and StreamName cannot be provided together.',
    })
  })

  it('tells a stream from an earlier one of its name', async () => {
    await using kinesis = await splitTwice()
    const StreamCreationTimestamp = new Date(1_000_000)
    await expect(kinesis.shards({ StreamCreationTimestamp })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
  })
})
