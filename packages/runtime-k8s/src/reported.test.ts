/**
 * What users of other consumers report, each played through with whole workers. `docs/other-consumers.md` lists the reports, and which
 * test shows what holds here.
 */

import { DeleteItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { reactor } from '@spaceship/core'
import { expect, test, vi } from 'vitest'
import { startProxy } from '../../handlers/test/tcp-proxy.ts'
import { type Pods, podsOnShip, refusal, saved, shardsOfReads } from '../test/pods.ts'

const wait = { timeout: 30_000, interval: 20 }
const leases = { failover: '1s', maxStandstill: '2s' } as const

const noting = (seen: string[]) => reactor('note').on('see', saved, (e) => void seen.push(e.after.id))
const standing = (pods: Pods) =>
  pods.lines
    .filter(({ message }) => /^a shard stands still/.test(message))
    .map(({ fields }) => String(fields.shard))
const isStart = ({ message }: { readonly message: string }) => message === 'worker started'
const all = (count: number, name: string) => Array.from({ length: count }, (_, n) => `${name}${n}`)

test('of many shards a few are never read: these alone are told and given up, and another worker reads them', async () => {
  await using pods = await podsOnShip(12)
  const seen: string[] = []
  const shardOf = shardsOfReads(pods)
  const one = pods.pod(noting(seen), { workerId: 'one', leases })
  const runOne = one.run()
  const first = all(60, 'a')
  await pods.put(...first)
  await vi.waitFor(() => expect(new Set(seen)).toEqual(new Set(first)), wait)
  // From now on the reads of three shards are never answered to whoever uses this client.
  const silent = new Set<unknown>(['shardId-000000000002', 'shardId-000000000005', 'shardId-000000000011'])
  pods.bent.fail = (operation, input) =>
    operation === 'GetRecords' && silent.has(shardOf(input)) ? new Promise<undefined>(() => {}) : undefined
  await vi.waitFor(() => expect(new Set(standing(pods))).toEqual(silent), wait)
  const kinesis = new KinesisClient(pods.ship.clientConfig('kinesis'))
  const two = pods.pod(noting(seen), { workerId: 'two', leases, kinesis })
  const runTwo = two.run()
  const second = all(60, 'b')
  await pods.put(...second)
  await vi.waitFor(() => expect(new Set(seen)).toEqual(new Set([...first, ...second])), wait)
  expect(new Set(standing(pods))).toEqual(silent)
  await Promise.all([one.stop(), two.stop()])
  await Promise.all([runOne, runTwo])
  kinesis.destroy()
}, 60_000)

test('somebody deletes lease rows under a running worker: they are made again, and every record is handled', async () => {
  await using pods = await podsOnShip(3)
  const seen: string[] = []
  const pod = pods.pod(noting(seen), { leases })
  const run = pod.run()
  await pods.put(...all(9, 'a'))
  await vi.waitFor(() => expect(new Set(seen)).toEqual(new Set(all(9, 'a'))), wait)
  const { Items = [] } = await pods.dynamodb.send(new ScanCommand({ TableName: 'app' }))
  for (const { leaseKey } of Items.slice(0, 2))
    if (leaseKey !== undefined)
      await pods.dynamodb.send(new DeleteItemCommand({ TableName: 'app', Key: { leaseKey } }))
  await pods.put(...all(9, 'b'))
  await vi.waitFor(() => expect(new Set(seen)).toEqual(new Set([...all(9, 'a'), ...all(9, 'b')])), wait)
  await vi.waitFor(async () => {
    const rows = await pods.leases()
    expect(rows.map(({ owner }) => owner !== undefined)).toEqual([true, true, true])
  }, wait)
  await pod.stop()
  await run
}, 60_000)

test('a worker whose reads are refused for ever does not keep its leases: another one reads on', async () => {
  await using pods = await podsOnShip(2)
  const seen: string[] = []
  const one = pods.pod(noting(seen), { workerId: 'one', leases })
  const runOne = one.run()
  await pods.put(...all(6, 'a'))
  await vi.waitFor(() => expect(new Set(seen)).toEqual(new Set(all(6, 'a'))), wait)
  pods.bent.fail = (operation) =>
    operation === 'GetRecords' ? refusal('AccessDeniedException', 'no longer allowed') : undefined
  await vi.waitFor(() => expect(new Set(standing(pods)).size).toBe(2), wait)
  const kinesis = new KinesisClient(pods.ship.clientConfig('kinesis'))
  const two = pods.pod(noting(seen), { workerId: 'two', leases, kinesis })
  const runTwo = two.run()
  await pods.put(...all(6, 'b'))
  await vi.waitFor(() => expect(new Set(seen)).toEqual(new Set([...all(6, 'a'), ...all(6, 'b')])), wait)
  await Promise.all([one.stop(), two.stop()])
  await Promise.all([runOne, runTwo])
  kinesis.destroy()
}, 60_000)

test('a connection that is half open answers nothing: reading goes on when it is whole, and elsewhere if it never is', async () => {
  await using pods = await podsOnShip()
  const proxy = await startProxy(Number(new URL(pods.ship.endpoints.kinesis).port))
  const kinesis = new KinesisClient({
    ...pods.ship.clientConfig('kinesis'),
    endpoint: `http://127.0.0.1:${proxy.port}`,
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({ requestTimeout: 500, throwOnRequestTimeout: true }),
  })
  const seen: string[] = []
  const one = pods.pod(noting(seen), { workerId: 'one', leases, kinesis })
  const runOne = one.run()
  await pods.put('a')
  await vi.waitFor(() => expect(seen).toEqual(['a']), wait)
  const refused = () => pods.lines.filter(({ message }) => /reading shards fails/.test(message)).length
  proxy.fault = 'silent'
  await vi.waitFor(() => expect(refused()).toBe(1), wait)
  proxy.fault = 'pass'
  await pods.put('b')
  await vi.waitFor(() => expect(seen).toEqual(['a', 'b']), wait)
  proxy.fault = 'silent'
  await vi.waitFor(() => expect(standing(pods)).toEqual(['shardId-000000000000']), wait)
  const two = pods.pod(noting(seen), { workerId: 'two', leases })
  const runTwo = two.run()
  await pods.put('c')
  await vi.waitFor(() => expect(seen).toEqual(['a', 'b', 'c']), wait)
  await Promise.all([one.stop(), two.stop()])
  await Promise.all([runOne, runTwo])
  kinesis.destroy()
  await proxy.close()
}, 60_000)

test('a connection that a router has forgotten stays, and answers nothing: reading goes on over another one', async () => {
  await using pods = await podsOnShip()
  const proxy = await startProxy(Number(new URL(pods.ship.endpoints.kinesis).port))
  const kinesis = new KinesisClient({
    ...pods.ship.clientConfig('kinesis'),
    endpoint: `http://127.0.0.1:${proxy.port}`,
    maxAttempts: 1,
    // All requests of such a client share one connection of HTTP/2.
    requestHandler: { requestTimeout: 500 },
  })
  const seen: string[] = []
  const one = pods.pod(noting(seen), { leases, kinesis })
  const run = one.run()
  await pods.put('a')
  await vi.waitFor(() => expect(seen).toEqual(['a']), wait)
  proxy.deafen()
  await pods.put('b')
  await vi.waitFor(() => expect(seen).toEqual(['a', 'b']), wait)
  expect(standing(pods)).toEqual([])
  await one.stop()
  await run
  kinesis.destroy()
  await proxy.close()
}, 60_000)

test('one throttled renewal is no loss: the shard keeps its owner, and is read all along', async () => {
  await using pods = await podsOnShip()
  const seen: string[] = []
  const one = pods.pod(noting(seen), { workerId: 'one', leases })
  const runOne = one.run()
  await pods.put('a')
  await vi.waitFor(() => expect(seen).toEqual(['a']), wait)
  const two = pods.pod(noting(seen), { workerId: 'two', leases })
  const runTwo = two.run()
  await vi.waitFor(() => expect(pods.lines.filter(isStart).length).toBe(2), wait)
  const before = pods.lines.length
  let throttled = 0
  let renewed = 0
  pods.bent.fail = (operation, { TableName }) => {
    if (operation !== 'UpdateItem' || TableName !== 'app') return undefined
    if (throttled === 0) {
      throttled += 1
      return refusal('ProvisionedThroughputExceededException')
    }
    renewed += 1
    return undefined
  }
  // Two lives of the lease, and more.
  await vi.waitFor(() => expect(renewed).toBeGreaterThan(6), wait)
  await pods.put('b')
  await vi.waitFor(() => expect(seen).toEqual(['a', 'b']), wait)
  expect(throttled).toBe(1)
  expect((await pods.leases()).map(({ owner }) => owner)).toEqual(['one'])
  expect(pods.lines.slice(before)).toEqual([])
  await Promise.all([one.stop(), two.stop()])
  await Promise.all([runOne, runTwo])
}, 60_000)
