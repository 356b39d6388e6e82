import {
  CreateStreamCommand,
  DescribeLimitsCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  type KinesisClientConfig,
  ListShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { describe, expect, it } from 'vitest'
import { faultSource } from '../faults/index.ts'
import { startKinesis } from './index.ts'

const SHARD = 'shardId-000000000000'
const bytes = (text: string) => new TextEncoder().encode(text)

async function setUp({ now, config = {} }: { now?: () => number; config?: KinesisClientConfig } = {}) {
  const faults = faultSource(1)
  const local = await startKinesis({ faults, ...(now && { now }) })
  const client = new KinesisClient({
    endpoint: local.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
    ...config,
  })
  await client.send(new CreateStreamCommand({ StreamName: 's', ShardCount: 1 }))
  const put = (text: string) =>
    client.send(new PutRecordCommand({ StreamName: 's', PartitionKey: 'p', Data: bytes(text) }))
  const iterator = async (extra: object = { ShardIteratorType: 'TRIM_HORIZON' }) => {
    const input = { StreamName: 's', ShardId: SHARD, ShardIteratorType: 'TRIM_HORIZON' as const, ...extra }
    return (await client.send(new GetShardIteratorCommand(input))).ShardIterator
  }
  const get = (ShardIterator: string | undefined, Limit?: number) =>
    client.send(new GetRecordsCommand({ ShardIterator, ...(Limit && { Limit }) }))
  return {
    faults: faults.faults,
    local,
    client,
    put,
    iterator,
    get,
    [Symbol.asyncDispose]: async () => {
      client.destroy()
      await local.close()
    },
  }
}

describe('the embedded Kinesis', () => {
  it.each([
    ['the default handler of the SDK', {}],
    ['NodeHttpHandler', { requestHandler: new NodeHttpHandler() }],
  ])('works through %s', async (_, config) => {
    await using kinesis = await setUp({ config })
    await kinesis.put('hello')
    const { Records = [] } = await kinesis.get(await kinesis.iterator())
    expect(Records.map((r) => new TextDecoder().decode(r.Data))).toEqual(['hello'])
    expect((await kinesis.client.send(new ListShardsCommand({ StreamName: 's' }))).Shards).toHaveLength(1)
  })

  it('answers CBOR in CBOR', async () => {
    await using kinesis = await setUp()
    const response = await fetch(kinesis.local.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-cbor-1.1',
        'x-amz-target': 'Kinesis_20131202.ListStreams',
      },
      body: Buffer.from([0xa0]),
    })
    expect(response.headers.get('content-type')).toBe('application/x-amz-cbor-1.1')
    expect(Buffer.from(await response.arrayBuffer()).toString('latin1')).toContain('StreamNames')
  })

  it('tells how far a reader is behind: the age of the next record, and 0 when caught up', async () => {
    const ahead = 60_000
    await using kinesis = await setUp({ now: () => Date.now() + ahead })
    for (const text of ['a', 'b', 'c']) await kinesis.put(text)
    const first = await kinesis.get(await kinesis.iterator(), 2)
    expect(first.Records).toHaveLength(2)
    expect(first.MillisBehindLatest).toBeGreaterThanOrEqual(ahead)
    const second = await kinesis.get(first.NextShardIterator, 2)
    expect([second.Records?.length, second.MillisBehindLatest]).toEqual([1, 0])
  })

  it('is caught up after a page that was exactly full', async () => {
    await using kinesis = await setUp()
    for (const text of ['a', 'b']) await kinesis.put(text)
    expect((await kinesis.get(await kinesis.iterator(), 2)).MillisBehindLatest).toBe(0)
  })

  it('knows a stream by its ARN', async () => {
    await using kinesis = await setUp()
    const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'
    await kinesis.client.send(new PutRecordCommand({ StreamARN, PartitionKey: 'p', Data: bytes('x') }))
    const shard = { StreamARN, ShardId: SHARD, ShardIteratorType: 'TRIM_HORIZON' as const }
    const { ShardIterator } = await kinesis.client.send(new GetShardIteratorCommand(shard))
    const { Records } = await kinesis.client.send(new GetRecordsCommand({ StreamARN, ShardIterator }))
    expect(Records).toHaveLength(1)
    const absent = new PutRecordCommand({
      StreamARN: `${StreamARN}-absent`,
      PartitionKey: 'p',
      Data: bytes('x'),
    })
    await expect(kinesis.client.send(absent)).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })

  it('throttles calls on demand', async () => {
    await using kinesis = await setUp()
    const start = await kinesis.iterator()
    kinesis.faults.throttle({ kinesis: 1 })
    const refused = { name: 'ProvisionedThroughputExceededException' }
    await expect(kinesis.put('x')).rejects.toMatchObject(refused)
    await expect(kinesis.get(start)).rejects.toMatchObject(refused)
    kinesis.faults.clear()
    await kinesis.put('x')
    expect((await kinesis.get(start)).Records).toHaveLength(1)
  })

  it('fails single records of PutRecords on demand, and only those', async () => {
    await using kinesis = await setUp()
    kinesis.faults.throttle({ putRecords: 0.5 })
    const Records = Array.from({ length: 40 }, (_, i) => ({ PartitionKey: `${i}`, Data: bytes(`${i}`) }))
    const reply = await kinesis.client.send(new PutRecordsCommand({ StreamName: 's', Records }))
    const arrived = (reply.Records ?? []).flatMap((entry, i) => (entry.SequenceNumber ? [`${i}`] : []))
    expect(reply.Records).toHaveLength(40)
    expect(reply.FailedRecordCount).toBe(40 - arrived.length)
    expect(arrived.length).toBeGreaterThan(0)
    expect(arrived.length).toBeLessThan(40)
    const read = (await kinesis.get(await kinesis.iterator())).Records ?? []
    expect(read.map((r) => new TextDecoder().decode(r.Data))).toEqual(arrived)

    kinesis.faults.throttle({ putRecords: 1 })
    const none = await kinesis.client.send(new PutRecordsCommand({ StreamName: 's', Records }))
    expect(none.FailedRecordCount).toBe(40)
  })

  it('answers AT_TIMESTAMP when no record is as young as that', async () => {
    await using kinesis = await setUp()
    await kinesis.put('old')
    const later = Date.now() + 1_500
    await using future = await setUp({ now: () => later + 1_000 })
    await future.put('old')
    const at = await future
      .iterator({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(later) })
      .catch((e) => e)
    expect(at).toBeTypeOf('string')
    const past = await kinesis.iterator({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(1_000_000) })
    expect((await kinesis.get(past)).Records).toHaveLength(1)
  })

  it('refuses a token that it never gave, in JSON and in CBOR', async () => {
    await using kinesis = await setUp()
    await expect(kinesis.client.send(new ListShardsCommand({ NextToken: 'x' }))).rejects.toMatchObject({
      name: 'InvalidArgumentException',
    })
    const response = await fetch(kinesis.local.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-cbor-1.1',
        'x-amz-target': 'Kinesis_20131202.ListShards',
      },
      // { NextToken: 'x' }
      body: Buffer.concat([Buffer.from([0xa1, 0x69]), Buffer.from('NextToken'), Buffer.from([0x61, 0x78])]),
    })
    expect(response.status).toBe(400)
    expect(Buffer.from(await response.arrayBuffer()).toString('latin1')).toContain('InvalidArgumentException')
  })

  it.each<[string, object, string]>([
    ['AddTagsToStream', { StreamName: 's', Tags: { a: null } }, 'SerializationException'],
    ['RemoveTagsFromStream', { StreamName: 's', TagKeys: [null] }, 'SerializationException'],
    ['PutRecords', { StreamName: 's', Records: [null] }, 'SerializationException'],
    [
      'GetShardIterator',
      {
        StreamName: 's',
        ShardId: SHARD,
        ShardIteratorType: 'AT_SEQUENCE_NUMBER',
        StartingSequenceNumber: '.9',
      },
      'InvalidArgumentException',
    ],
    ['PutRecord', { StreamName: 's', Data: 'eA==', PartitionKey: null }, 'ValidationException'],
  ])('refuses %s with %j', async (operation, input, type) => {
    await using kinesis = await setUp()
    const answer = await fetch(kinesis.local.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `Kinesis_20131202.${operation}`,
      },
      body: JSON.stringify(input),
    })
    expect([answer.status, await answer.json()]).toMatchObject([400, { __type: type }])
  })

  it.each(['constructor', 'length', '__proto__', '0'])(
    'has streams of any name, such as %s',
    async (StreamName) => {
      await using kinesis = await setUp()
      const { client } = kinesis
      await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
      for (const text of ['a', 'b'])
        await client.send(new PutRecordCommand({ StreamName, PartitionKey: 'p', Data: bytes(text) }))
      const { Records = [] } = await kinesis.get(await kinesis.iterator({ StreamName }))
      expect(Records.map(({ Data }) => new TextDecoder().decode(Data))).toEqual(['a', 'b'])
    },
  )

  it('refuses what it does not have', async () => {
    await using kinesis = await setUp()
    await expect(kinesis.client.send(new DescribeLimitsCommand({}))).rejects.toMatchObject({
      name: 'UnknownOperationException',
    })
  })
})
