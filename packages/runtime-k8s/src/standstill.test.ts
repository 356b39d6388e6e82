/** A lease lives only while its shard comes further, or waits for a reason that has a name. */

import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { KinesisClient, MergeShardsCommand } from '@aws-sdk/client-kinesis'
import { reactor } from '@spaceship/core'
import { memoryState } from '@spaceship/core/memory'
import { expect, test, vi } from 'vitest'
import { type Pods, podsOnShip, saved, shardsOfReads } from '../test/pods.ts'

const wait = { timeout: 30_000, interval: 20 }
const leases = { failover: '1s', maxStandstill: '2s' } as const

const standstills = (pods: Pods) => pods.lines.filter(({ message }) => /^a shard stands still/.test(message))
const noting = (seen: string[]) => reactor('note').on('see', saved, (e) => void seen.push(e.after.id))

test.concurrent('reads that are never answered: the lease is given up, told once, and another worker reads on', async () => {
  await using pods = await podsOnShip()
  await pods.put('a')
  const seen: string[] = []
  const one = pods.pod(noting(seen), { workerId: 'one', leases })
  const runOne = one.run()
  await vi.waitFor(() => expect(seen).toEqual(['a']), wait)
  // From now on nothing answers this worker's reads, and its client does not hear that it is not waited for.
  let deaf = true
  pods.bent.fail = (operation) =>
    operation === 'GetRecords' && deaf ? new Promise<undefined>(() => {}) : undefined
  await vi.waitFor(() => expect(standstills(pods).length).toBe(1), wait)
  expect(standstills(pods)[0]).toMatchObject({
    level: 'error',
    fields: { shard: 'shardId-000000000000', details: { why: expect.stringContaining('no read') } },
  })
  deaf = false
  const two = pods.pod(noting(seen), { workerId: 'two', leases })
  const runTwo = two.run()
  await pods.put('b')
  await vi.waitFor(() => expect(seen).toEqual(['a', 'b']), wait)
  await Promise.all([one.stop(), two.stop()])
  await Promise.all([runOne, runTwo])
}, 60_000)

test.concurrent('in a fleet whose shares are equal another worker takes the shard that one cannot read', async () => {
  await using pods = await podsOnShip(4)
  const seen: string[] = []
  const shardOf = shardsOfReads(pods)
  const one = pods.pod(noting(seen), { workerId: 'one', leases })
  const kinesis = new KinesisClient(pods.ship.clientConfig('kinesis'))
  const two = pods.pod(noting(seen), { workerId: 'two', leases, kinesis })
  const runs = [one.run(), two.run()]
  const owned = async (by: string) => (await pods.leases()).filter(({ owner }) => owner === by)
  await vi.waitFor(async () => {
    expect([(await owned('one')).length, (await owned('two')).length]).toEqual([2, 2])
  }, wait)
  const [unread] = await owned('one')
  pods.bent.fail = (operation, input) =>
    operation === 'GetRecords' && shardOf(input) === unread?.shard
      ? new Promise<undefined>(() => {})
      : undefined
  await pods.put(...Array.from({ length: 40 }, (_, n) => `b${n}`))
  await vi.waitFor(() => expect(new Set(seen).size).toBe(40), wait)
  await Promise.all([one.stop(), two.stop()])
  await Promise.all(runs)
  kinesis.destroy()
}, 60_000)

test.concurrent('a handler that ignores its deadline blocks its lane; then it is charged, and its worker gives the lease up', async () => {
  await using pods = await podsOnShip()
  const made = reactor('deaf').on('see', saved, () => new Promise<void>(() => {}), {
    timeout: '500ms',
    retry: { attempts: 5 },
  })
  await pods.put('a')
  const pod = pods.pod(made, { leases, drainTimeout: '200ms' })
  const run = pod.run()
  await vi.waitFor(() => expect(standstills(pods).length).toBe(1), wait)
  expect(standstills(pods)[0]?.fields).toMatchObject({
    details: { why: expect.stringContaining('beyond its deadline'), waitsFor: 'overdue' },
  })
  const row = async () => (await pods.dynamodb.send(new ScanCommand({ TableName: 'app' }))).Items?.[0]
  await vi.waitFor(async () => expect((await row())?.ownerSwitchesSinceCheckpoint).toEqual({ N: '1' }), wait)
  await pod.stop()
  await run
}, 60_000)

