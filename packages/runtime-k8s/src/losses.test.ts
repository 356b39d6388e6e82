/** What no repeat can change: the worker says what is lost and reads what is left. */

import { DescribeStreamSummaryCommand, SplitShardCommand } from '@aws-sdk/client-kinesis'
import { type Reactor, reactor } from '@spaceship/core'
import { expect, test, vi } from 'vitest'
import { type Pods, podsOnShip, refusal, saved } from '../test/pods.ts'

const wait = { timeout: 20_000, interval: 20 }
const SHARD = 'shardId-000000000000'

async function afterOneRecord(pods: Pods, noting: Reactor, seen: ReadonlySet<string>): Promise<void> {
  await pods.put('before')
  const first = pods.pod(noting)
  const run = first.run()
  await vi.waitFor(() => expect(seen.has('before')).toBe(true), wait)
  await first.stop()
  await run
}

test('a shard that expired is told with what is lost, ends, and leads to its children', async () => {
  await using pods = await podsOnShip()
  const seen = new Set<string>()
  const noting = reactor('note').on('see', saved, (e) => void seen.add(e.after.id))
  await afterOneRecord(pods, noting, seen)
  const [{ checkpoint = '' } = {}] = await pods.leases()
  await pods.kinesis.send(
    new SplitShardCommand({
      StreamName: 'cdc',
      ShardToSplit: SHARD,
      NewStartingHashKey: String(2n ** 127n),
    }),
  )
  await vi.waitFor(async () => {
    const { StreamDescriptionSummary } = await pods.kinesis.send(
      new DescribeStreamSummaryCommand({ StreamName: 'cdc' }),
    )
    expect(StreamDescriptionSummary?.StreamStatus).toBe('ACTIVE')
  }, wait)
  await pods.put('after-1', 'after-2', 'after-3', 'after-4')

  pods.bent.fail = (operation, input) =>
    operation === 'GetShardIterator' && input.ShardId === SHARD
      ? refusal('ResourceNotFoundException')
      : undefined
  pods.bent.after = (operation, output) => {
    if (operation === 'ListShards' && Array.isArray(output.Shards))
      output.Shards = output.Shards.filter((shard) => shard.ShardId !== SHARD)
  }
  const second = pods.pod(noting)
  const run = second.run()
  await vi.waitFor(() => expect(seen.size).toBe(5), wait)
  expect(pods.lines.filter(({ level }) => level === 'error')).toEqual([
    {
      level: 'error',
      message: 'a shard is gone: its records after this position are lost, to its end',
      fields: expect.objectContaining({ stream: 'cdc', shard: SHARD, position: checkpoint }),
    },
  ])
  expect((await pods.leases()).find(({ shard }) => shard === SHARD)?.checkpoint).toBe('SHARD_END')
  await second.stop()
  await run
}, 60_000)

test('a stream that is not found while its shards are leased is waited for: no shard ends for it', async () => {
  await using pods = await podsOnShip()
  const seen = new Set<string>()
  const noting = reactor('note').on('see', saved, (e) => void seen.add(e.after.id))
  await afterOneRecord(pods, noting, seen)
  await pods.put('after')
  let asked = 0
  pods.bent.fail = (operation) => {
    if (operation === 'GetShardIterator') asked += 1
    // The first one is of the check at the start.
    const gone = operation === 'GetShardIterator' || operation === 'ListShards'
    return gone && asked > 1 && asked < 4 ? refusal('ResourceNotFoundException') : undefined
  }
  const second = pods.pod(noting, { random: () => 0.01 })
  const run = second.run()
  await vi.waitFor(() => expect(seen.has('after')).toBe(true), wait)
  expect((await pods.leases()).map(({ checkpoint }) => checkpoint)).not.toContain('SHARD_END')
  await second.stop()
  await run
}, 60_000)

test('iterators that expire before they are of use are a failure like others: waited for, and told', async () => {
  await using pods = await podsOnShip()
  let expired = 0
  let isMended = false
  pods.bent.fail = (operation) => {
    if (
      operation !== 'GetRecords' ||
      isMended ||
      !pods.lines.some(({ message }) => message === 'lease taken')
    )
      return undefined
    expired += 1
    return refusal('ExpiredIteratorException')
  }
  const seen = new Set<string>()
  const noting = reactor('note').on('see', saved, (e) => void seen.add(e.after.id))
  const pod = pods.pod(noting, { random: () => 0.05 })
  const run = pod.run()
  const told = () => pods.lines.map(({ message }) => message)
  await vi.waitFor(
    () => expect(told()).toContain('reading shards fails: will try again until it works'),
    wait,
  )
  await vi.waitFor(() => expect(expired).toBeGreaterThan(4), wait)
  isMended = true
  await pods.put('after')
  await vi.waitFor(() => expect(seen.has('after')).toBe(true), wait)
  expect(told()).toContain('reading shards works again')
  await pod.stop()
  await run
}, 60_000)

test('a checkpoint that Kinesis refuses is told, and reading starts at the oldest record', async () => {
  await using pods = await podsOnShip()
  const seen = new Set<string>()
  const noting = reactor('note').on('see', saved, (e) => void seen.add(e.after.id))
  await afterOneRecord(pods, noting, seen)
  const [{ checkpoint = '' } = {}] = await pods.leases()
  expect(checkpoint).toMatch(/^\d+$/)
  seen.clear()
  await pods.put('after')
  pods.bent.fail = (operation, { StartingSequenceNumber: from }) =>
    operation === 'GetShardIterator' && from === checkpoint ? refusal('InvalidArgumentException') : undefined
  const second = pods.pod(noting)
  const run = second.run()
  await vi.waitFor(() => expect([...seen]).toEqual(['before', 'after']), wait)
  expect(pods.lines.filter(({ level }) => level === 'error')).toEqual([
    {
      level: 'error',
      message: expect.stringMatching(/^Kinesis refuses the checkpoint/),
      fields: expect.objectContaining({ shard: SHARD, position: checkpoint }),
    },
  ])
  await second.stop()
  await run
}, 60_000)
