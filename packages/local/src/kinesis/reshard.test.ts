import {
  DescribeStreamSummaryCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  type Shard,
  SplitShardCommand,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytes, FIRST_SHARD, type KinesisRig, kinesisRig, textOf } from '../../test/kinesis.ts'
import { upstreamOf } from '../emulator/index.ts'
import { faultSource } from '../faults/index.ts'
import { awsCaller, targetOf } from '../http/index.ts'
import { kinesisFront } from './front.ts'
import { shardLimits } from './limits.ts'
import { settledChanges } from './settled.ts'
import { JSON_TYPE } from './stage.ts'

const KEYS = 2n ** 128n
const MIDDLE = String(KEYS / 2n)

async function rig(ShardCount = 1) {
  const kinesis = await kinesisRig()
  await kinesis.create({ ShardCount })
  return {
    ...kinesis,
    open: async () => ranges(await kinesis.shards({ ShardFilter: { Type: 'AT_LATEST' } })),
    scale: (TargetShardCount: number) =>
      kinesis.client.send(
        new UpdateShardCountCommand({ StreamName: 's', TargetShardCount, ScalingType: 'UNIFORM_SCALING' }),
      ),
    split: (ShardToSplit = FIRST_SHARD, NewStartingHashKey = MIDDLE) =>
      kinesis.client.send(new SplitShardCommand({ StreamName: 's', ShardToSplit, NewStartingHashKey })),
    merge: (ShardToMerge: string, AdjacentShardToMerge: string) =>
      kinesis.client.send(new MergeShardsCommand({ StreamName: 's', ShardToMerge, AdjacentShardToMerge })),
  }
}

/** A front that waits before its first split, until it is told to go on. */
async function stoppedAtSplit() {
  const upstream = await upstreamOf('kinesalite')
  const splitting = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const forward = settledChanges(async (request) => {
    if (targetOf(request).operation === 'SplitShard') {
      splitting.resolve()
      await gate.promise
    }
    return upstream.forward(request)
  })
  const front = kinesisFront({
    forward,
    call: awsCaller(forward, 'Kinesis_20131202', JSON_TYPE),
    faults: faultSource(1),
    now: Date.now,
    region: 'us-east-1',
    limits: shardLimits(Date.now),
    resharding: new Set(),
  })
  return {
    call: awsCaller(front, 'Kinesis_20131202', JSON_TYPE),
    isSplitting: splitting.promise,
    goOn: gate.resolve,
    [Symbol.asyncDispose]: upstream.close,
  }
}

function ranges(shards: readonly Shard[]): [bigint, bigint][] {
  return shards
    .map(({ HashKeyRange: range }): [bigint, bigint] => [
      BigInt(range?.StartingHashKey ?? -1),
      BigInt(range?.EndingHashKey ?? -1),
    ])
    .sort(([one], [other]) => (one < other ? -1 : 1))
}

function even(count: number): [bigint, bigint][] {
  const width = KEYS / BigInt(count)
  return Array.from({ length: count }, (_, index) => [
    width * BigInt(index),
    index === count - 1 ? KEYS - 1n : width * BigInt(index + 1) - 1n,
  ])
}

describe('UpdateShardCount', () => {
  it.each([
    [1, 2],
    [2, 3],
    [4, 7],
    [5, 3],
    [6, 3],
    [4, 4],
  ])('makes of %i shards %i that have the hash keys evenly among them', async (from, to) => {
    await using kinesis = await rig(from)
    expect(await kinesis.scale(to)).toMatchObject({
      StreamName: 's',
      CurrentShardCount: from,
      TargetShardCount: to,
      StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
    })
    expect(await kinesis.open()).toEqual(even(to))
    const summary = await kinesis.client.send(new DescribeStreamSummaryCommand({ StreamName: 's' }))
    expect(summary.StreamDescriptionSummary).toMatchObject({ StreamStatus: 'ACTIVE', OpenShardCount: to })
  })

  it.each([
    ['right behind the start of a shard', KEYS / 2n - 1n],
    ['at the end of a shard', KEYS / 2n + 1n],
  ])('finds a way where an edge lies %s', async (_, middle) => {
    await using kinesis = await rig()
    await kinesis.split(FIRST_SHARD, String(middle))
    await kinesis.scale(4)
    expect(await kinesis.open()).toEqual(even(4))
  })

  it.each([
    [2, 5, 'LimitExceededException'],
    [5, 2, 'LimitExceededException'],
    [1, 0, 'ValidationException'],
  ])('refuses to make of %i shards %i', async (from, to, name) => {
    await using kinesis = await rig(from)
    await expect(kinesis.scale(to)).rejects.toMatchObject({ name })
    expect(await kinesis.open()).toHaveLength(from)
  })

  it('refuses another way to scale, and a stream that is not there', async () => {
    await using kinesis = await rig()
    const scale = (input: object) => kinesis.local.call('UpdateShardCount', { ...input })
    const other = { StreamName: 's', TargetShardCount: 2, ScalingType: 'AT_WILL' }
    expect(await scale(other)).toMatchObject({ ok: false, error: 'ValidationException' })
    const absent = { StreamName: 'absent', TargetShardCount: 2, ScalingType: 'UNIFORM_SCALING' }
    expect(await scale(absent)).toMatchObject({ ok: false, error: 'ResourceNotFoundException' })
  })

  it('refuses a stream that is changing already, and says that it is', async () => {
    await using stopped = await stoppedAtSplit()
    const { call, isSplitting, goOn } = stopped
    const scale = (target: number) =>
      call('UpdateShardCount', { StreamName: 's', TargetShardCount: target, ScalingType: 'UNIFORM_SCALING' })
    const status = async () => {
      const { output } = Object(await call('DescribeStreamSummary', { StreamName: 's' }))
      return output.StreamDescriptionSummary.StreamStatus
    }
    await call('CreateStream', { StreamName: 's', ShardCount: 1 })
    const scaling = scale(2)
    await isSplitting
    expect(await status()).toBe('UPDATING')
    const inUse = { ok: false, error: 'ResourceInUseException' }
    expect(await scale(2)).toMatchObject(inUse)
    const split = { StreamName: 's', ShardToSplit: FIRST_SHARD, NewStartingHashKey: MIDDLE }
    expect(await call('SplitShard', split)).toMatchObject(inUse)
    goOn()
    expect(await scaling).toMatchObject({ ok: true })
    expect(await status()).toBe('ACTIVE')
  })

  it('refuses a shard that was split or merged already', async () => {
    await using kinesis = await rig()
    await kinesis.split()
    const refused = {
      name: 'InvalidArgumentException',
      message: expect.stringContaining('already been merged or split'),
    }
    await expect(kinesis.split()).rejects.toMatchObject(refused)
    await kinesis.merge('shardId-000000000001', 'shardId-000000000002')
    await expect(kinesis.merge('shardId-000000000001', 'shardId-000000000002')).rejects.toMatchObject(refused)
    expect(await kinesis.open()).toEqual(even(1))
  })
})