test.concurrent('a worker alone gives a record up whose handler ignores its deadline each time, and reads on', async () => {
  await using pods = await podsOnShip()
  const seen: string[] = []
  let starts = 0
  const made = reactor('deaf').on(
    'see',
    saved,
    (e) => {
      if (e.after.id !== 'deaf') return void seen.push(e.after.id)
      starts += 1
      return new Promise<void>(() => {})
    },
    { timeout: '300ms', retry: { attempts: 2 } },
  )
  await pods.put('deaf')
  const pod = pods.pod(made, { leases, drainTimeout: '200ms' })
  const run = pod.run()
  await vi.waitFor(() => expect(pods.letters().map(({ reason }) => reason)).toEqual(['exhausted']), wait)
  expect(starts).toBe(2)
  await pods.put('b')
  await vi.waitFor(() => expect(seen).toEqual(['b']), wait)
  await pod.stop()
  await run
}, 60_000)

test.concurrent('a handler that obeys its signal has failed an attempt, and no more: its retries keep the lease', async () => {
  await using pods = await podsOnShip()
  let attempts = 0
  const made = reactor('slow').on(
    'see',
    saved,
    (_, { signal }) =>
      new Promise<void>((_, reject) => {
        attempts += 1
        signal.addEventListener('abort', () => reject(signal.reason))
      }),
    { timeout: '300ms', retry: { attempts: 1_000, base: '100ms', max: '200ms' } },
  )
  await pods.put('a')
  const pod = pods.pod(made, { leases, drainTimeout: '200ms' })
  const run = pod.run()
  // Longer than two bounds.
  await vi.waitFor(() => expect(attempts).toBeGreaterThan(12), wait)
  expect(standstills(pods)).toEqual([])
  await pod.stop()
  await run
}, 60_000)

test.concurrent('a store that never answers is no reason to keep a shard', async () => {
  await using pods = await podsOnShip()
  await pods.put('a')
  const made = reactor('claims').on('see', saved, () => {}, { effect: 'claim' })
  const state = { ...memoryState(), set: () => new Promise<never>(() => {}) }
  const pod = pods.pod(made, { leases, state, drainTimeout: '200ms' })
  const run = pod.run()
  await vi.waitFor(() => expect(standstills(pods).length).toBe(1), wait)
  expect(standstills(pods)[0]?.fields).toMatchObject({ details: { waitsFor: 'unnamed' } })
  await pod.stop()
  await run
}, 60_000)

test.concurrent('the end of a shard whose children are never listed is none, either; a halt is one', async () => {
  await using pods = await podsOnShip(2)
  const seen: string[] = []
  const pod = pods.pod(noting(seen), { leases, shardSync: '10m', drainTimeout: '200ms' })
  const run = pod.run()
  await pods.put('a')
  await vi.waitFor(() => expect(seen).toEqual(['a']), wait)
  let hangs = true
  // What answers for Kinesis need not name them.
  pods.bent.after = (operation, output) => {
    if (operation === 'GetRecords') delete output.ChildShards
  }
  pods.bent.fail = (operation) =>
    operation === 'ListShards' && hangs ? new Promise<undefined>(() => {}) : undefined
  await pods.kinesis.send(
    new MergeShardsCommand({
      ...{ StreamName: 'cdc', ShardToMerge: 'shardId-000000000000' },
      AdjacentShardToMerge: 'shardId-000000000001',
    }),
  )
  await vi.waitFor(() => expect(standstills(pods).length).toBeGreaterThan(0), wait)
  expect(standstills(pods)[0]?.fields).toMatchObject({
    details: { why: expect.stringContaining('does not go on') },
  })
  hangs = false
  await pods.put('b')
  await vi.waitFor(() => expect(seen).toEqual(['a', 'b']), wait)
  await pod.stop()
  await run

  const halting = reactor('halts').on(
    'see',
    saved,
    () => {
      throw new Error('no')
    },
    { whenExhausted: 'halt', retry: { attempts: 1 } },
  )
  const before = standstills(pods).length
  const next = pods.pod(halting, { application: 'halting', leases })
  const running = next.run()
  await vi.waitFor(() => expect(pods.lines.some(({ message }) => /halted/.test(message))).toBe(true), wait)
  const counter = async () => {
    const { Items = [] } = await pods.dynamodb.send(new ScanCommand({ TableName: 'halting' }))
    return Math.max(...Items.map(({ leaseCounter }) => Number(leaseCounter?.N)))
  }
  const began = await counter()
  // Twelve renewals are longer than the bound.
  await vi.waitFor(async () => expect(await counter()).toBeGreaterThan(began + 12), wait)
  expect(standstills(pods).length).toBe(before)
  await next.stop()
  await running
}, 90_000)
