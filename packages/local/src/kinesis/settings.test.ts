import { join } from 'node:path'
import {
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  PutRecordsCommand,
  SplitShardCommand,
  UpdateMaxRecordSizeCommand,
  UpdateShardCountCommand,
  UpdateStreamModeCommand,
} from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { folders } from '../../test/folders.ts'
import { FIRST_SHARD, type KinesisRig, kinesisRig } from '../../test/kinesis.ts'

const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'
const MIB = 1024 * 1024
const folder = folders()

async function summaryOf({ client }: KinesisRig) {
  const { StreamDescriptionSummary } = await client.send(
    new DescribeStreamSummaryCommand({ StreamName: 's' }),
  )
  return StreamDescriptionSummary
}

describe('the mode of a stream', () => {
  it('is PROVISIONED unless it is ON_DEMAND, which has four shards at first', async () => {
    await using kinesis = await kinesisRig()
    await kinesis.create()
    expect(await summaryOf(kinesis)).toMatchObject({ StreamModeDetails: { StreamMode: 'PROVISIONED' } })
    await using other = await kinesisRig()
    const StreamModeDetails = { StreamMode: 'ON_DEMAND' as const }
    await other.create({ StreamModeDetails })
    expect(await summaryOf(other)).toMatchObject({ StreamModeDetails, OpenShardCount: 4 })
    const { StreamDescription } = await other.client.send(new DescribeStreamCommand({ StreamName: 's' }))
    expect(StreamDescription).toMatchObject({ StreamModeDetails })
  })

  it("can be changed; shards on demand are nobody else's to change", async () => {
    await using kinesis = await kinesisRig()
    await kinesis.create()
    const turn = (StreamMode: 'ON_DEMAND' | 'PROVISIONED') =>
      kinesis.client.send(new UpdateStreamModeCommand({ StreamARN, StreamModeDetails: { StreamMode } }))
    const split = () =>
      kinesis.client.send(
        new SplitShardCommand({ StreamARN, ShardToSplit: FIRST_SHARD, NewStartingHashKey: '1000' }),
      )
    await turn('ON_DEMAND')
    expect(await summaryOf(kinesis)).toMatchObject({ StreamModeDetails: { StreamMode: 'ON_DEMAND' } })
    const refused = { name: 'ValidationException' }
    await expect(split()).rejects.toMatchObject(refused)
    const scale = { StreamARN, TargetShardCount: 2, ScalingType: 'UNIFORM_SCALING' as const }
    await expect(kinesis.client.send(new UpdateShardCountCommand(scale))).rejects.toMatchObject(refused)
    await turn('PROVISIONED')
    await split()
  })

  it('is refused if it is none, or says how many shards although it is on demand', async () => {
    await using kinesis = await kinesisRig()
    const create = (input: object) => kinesis.local.call('CreateStream', { StreamName: 's', ...input })
    expect(await create({ ShardCount: 1, StreamModeDetails: { StreamMode: 'AT_WILL' } })).toMatchObject({
      error: 'ValidationException',
    })
    expect(await create({ ShardCount: 1, StreamModeDetails: { StreamMode: 'ON_DEMAND' } })).toMatchObject({
      error: 'InvalidArgumentException',
    })
  })

  it('is there again after a restart, and so is the record size', async () => {
    const file = join(folder(), 'kinesis.sqlite')
    const settings = { StreamModeDetails: { StreamMode: 'ON_DEMAND' as const }, MaxRecordSizeInKiB: 2_048 }
    {
      await using kinesis = await kinesisRig({ file })
      await kinesis.create(settings)
    }
    await using kinesis = await kinesisRig({ file })
    expect(await summaryOf(kinesis)).toMatchObject(settings)
  })
})

describe('the record size of a stream', () => {
  const tooLarge = {
    name: 'ValidationException',
    message: expect.stringContaining('less than or equal to 1048576'),
  }

  it('is 1 MiB with the partition key, until it is raised', async () => {
    await using kinesis = await kinesisRig()
    await kinesis.create()
    expect(await summaryOf(kinesis)).toMatchObject({ MaxRecordSizeInKiB: 1_024 })
    await kinesis.put('x'.repeat(MIB - 1))
    await expect(kinesis.put('x'.repeat(MIB))).rejects.toMatchObject({ name: 'InvalidArgumentException' })
    await expect(kinesis.put('x'.repeat(MIB + 1))).rejects.toMatchObject(tooLarge)

    await kinesis.client.send(new UpdateMaxRecordSizeCommand({ StreamARN, MaxRecordSizeInKiB: 10_240 }))
    await kinesis.put('x'.repeat(10 * MIB - 1))
    await expect(kinesis.put('x'.repeat(10 * MIB + 1))).rejects.toMatchObject({ name: 'ValidationException' })
    expect((await kinesis.get(await kinesis.iterator())).Records?.map(({ Data }) => Data?.length)).toEqual([
      MIB - 1,
    ])
  })

  it('is that of a record in PutRecords, which takes 10 MiB altogether', async () => {
    await using kinesis = await kinesisRig()
    await kinesis.create({ ShardCount: 1, MaxRecordSizeInKiB: 4_096 })
    const put = (...sizes: number[]) => {
      const Records = sizes.map((size) => ({ PartitionKey: 'p', Data: new Uint8Array(size) }))
      return kinesis.client.send(new PutRecordsCommand({ StreamName: 's', Records }))
    }
    expect(await put(4 * MIB - 1, 4 * MIB - 1)).toMatchObject({ FailedRecordCount: 0 })
    await expect(put(1, 4 * MIB + 1)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining("'records.2.member.data'"),
    })
    await expect(put(4 * MIB - 1, 4 * MIB - 1, 2 * MIB)).rejects.toMatchObject({
      name: 'InvalidArgumentException',
    })
  })

  it.each([1_023, 10_241])('is refused with %i KiB', async (MaxRecordSizeInKiB) => {
    await using kinesis = await kinesisRig()
    const refused = { name: 'ValidationException' }
    await expect(kinesis.create({ ShardCount: 1, MaxRecordSizeInKiB })).rejects.toMatchObject(refused)
    await kinesis.create()
    const update = new UpdateMaxRecordSizeCommand({ StreamARN, MaxRecordSizeInKiB })
    await expect(kinesis.client.send(update)).rejects.toMatchObject(refused)
  })

  it('is not asked for a body that is larger than any call', async () => {
    await using kinesis = await kinesisRig()
    const body = Buffer.alloc(16 * MIB + 1)
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'Kinesis_20131202.PutRecords',
    }
    expect((await fetch(kinesis.local.url, { method: 'POST', headers, body })).status).toBe(413)
    await expect(kinesis.put('x'.repeat(13 * MIB))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 413 },
    })
  })
})
