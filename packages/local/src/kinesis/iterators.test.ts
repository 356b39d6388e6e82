import { SplitShardCommand } from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { FIRST_SHARD, kinesisRig, nextMillisecond, textOf } from '../../test/kinesis.ts'

async function rig() {
  const kinesis = await kinesisRig()
  await kinesis.create()
  const at = (Timestamp: Date, ShardId = FIRST_SHARD) =>
    kinesis.iterator({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp, ShardId })
  const texts = async (iterator: string | undefined) =>
    ((await kinesis.get(iterator)).Records ?? []).map(({ Data }) => textOf(Data))
  return { ...kinesis, at, texts }
}

describe('AT_TIMESTAMP', () => {
  it('begins with the first record that arrived at the time or later', async () => {
    await using kinesis = await rig()
    for (const text of ['a', 'b', 'c']) {
      await nextMillisecond()
      await kinesis.put(text)
    }
    const { Records = [] } = await kinesis.get(await kinesis.iterator())
    const arrivals = Records.map(({ ApproximateArrivalTimestamp: time }) => time?.getTime() ?? 0)
    const [, second = 0, third = 0] = arrivals
    expect(await kinesis.texts(await kinesis.at(new Date(0)))).toEqual(['a', 'b', 'c'])
    expect(await kinesis.texts(await kinesis.at(new Date(second)))).toEqual(['b', 'c'])
    expect(await kinesis.texts(await kinesis.at(new Date(second + 1)))).toEqual(['c'])
    expect(await kinesis.texts(await kinesis.at(new Date(third)))).toEqual(['c'])
  })

  it('misses no record that arrives after it was made', async () => {
    await using kinesis = await rig()
    await kinesis.put('before')
    await nextMillisecond()
    const iterator = await kinesis.at(new Date())
    await kinesis.put('after')
    expect(await kinesis.texts(iterator)).toEqual(['after'])
  })

  it('is exact on the shards of a split, whose records arrive when they are put', async () => {
    await using kinesis = await rig()
    const split = { StreamName: 's', ShardToSplit: FIRST_SHARD, NewStartingHashKey: String(2n ** 127n) }
    await kinesis.client.send(new SplitShardCommand(split))
    await kinesis.put('one', { ExplicitHashKey: '0' })
    await nextMillisecond()
    const between = new Date()
    await kinesis.put('two', { ExplicitHashKey: '0' })
    expect(await kinesis.texts(await kinesis.at(between, 'shardId-000000000001'))).toEqual(['two'])
  })

  it('ends on a closed shard that has nothing as young as that', async () => {
    await using kinesis = await rig()
    await kinesis.put('old')
    const split = { StreamName: 's', ShardToSplit: FIRST_SHARD, NewStartingHashKey: String(2n ** 127n) }
    await kinesis.client.send(new SplitShardCommand(split))
    await nextMillisecond()
    let page = await kinesis.get(await kinesis.at(new Date()))
    while (page.NextShardIterator) page = await kinesis.get(page.NextShardIterator)
    expect(page.Records).toEqual([])
    expect(page.ChildShards).toHaveLength(2)
  })

  it('is refused for times to come', async () => {
    await using kinesis = await rig()
    await expect(kinesis.at(new Date(Date.now() + 60_000))).rejects.toMatchObject({
      name: 'InvalidArgumentException',
    })
  })
})
