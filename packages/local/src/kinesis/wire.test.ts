import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { FIRST_SHARD, kinesisRig } from '../../test/kinesis.ts'

const require = createRequire(import.meta.url)
/** An implementation by somebody else: the one that kinesalite has. */
const { Encoder, Decoder } = createRequire(require.resolve('kinesalite'))('cbor')
const TYPE = 'application/x-amz-cbor-1.1'

async function rig() {
  const kinesis = await kinesisRig()
  await kinesis.create()
  const post = async (operation: string, body: Uint8Array<ArrayBuffer>) => {
    const headers = { 'content-type': TYPE, 'x-amz-target': `Kinesis_20131202.${operation}` }
    const response = await fetch(kinesis.local.url, { method: 'POST', headers, body })
    const bytes = Buffer.from(await response.arrayBuffer())
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      output: bytes.length > 0 ? Decoder.decodeFirstSync(bytes) : undefined,
    }
  }
  const call = (operation: string, input: object) => post(operation, Encoder.encodeOne(input))
  return { ...kinesis, post, call }
}

describe('a client that speaks CBOR', () => {
  it('puts and gets bytes, with times in milliseconds', async () => {
    await using kinesis = await rig()
    const before = Date.now()
    const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'
    const put = await kinesis.call('PutRecord', { StreamARN, PartitionKey: 'p', Data: Buffer.from([0, 255]) })
    expect(put).toMatchObject({ status: 200, type: TYPE, output: { ShardId: FIRST_SHARD } })
    const shard = { StreamName: 's', ShardId: FIRST_SHARD }
    const start = { ...shard, ShardIteratorType: 'AT_TIMESTAMP', Timestamp: before }
    const { output: at } = await kinesis.call('GetShardIterator', start)
    const { output: page } = await kinesis.call('GetRecords', at)
    expect(page.Records).toHaveLength(1)
    expect([...page.Records[0].Data]).toEqual([0, 255])
    expect(page.Records[0].ApproximateArrivalTimestamp).toBeGreaterThanOrEqual(before)
    const { output: again } = await kinesis.call('GetShardIterator', { ...start, Timestamp: Date.now() })
    expect(again.ShardIterator).toBeTypeOf('string')
  })

  it('meets the same switches, ends of shards and refusals', async () => {
    await using kinesis = await rig()
    const scale = { StreamName: 's', TargetShardCount: 2, ScalingType: 'UNIFORM_SCALING' }
    expect((await kinesis.call('UpdateShardCount', scale)).output).toMatchObject({ CurrentShardCount: 1 })
    const ShardIterator = await kinesis.iterator()
    const { output: empty } = await kinesis.call('GetRecords', { ShardIterator })
    const { output: end } = await kinesis.call('GetRecords', { ShardIterator: empty.NextShardIterator })
    expect(end.ChildShards).toHaveLength(2)
    kinesis.faults.throttle({ kinesis: 1 })
    expect(await kinesis.call('GetRecords', { ShardIterator })).toMatchObject({
      status: 400,
      type: TYPE,
      output: { __type: 'ProvisionedThroughputExceededException' },
    })
    expect((await kinesis.call('ListStreams', { Limits: 1 })).output.message).toContain("'Limits'")
    expect((await kinesis.call('DescribeLimits', {})).output.__type).toBe('UnknownOperationException')
  })

  it('gets an empty answer where JSON has one', async () => {
    await using kinesis = await rig()
    const tags = await kinesis.call('AddTagsToStream', { StreamName: 's', Tags: { a: 'b' } })
    expect(tags).toEqual({ status: 200, type: expect.any(String), output: undefined })
  })

  it.each([
    ['half a map', Buffer.from([0xa1])],
    ['no map', Buffer.from([0x01])],
    ['nothing', Buffer.alloc(0)],
  ])('is refused with %s', async (_, body) => {
    await using kinesis = await rig()
    expect(await kinesis.post('ListStreams', body)).toMatchObject({
      status: 400,
      output: { __type: 'SerializationException' },
    })
  })
})
