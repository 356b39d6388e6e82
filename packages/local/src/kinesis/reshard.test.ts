import { DescribeStreamSummaryCommand, type Shard } from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { FIRST_SHARD, kinesisRig } from '../../test/kinesis.ts'
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
  const open = async () => ranges(await kinesis.shards({ ShardFilter: { Type: 'AT_LATEST' } }))
  return { ...kinesis, open }
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
    await kinesis.split(FIRST_SHARD, middle)
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
