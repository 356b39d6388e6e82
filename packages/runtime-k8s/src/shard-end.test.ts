/** The end of a shard costs no lease, whatever is refused at it. */

import { SplitShardCommand } from '@aws-sdk/client-kinesis'
import { reactor } from '@spaceship/core'
import { expect, test, vi } from 'vitest'
import { type Pods, podsOnShip, refusal, saved } from '../test/pods.ts'

const wait = { timeout: 20_000, interval: 20 }
const SHARD = 'shardId-000000000000'

async function split(pods: Pods): Promise<void> {
  const NewStartingHashKey = String(2n ** 127n)
  await pods.kinesis.send(
    new SplitShardCommand({ StreamName: 'cdc', ShardToSplit: SHARD, NewStartingHashKey }),
  )
}

const told = (pods: Pods) => pods.lines.map(({ message }) => message)

async function ended(pods: Pods, refused: Record<string, number>): Promise<string[]> {
  const seen: string[] = []
  const noting = reactor('note').on('see', saved, (e) => void seen.push(e.after.id))
  // Only the end of the shard lists the stream, and makes rows.
  const pod = pods.pod(noting, { shardSync: '10m', workerId: 'one' })
  const run = pod.run()
  await pods.put('before')
  await vi.waitFor(() => expect(seen).toEqual(['before']), wait)
  const left = new Map(Object.entries(refused))
  pods.bent.fail = (operation, input) => {
    const isFinal = Object(input.ExpressionAttributeValues)[':checkpoint']?.S === 'SHARD_END'
    const times = left.get(operation === 'UpdateItem' && isFinal ? 'SHARD_END' : operation) ?? 0
    if (times === 0) return undefined
    left.set(operation === 'UpdateItem' ? 'SHARD_END' : operation, times - 1)
    return refusal(operation === 'ListShards' ? 'LimitExceededException' : 'ThrottlingException')
  }
  await split(pods)
  await vi.waitFor(async () => expect((await pods.leases()).length).toBe(3), wait)
  await pods.put('after-1', 'after-2', 'after-3', 'after-4')
  await vi.waitFor(() => expect(seen.length).toBe(5), wait)
  expect([...left.values()].every((times) => times === 0)).toBe(true)
  await pod.stop()
  await run
  return told(pods)
}

test('a list of shards that is refused at the end of a shard is asked for again, told, and costs no lease', async () => {
  await using pods = await podsOnShip()
  pods.bent.after = (operation, output) => {
    if (operation === 'GetRecords') delete output.ChildShards
  }
  const lines = await ended(pods, { ListShards: 2 })
  expect(lines).not.toContain('lease lost')
  expect(lines).toContain('making the leases that follow on shards fails: will try again until it works')
  expect(lines).toContain('making the leases that follow on shards works again')
}, 60_000)

test('a table that refuses the rows of the children, or the end itself, costs no lease', async () => {
  await using pods = await podsOnShip()
  const lines = await ended(pods, { PutItem: 3, SHARD_END: 2 })
  expect(lines).not.toContain('lease lost')
}, 60_000)

test('an end whose children Kinesis has named lists no shards', async () => {
  await using pods = await podsOnShip()
  let lists = 0
  pods.bent.after = (operation) => {
    if (operation === 'ListShards') lists += 1
  }
  const seen: string[] = []
  const noting = reactor('note').on('see', saved, (e) => void seen.push(e.after.id))
  const pod = pods.pod(noting, { shardSync: '10m' })
  const run = pod.run()
  await pods.put('before')
  await vi.waitFor(() => expect(seen).toEqual(['before']), wait)
  const before = lists
  await split(pods)
  await vi.waitFor(() => expect(told(pods)).toContain('shard ended'), wait)
  expect(lists).toBe(before)
  await pod.stop()
  await run
}, 60_000)
