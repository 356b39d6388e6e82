import { DescribeStreamCommand, ListStreamsCommand, paginateListStreams } from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { kinesisRig } from '../../test/kinesis.ts'

async function three() {
  const kinesis = await kinesisRig()
  for (const StreamName of ['a', 'b', 'c']) await kinesis.create({ StreamName, ShardCount: 1 })
  const list = (input: object = {}) => kinesis.client.send(new ListStreamsCommand({ ...input }))
  return { ...kinesis, list }
}

describe('ListStreams', () => {
  it('goes on by token, or behind a name', async () => {
    await using kinesis = await three()
    const first = await kinesis.list({ Limit: 2 })
    expect(first).toMatchObject({ StreamNames: ['a', 'b'], HasMoreStreams: true })
    const second = await kinesis.list({ NextToken: first.NextToken })
    expect(second).toMatchObject({ StreamNames: ['c'], HasMoreStreams: false })
    expect(second.NextToken).toBeUndefined()
    expect((await kinesis.list({ ExclusiveStartStreamName: 'b' })).StreamNames).toEqual(['c'])

    const names: string[] = []
    for await (const page of paginateListStreams({ client: kinesis.client, pageSize: 1 }, {}))
      names.push(...(page.StreamNames ?? []))
    expect(names).toEqual(['a', 'b', 'c'])
  })

  it('summarises each stream', async () => {
    await using kinesis = await three()
    const { StreamSummaries = [] } = await kinesis.list()
    expect(StreamSummaries).toHaveLength(3)
    expect(StreamSummaries[0]).toEqual({
      StreamName: 'a',
      StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/a',
      StreamStatus: 'ACTIVE',
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
      StreamCreationTimestamp: expect.any(Date),
    })
  })

  it('refuses a token that it never gave', async () => {
    await using kinesis = await three()
    await expect(kinesis.list({ NextToken: 'x' })).rejects.toMatchObject({ name: 'InvalidArgumentException' })
  })
})

describe('DescribeStream', () => {
  it('has shards page by page, without what kinesalite keeps for itself', async () => {
    await using kinesis = await kinesisRig()
    await kinesis.create({ ShardCount: 3 })
    const describeStream = async (input: object) => {
      const command = new DescribeStreamCommand({ StreamName: 's', ...input })
      return (await kinesis.client.send(command)).StreamDescription
    }
    const [first, second, third] = await kinesis.shards()
    expect(await describeStream({ Limit: 2 })).toMatchObject({ Shards: [first, second], HasMoreShards: true })
    expect(await describeStream({ ExclusiveStartShardId: second?.ShardId })).toMatchObject({
      Shards: [third],
      HasMoreShards: false,
    })
    const { output } = Object(await kinesis.local.call('DescribeStream', { StreamName: 's' }))
    expect(Object.keys(output.StreamDescription).sort()).toEqual([
      'EncryptionType',
      'EnhancedMonitoring',
      'HasMoreShards',
      'RetentionPeriodHours',
      'Shards',
      'StreamARN',
      'StreamCreationTimestamp',
      'StreamModeDetails',
      'StreamName',
      'StreamStatus',
    ])
  })
})
