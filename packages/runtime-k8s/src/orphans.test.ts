/** Rows of leases that somebody deletes: what is read on, and that nothing passes what was not. */

import { DeleteItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { MergeShardsCommand } from '@aws-sdk/client-kinesis'
import { reactor } from '@spaceship/core'
import { expect, test, vi } from 'vitest'
import { type Pods, podsOnShip, refusal, saved } from '../test/pods.ts'

const wait = { timeout: 20_000, interval: 20 }
const [A, B, C] = ['shardId-000000000000', 'shardId-000000000001', 'shardId-000000000002']

interface Scene {
  /** Ids of items, by the shard that their changes came in, in the order in which their handlers ended. */
  readonly seen: (readonly [shard: string, id: string])[]
  /** Lets the records of the held shard go on. */
  go(): void
}

/** `A` and `B` were merged into `C`, which waits for `A`, whose records are held up; then somebody deletes the row of `A`. */
async function orphaned(pods: Pods, isDenied: boolean, made: (scene: Scene) => Promise<void>): Promise<void> {
  const seen: Scene['seen'] = []
  const held = Promise.withResolvers<void>()
  const noting = reactor('note').on('see', saved, async (e, { signal }) => {
    const left = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason)),
    )
    if (e.source.shard === A) await Promise.race([held.promise, left])
    seen.push([e.source.shard, e.after.id])
  })
  const pod = pods.pod(noting, { workerId: 'one' })
  const run = pod.run()
  const before = Array.from({ length: 8 }, (_, n) => `before-${n}`)
  await pods.put(...before)
  await vi.waitFor(() => expect(seen.length).toBeGreaterThan(0), wait)
  await pods.kinesis.send(
    new MergeShardsCommand({ StreamName: 'cdc', ShardToMerge: A, AdjacentShardToMerge: B }),
  )
  const checkpoints = async () =>
    new Map((await pods.leases()).map(({ shard, checkpoint }) => [shard, checkpoint]))
  await vi.waitFor(async () => expect((await checkpoints()).get(B)).toBe('SHARD_END'), wait)
  expect((await checkpoints()).get(C)).toBe('TRIM_HORIZON')
  await pods.put('after-0', 'after-1')
  const { Items = [] } = await pods.dynamodb.send(new ScanCommand({ TableName: 'app' }))
  // Its owner, which knows where it stands, cannot make it again either.
  const denied = ['ListShards', 'PutItem']
  pods.bent.fail = (operation) =>
    isDenied && denied.includes(operation) ? refusal('LimitExceededException') : undefined
  const row = Items.find(({ leaseKey }) => leaseKey?.S?.endsWith(A))?.leaseKey
  expect(row).toBeDefined()
  if (row !== undefined)
    await pods.dynamodb.send(new DeleteItemCommand({ TableName: 'app', Key: { leaseKey: row } }))
  await made({ seen, go: held.resolve })
  await vi.waitFor(() => expect(new Set(seen.map(([, id]) => id)).size).toBe(10), wait)
  const first = seen.findIndex(([shard]) => shard === C)
  expect(seen.slice(first).filter(([shard]) => shard !== C)).toEqual([])
  await pod.stop()
  await run
}

test('its row is made again, and the shard waits until it has ended', async () => {
  await using pods = await podsOnShip(2)
  await orphaned(pods, false, async ({ seen, go }) => {
    const rows = async () => (await pods.leases()).map(({ shard }) => shard)
    await vi.waitFor(async () => expect(await rows()).toContain(A), wait)
    expect(seen.filter(([shard]) => shard !== B)).toEqual([])
    go()
  })
}, 60_000)

test('while the stream does not say which parents are left, the shard is not read', async () => {
  await using pods = await podsOnShip(2)
  const failed = /^looking for the parents of shards fails/
  await orphaned(pods, true, async ({ seen, go }) => {
    await vi.waitFor(() => expect(pods.lines.some(({ message }) => failed.test(message))).toBe(true), wait)
    go()
    expect(seen.filter(([shard]) => shard !== B)).toEqual([])
    delete pods.bent.fail
  })
}, 60_000)

test('at the newest record: the row is made again where its owner stands, and nothing is passed over', async () => {
  await using pods = await podsOnShip(2)
  const seen: string[] = []
  const noting = reactor('note').on('see', saved, (e) => void seen.push(e.after.id))
  // Nobody looks for missing rows meanwhile.
  const pod = pods.pod(noting, { streams: [{ stream: 'cdc', start: 'LATEST' }], shardSync: '10m' })
  const run = pod.run()
  const marks = async () => {
    const { Items = [] } = await pods.dynamodb.send(new ScanCommand({ TableName: 'app' }))
    return Items.flatMap(
      ({ spaceshipFirst, checkpoint }) => spaceshipFirst ?? (checkpoint?.S === 'LATEST' ? [] : checkpoint),
    )
  }
  // Each shard has been read, and says since when, or from which record on.
  await vi.waitFor(async () => expect((await marks()).length).toBe(2), wait)
  const { Items = [] } = await pods.dynamodb.send(new ScanCommand({ TableName: 'app' }))
  for (const { leaseKey } of Items)
    if (leaseKey !== undefined)
      await pods.dynamodb.send(new DeleteItemCommand({ TableName: 'app', Key: { leaseKey } }))
  const ids = Array.from({ length: 16 }, (_, n) => `z${n}`)
  await pods.put(...ids)
  await vi.waitFor(() => expect([...new Set(seen)].toSorted()).toEqual(ids.toSorted()), wait)
  const made = /^somebody has deleted the row of a lease/
  await vi.waitFor(() => expect(pods.lines.filter(({ message }) => made.test(message)).length).toBe(2), wait)
  await pods.put('after-1', 'after-2', 'after-3', 'after-4')
  await vi.waitFor(() => expect(new Set(seen).size).toBe(20), wait)
  await pod.stop()
  await run
}, 60_000)
