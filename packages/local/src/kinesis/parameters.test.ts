import { RegisterStreamConsumerCommand, SubscribeToShardCommand } from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { kinesisRig } from '../../test/kinesis.ts'

describe('what the embedded Kinesis does not have', () => {
  it('is an operation that is refused by its name', async () => {
    await using kinesis = await kinesisRig()
    const refused = (operation: string) => ({
      name: 'UnknownOperationException',
      message: expect.stringContaining(`'${operation}'`),
    })
    const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'
    const register = new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: 'c' })
    await expect(kinesis.client.send(register)).rejects.toMatchObject(refused('RegisterStreamConsumer'))
    const ConsumerARN = `${StreamARN}/consumer/c:1`
    const StartingPosition = { Type: 'LATEST' as const }
    const subscribe = new SubscribeToShardCommand({ ConsumerARN, ShardId: 'shardId-0', StartingPosition })
    await expect(kinesis.client.send(subscribe)).rejects.toMatchObject(refused('SubscribeToShard'))
  })

  it.each(['ChangeStream', 'constructor', '__proto__'])('is not %s either', async (operation) => {
    await using kinesis = await kinesisRig()
    expect(await kinesis.local.call(operation, { StreamName: 's' })).toMatchObject({
      error: 'UnknownOperationException',
    })
  })

  it.each<[string, object, string]>([
    ['CreateStream', { StreamName: 's', ShardCount: 1, WarmThroughputMiBps: 1 }, 'WarmThroughputMiBps'],
    ['ListStreams', { limit: 1 }, 'limit'],
    ['PutRecord', { StreamName: 's', Data: '', PartitionKey: 'p', DryRun: true }, 'DryRun'],
    [
      'PutRecords',
      {
        StreamName: 's',
        Records: [
          { Data: '', PartitionKey: 'p' },
          { Data: '', Key: 'p' },
        ],
      },
      'Records.Key',
    ],
    ['ListShards', { StreamName: 's', ShardFilter: { Type: 'AT_LATEST', Id: 1 } }, 'ShardFilter.Id'],
  ])('is a parameter of %s that is refused by its name', async (operation, input, parameter) => {
    await using kinesis = await kinesisRig()
    await kinesis.create()
    expect(await kinesis.local.call(operation, { ...input })).toMatchObject({
      error: 'ValidationException',
      message: expect.stringContaining(`'${parameter}'`),
    })
  })

  it('is not a parameter that is null', async () => {
    await using kinesis = await kinesisRig()
    expect(await kinesis.local.call('ListStreams', { StreamId: null })).toMatchObject({ ok: true })
  })
})
