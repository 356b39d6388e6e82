import { PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { bytes, kinesisRig } from '../../test/kinesis.ts'

const MIB = 1024 * 1024
const EXCEEDED = {
  name: 'ProvisionedThroughputExceededException',
  message: 'Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.',
}

/** A clock that stands still until it is told to go on. */
async function rig(ShardCount = 1) {
  let time = Date.now()
  const kinesis = await kinesisRig({ now: () => time })
  await kinesis.create({ ShardCount, MaxRecordSizeInKiB: 10_240 })
  return {
    ...kinesis,
    pass: (ms: number) => {
      time += ms
    },
    large: (size: number) => kinesis.put('x'.repeat(size - 1)),
    putAll: async (Records: { PartitionKey: string; Data: Uint8Array; ExplicitHashKey?: string }[]) =>
      kinesis.client.send(new PutRecordsCommand({ StreamName: 's', Records })),
  }
}

describe('reads of a shard at its limits', () => {
  it('are five in a second', async () => {
    await using kinesis = await rig()
    const start = await kinesis.iterator()
    kinesis.faults.limits({ kinesis: true })
    for (let call = 0; call < 5; call += 1) await kinesis.get(start)
    await expect(kinesis.get(start)).rejects.toMatchObject(EXCEEDED)
    kinesis.pass(999)
    await expect(kinesis.get(start)).rejects.toMatchObject(EXCEEDED)
    kinesis.pass(1)
    await kinesis.get(start)
  })

  it('are counted for each shard', async () => {
    await using kinesis = await rig(2)
    const [one, other] = [
      await kinesis.iterator(),
      await kinesis.iterator({ ShardId: 'shardId-000000000001' }),
    ]
    kinesis.faults.limits({ kinesis: true })
    for (let call = 0; call < 5; call += 1) await kinesis.get(one)
    await kinesis.get(other)
    await expect(kinesis.get(one)).rejects.toMatchObject(EXCEEDED)
  })

  it('have 2 MiB in a second', async () => {
    await using kinesis = await rig()
    for (let record = 0; record < 3; record += 1) await kinesis.large(MIB)
    const start = await kinesis.iterator()
    kinesis.faults.limits({ kinesis: true })
    await kinesis.get(start, 1)
    await kinesis.get(start, 1)
    await expect(kinesis.get(start, 1)).rejects.toMatchObject(EXCEEDED)
    kinesis.pass(1_000)
    await kinesis.get(start, 1)
  })

  it('of 10 MiB are the last ones for five seconds', async () => {
    await using kinesis = await rig()
    await kinesis.large(10 * MIB)
    const start = await kinesis.iterator()
    kinesis.faults.limits({ kinesis: true })
    expect((await kinesis.get(start)).Records).toHaveLength(1)
    kinesis.pass(4_999)
    await expect(kinesis.get(start)).rejects.toMatchObject(EXCEEDED)
    kinesis.pass(1)
    await kinesis.get(start)
  })
})

describe('writes of a shard at its limits', () => {
  it('are 1 MiB in a second', async () => {
    await using kinesis = await rig()
    kinesis.faults.limits({ kinesis: true })
    await kinesis.large(MIB)
    await expect(kinesis.put('x')).rejects.toMatchObject(EXCEEDED)
    kinesis.pass(1_000)
    await kinesis.put('x')
  })

  it('of a larger record are the last ones for as many seconds', async () => {
    await using kinesis = await rig()
    kinesis.faults.limits({ kinesis: true })
    await kinesis.large(3 * MIB)
    kinesis.pass(2_999)
    await expect(kinesis.put('x')).rejects.toMatchObject(EXCEEDED)
    kinesis.pass(1)
    await kinesis.put('x')
  })

  it('are 1,000 records in a second, and PutRecords fails those beyond', async () => {
    await using kinesis = await rig(2)
    kinesis.faults.limits({ kinesis: true })
    const records = (count: number, ExplicitHashKey: string) =>
      Array.from({ length: count }, () => ({ PartitionKey: 'p', Data: bytes('x'), ExplicitHashKey }))
    await kinesis.putAll(records(500, '0'))
    await kinesis.putAll(records(499, '0'))
    const mixed = [...records(2, '0'), ...records(1, String(2n ** 128n - 1n))]
    const { FailedRecordCount, Records = [] } = await kinesis.putAll(mixed)
    expect(FailedRecordCount).toBe(1)
    expect(Records.map(({ ErrorCode, ShardId }) => ErrorCode ?? ShardId)).toEqual([
      'shardId-000000000000',
      EXCEEDED.name,
      'shardId-000000000001',
    ])
    expect(Records[1]?.ErrorMessage).toBe(EXCEEDED.message)
    expect((await kinesis.get(await kinesis.iterator())).Records).toHaveLength(1_000)
  })
})

describe('the switch', () => {
  it('is off at first, and forgets what was before it was turned on again', async () => {
    await using kinesis = await rig()
    const start = await kinesis.iterator()
    for (let call = 0; call < 7; call += 1) await kinesis.get(start)
    kinesis.faults.limits({ kinesis: true })
    for (let call = 0; call < 5; call += 1) await kinesis.get(start)
    kinesis.faults.clear()
    await kinesis.get(start)
    kinesis.faults.limits({ kinesis: true })
    await kinesis.get(start)
  })
})
