import {
  AddTagsToStreamCommand,
  DecreaseStreamRetentionPeriodCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  IncreaseStreamRetentionPeriodCommand,
  ListShardsCommand,
  ListStreamsCommand,
  ListTagsForResourceCommand,
  ListTagsForStreamCommand,
  MergeShardsCommand,
  PutRecordsCommand,
  RemoveTagsFromStreamCommand,
  SplitShardCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { bytes, FIRST_SHARD, kinesisRig, textOf } from '../../test/kinesis.ts'

const ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'

describe('a stream by its ARN', () => {
  it('is known to every operation', async () => {
    await using kinesis = await kinesisRig()
    await kinesis.create()
    const { client } = kinesis
    const StreamARN = ARN
    await client.send(
      new PutRecordsCommand({ StreamARN, Records: [{ PartitionKey: 'p', Data: bytes('x') }] }),
    )
    const ShardIterator = await kinesis.iterator({ StreamName: undefined, StreamARN })
    const { Records = [] } = await client.send(new GetRecordsCommand({ StreamARN, ShardIterator }))
    expect(Records.map(({ Data }) => textOf(Data))).toEqual(['x'])

    await client.send(new AddTagsToStreamCommand({ StreamARN, Tags: { a: '1', b: '2' } }))
    await client.send(new RemoveTagsFromStreamCommand({ StreamARN, TagKeys: ['a'] }))
    const tags = await client.send(new ListTagsForStreamCommand({ StreamARN }))
    expect(tags.Tags).toEqual([{ Key: 'b', Value: '2' }])
    await client.send(new IncreaseStreamRetentionPeriodCommand({ StreamARN, RetentionPeriodHours: 8_760 }))
    await client.send(new DecreaseStreamRetentionPeriodCommand({ StreamARN, RetentionPeriodHours: 48 }))
    const split = { StreamARN, ShardToSplit: FIRST_SHARD, NewStartingHashKey: String(2n ** 127n) }
    await client.send(new SplitShardCommand(split))
    const pair = { ShardToMerge: 'shardId-000000000001', AdjacentShardToMerge: 'shardId-000000000002' }
    await client.send(new MergeShardsCommand({ StreamARN, ...pair }))
    await client.send(
      new UpdateShardCountCommand({ StreamARN, TargetShardCount: 2, ScalingType: 'UNIFORM_SCALING' }),
    )
    expect((await client.send(new ListShardsCommand({ StreamARN }))).Shards).toHaveLength(6)
    const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamARN }))
    expect(StreamDescription).toMatchObject({ StreamARN, RetentionPeriodHours: 48 })
    const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamARN }))
    expect(StreamDescriptionSummary).toMatchObject({ StreamName: 's', OpenShardCount: 2 })

    await client.send(new DeleteStreamCommand({ StreamARN, EnforceConsumerDeletion: true }))
    expect((await client.send(new ListStreamsCommand())).StreamNames).toEqual([])
  })

  it('has tags as a resource, too', async () => {
    await using kinesis = await kinesisRig()
    await kinesis.create({ ShardCount: 1, Tags: { made: 'here' } })
    await kinesis.client.send(new TagResourceCommand({ ResourceARN: ARN, Tags: { a: '1', b: '2' } }))
    await kinesis.client.send(new UntagResourceCommand({ ResourceARN: ARN, TagKeys: ['a'] }))
    const { Tags } = await kinesis.client.send(new ListTagsForResourceCommand({ ResourceARN: ARN }))
    expect(Tags).toEqual([
      { Key: 'b', Value: '2' },
      { Key: 'made', Value: 'here' },
    ])
  })

  it('has the region of the spaceship', async () => {
    await using kinesis = await kinesisRig({ region: 'eu-central-1' })
    await kinesis.create()
    const here = ARN.replace('us-east-1', 'eu-central-1')
    const { StreamSummaries = [] } = await kinesis.client.send(new ListStreamsCommand())
    expect(StreamSummaries[0]?.StreamARN).toBe(here)
    expect(await kinesis.iterator({ StreamName: undefined, StreamARN: here })).toBeTypeOf('string')
  })

  it.each([
    ['ARNs of nothing', 'stream/s', 'ValidationException'],
    ['ARNs of another service', 'arn:aws:sqs:us-east-1:000000000000:s', 'ValidationException'],
    ['streams of other accounts', ARN.replace('000000000000', '123456789012'), 'AccessDeniedException'],
    ['streams of other regions', ARN.replace('us-east-1', 'eu-west-1'), 'ResourceNotFoundException'],
    ['streams that are not there', `${ARN}-absent`, 'ResourceNotFoundException'],
  ])('is refused for %s', async (_, StreamARN, name) => {
    await using kinesis = await kinesisRig()
    await kinesis.create()
    const input = { StreamName: undefined, StreamARN }
    await expect(kinesis.shards(input)).rejects.toMatchObject({ name })
    await expect(kinesis.iterator(input)).rejects.toMatchObject({ name })
  })

  it('may stand beside the name if both say the same', async () => {
    await using kinesis = await kinesisRig()
    await kinesis.create()
    await kinesis.create({ StreamName: 'other', ShardCount: 1 })
    expect(await kinesis.shards({ StreamARN: ARN })).toHaveLength(1)
    const refused = { name: 'InvalidArgumentException' }
    await expect(kinesis.shards({ StreamARN: ARN.replace(/s$/, 'other') })).rejects.toMatchObject(refused)
    const ShardIterator = await kinesis.iterator({ StreamName: 'other' })
    const get = new GetRecordsCommand({ StreamARN: ARN, ShardIterator })
    await expect(kinesis.client.send(get)).rejects.toMatchObject(refused)
  })
})