const steps = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ does: fc.constant('put' as const), count: fc.integer({ min: 1, max: 12 }) }),
    },
    fc.record({
      does: fc.constantFrom('split' as const, 'merge' as const, 'scale' as const),
      which: fc.nat(20),
    }),
  ),
  { minLength: 3, maxLength: 9 },
)

/** Shards in such an order that parents come first; each is read to its end, or to the tip if it is open. */
async function readAll(kinesis: KinesisRig): Promise<string[]> {
  const all = await kinesis.shards()
  const read = new Set<string | undefined>()
  const texts: string[] = []
  while (read.size < all.length) {
    const next = all.find(
      ({ ShardId, ParentShardId, AdjacentParentShardId }) =>
        !read.has(ShardId) && [ParentShardId, AdjacentParentShardId].every((id) => !id || read.has(id)),
    )
    texts.push(...(await textsOf(kinesis, next)))
    read.add(next?.ShardId)
  }
  return texts
}

async function textsOf(kinesis: KinesisRig, shard: Shard | undefined): Promise<string[]> {
  const { ShardId, SequenceNumberRange: range } = shard ?? {}
  if (range?.EndingSequenceNumber) return (await kinesis.drain(ShardId)).texts
  const { Records = [] } = await kinesis.get(await kinesis.iterator({ ShardId }))
  return Records.map(({ Data }) => textOf(Data))
}

describe('a stream whose shards change while records are put', () => {
  it('has every record once, for one who reads parents first', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        await using kinesis = await rig(2)
        const sent: string[] = []
        const puts: Promise<unknown>[] = []
        const put = (count: number) => {
          const texts = Array.from({ length: count }, (_, n) => `${sent.length + n}`)
          sent.push(...texts)
          const records = texts.map((text) => ({ PartitionKey: `key-${text}`, Data: bytes(text) }))
          const [first, ...others] = records
          puts.push(
            kinesis.client.send(new PutRecordCommand({ StreamName: 's', ...first, Data: first?.Data })),
          )
          if (others.length > 0)
            puts.push(kinesis.client.send(new PutRecordsCommand({ StreamName: 's', Records: others })))
        }
        for (const step of plan) {
          // What is put is on its way while the shards change.
          if (step.does === 'put') put(step.count)
          else await change(kinesis, step)
        }
        await Promise.all(puts)
        const read = await readAll(kinesis)
        expect(read.toSorted()).toEqual(sent.toSorted())
      }),
      { numRuns: 12 },
    )
  })

  it('keeps the order of a key across the shards that it goes through', async () => {
    await using kinesis = await rig(2)
    const sent: string[] = []
    for (const target of [4, 3, 6, 3]) {
      for (const text of ['a', 'b', 'c']) {
        sent.push(`${target}${text}`)
        await kinesis.put(`${target}${text}`)
      }
      await kinesis.scale(target)
    }
    expect(await readAll(kinesis)).toEqual(sent)
  })
})

async function change(
  kinesis: Awaited<ReturnType<typeof rig>>,
  step: { readonly does: 'split' | 'merge' | 'scale'; readonly which: number },
) {
  const open = (await kinesis.shards({ ShardFilter: { Type: 'AT_LATEST' } })).toSorted((one, other) =>
    BigInt(one.HashKeyRange?.StartingHashKey ?? 0) < BigInt(other.HashKeyRange?.StartingHashKey ?? 0)
      ? -1
      : 1,
  )
  const at = step.which % open.length
  const [shard, neighbour] = [open[at], open[at + 1]]
  const { StartingHashKey: from = '0', EndingHashKey: to = '0' } = shard?.HashKeyRange ?? {}
  if (step.does === 'split') await kinesis.split(shard?.ShardId, String((BigInt(from) + BigInt(to)) / 2n))
  else if (step.does === 'merge' && neighbour)
    await kinesis.merge(shard?.ShardId ?? '', neighbour.ShardId ?? '')
  else if (step.does === 'scale') {
    const least = Math.ceil(open.length / 2)
    await kinesis.scale(least + (step.which % (open.length * 2 - least + 1)))
  }
}
