/** Workers hear of free leases from one another: nobody waits for its next look at the lease table. */

import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { SplitShardCommand } from '@aws-sdk/client-kinesis'
import { reactor } from '@spaceship/core'
import { memoryState } from '@spaceship/core/memory'
import { expect, test, vi } from 'vitest'
import { type Pods, podsOnShip, saved } from '../test/pods.ts'

const wait = { timeout: 15_000, interval: 20 }
/** Between two looks are 20 s, or 6 min: longer than these tests wait. */
const leases = { failover: '60s' } as const

async function rowsOf(pods: Pods) {
  const { Items = [] } = await pods.dynamodb.send(new ScanCommand({ TableName: 'app', ConsistentRead: true }))
  return Items.map((item) => ({
    shard: item.leaseKey?.S?.replace(/^.*:/, '') ?? '',
    owner: item.leaseOwner?.S,
    checkpoint: item.checkpoint?.S,
    switches: item.ownerSwitchesSinceCheckpoint?.N,
  }))
}
const noting = (seen: string[]) => reactor('note').on('see', saved, (e) => void seen.push(e.after.id))

test('what a worker that stops gives up is taken by the others at once', async () => {
  await using pods = await podsOnShip(4)
  const store = memoryState()
  let looks = 0
  const get = (key: string) => {
    if (key.endsWith('/notice')) looks += 1
    return store.get(key)
  }
  const state = { ...store, get }
  const workers = ['a', 'b', 'c'].map((workerId) => pods.pod(noting([]), { workerId, leases, state }))
  const [first, second, third] = workers
  if (first === undefined || second === undefined || third === undefined) throw new Error('there are three')
  const runs = [first.run()]
  await vi.waitFor(
    async () => expect((await rowsOf(pods)).every(({ owner }) => owner === 'a')).toBe(true),
    wait,
  )
  runs.push(second.run(), third.run())
  // Each of them has heard of nothing yet, and listens.
  await vi.waitFor(
    () => expect(pods.lines.filter(({ message }) => message === 'worker started').length).toBe(3),
    wait,
  )
  // Both ask for their shares, and their owner hears of that at its next renewals, which come within 20 s.
  await vi.waitFor(async () => expect(new Set((await rowsOf(pods)).map(({ owner }) => owner)).size).toBe(3), {
    timeout: 30_000,
    interval: 20,
  })
  // Each has looked since.
  looks = 0
  await vi.waitFor(() => expect(looks).toBeGreaterThan(6), wait)
  await first.stop()
  await vi.waitFor(async () => {
    const owners = (await rowsOf(pods)).map(({ owner }) => owner)
    expect([
      owners.filter((owner) => owner === 'b').length,
      owners.filter((owner) => owner === 'c').length,
    ]).toEqual([2, 2])
  }, wait)
  await Promise.all([second.stop(), third.stop()])
  await Promise.all(runs)
}, 60_000)

test('the children of a shard that has ended are taken at once', async () => {
  await using pods = await podsOnShip()
  const seen: string[] = []
  const pod = pods.pod(noting(seen), { leases, shardSync: '10m' })
  const run = pod.run()
  await pods.put('a')
  await vi.waitFor(() => expect(seen).toEqual(['a']), wait)
  await pods.kinesis.send(
    new SplitShardCommand({
      ...{ StreamName: 'cdc', ShardToSplit: 'shardId-000000000000' },
      NewStartingHashKey: String(2n ** 127n),
    }),
  )
  await pods.put('b', 'c', 'd')
  await vi.waitFor(() => expect(seen.toSorted()).toEqual(['a', 'b', 'c', 'd']), wait)
  await pod.stop()
  await run
}, 60_000)

test("a dead worker's leases are freed by one who looks, for all others, and its death is counted", async () => {
  await using pods = await podsOnShip(6)
  const short = { failover: '1s' } as const
  const workers = ['a', 'b', 'c'].map((workerId) => pods.pod(noting([]), { workerId, leases: short }))
  const [first] = workers
  const runs = [first?.run()]
  await vi.waitFor(async () => expect((await rowsOf(pods)).length).toBe(6), wait)
  await first?.stop()
  // Somebody had all of them, and never wrote again.
  const { Items = [] } = await pods.dynamodb.send(new ScanCommand({ TableName: 'app' }))
  for (const item of Items)
    await pods.dynamodb.send(
      new PutItemCommand({ TableName: 'app', Item: { ...item, leaseOwner: { S: 'dead' } } }),
    )
  const charged = new Set<unknown>()
  pods.bent.after = (operation, { Attributes }) => {
    const { leaseKey, ownerSwitchesSinceCheckpoint } = Object(Attributes)
    if (operation === 'UpdateItem' && Number(ownerSwitchesSinceCheckpoint?.N) > 0) charged.add(leaseKey?.S)
  }
  const alive = ['d', 'e', 'f'].map((workerId) => pods.pod(noting([]), { workerId, leases: short }))
  runs.push(...alive.map((pod) => pod.run()))
  await vi.waitFor(async () => {
    const owners = (await rowsOf(pods)).map(({ owner }) => owner).sort()
    expect(owners).toEqual(['d', 'd', 'e', 'e', 'f', 'f'])
  }, wait)
  expect(charged.size).toBe(6)
  // Nothing was read that could be to blame: takes of an idle shard do not make it a suspect one.
  await vi.waitFor(
    async () => expect((await rowsOf(pods)).map(({ switches }) => switches)).toEqual(Array(6).fill('0')),
    wait,
  )
  await Promise.all(alive.map((pod) => pod.stop()))
  await Promise.all(runs)
}, 60_000)
