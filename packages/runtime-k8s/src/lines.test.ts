/** What a worker says: a line for each thing that happens to it, and nothing while it is healthy and idle. */

import { CreateStreamCommand } from '@aws-sdk/client-kinesis'
import { reactor } from '@spaceship/core'
import { expect, test, vi } from 'vitest'
import { podsOnShip, refusal, saved } from '../test/pods.ts'

const wait = { timeout: 30_000, interval: 20 }

test('a worker tells of its start, its leases and its drain, and is quiet in between', async () => {
  await using pods = await podsOnShip(2)
  let reads = 0
  pods.bent.after = (operation) => {
    if (operation === 'GetRecords') reads += 1
  }
  const pod = pods.pod(
    reactor('note').on('see', saved, () => {}),
    { workerId: 'pod-1' },
  )
  const run = pod.run()
  const told = () => pods.lines.map(({ message }) => message)
  const made = "the table 'app' was missing, and has been made"
  const fresh = 'the lease table is new: each stream is read from its start position'
  const began = [made, fresh, 'worker started', 'lease taken', 'lease taken']
  await vi.waitFor(() => expect(told()).toEqual(began), { timeout: 20_000 })
  // Many reads, renewals and scans: all of them are of a shard where nothing happens.
  await vi.waitFor(() => expect(reads).toBeGreaterThan(20), { timeout: 20_000 })
  expect(told()).toEqual(began)
  await pod.stop()
  await run
  expect(told()).toEqual([...began, 'worker drains', 'lease given up', 'lease given up', 'worker drained'])
  const [, second, started, taken] = pods.lines
  expect(second).toMatchObject({ level: 'warn', fields: { details: { starts: { cdc: 'TRIM_HORIZON' } } } })
  expect(pods.lines.slice(2).every(({ level }) => level === 'info')).toBe(true)
  expect(started?.fields.details).toMatchObject({ streams: ['cdc'], routes: ['note/see'], failoverMs: 1_000 })
  expect(taken?.fields).toMatchObject({
    stream: 'cdc',
    shard: expect.stringMatching(/^shardId-/),
    lease: expect.stringMatching(/:cdc:\d+:shardId-/),
    details: { from: 'nobody' },
  })
}, 60_000)

test('without a logger the lines go to standard output, with the worker in each', async () => {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  const lines = () => written.mock.calls.map(([line]) => JSON.parse(String(line)))
  try {
    await using pods = await podsOnShip()
    const pod = pods.pod(
      reactor('note').on('see', saved, () => {}),
      { workerId: 'pod-1', logger: {} },
    )
    const run = pod.run()
    await vi.waitFor(() => expect(lines().length).toBe(4), { timeout: 20_000 })
    await pod.stop()
    await run
    expect(lines()).toHaveLength(7)
    for (const line of lines()) expect(line).toMatchObject({ service: 'app', process: 'pod-1' })
  } finally {
    written.mockRestore()
  }
}, 60_000)

test('of several streams each one that cannot be looked at is told by its name, with what to grant', async () => {
  await using pods = await podsOnShip()
  await pods.kinesis.send(new CreateStreamCommand({ StreamName: 'other', ShardCount: 1 }))
  const denied = new Set<unknown>()
  pods.bent.fail = (operation, { StreamName }) =>
    operation === 'ListShards' && denied.has(StreamName) ? refusal('AccessDeniedException') : undefined
  const pod = pods.pod(
    reactor('note').on('see', saved, () => {}),
    { streams: ['cdc', 'other'], shardSync: '200ms' },
  )
  const run = pod.run()
  const told = (level: string) =>
    pods.lines.filter((line) => line.level === level && /^looking for shards/.test(line.message))
  await vi.waitFor(async () => expect((await pods.leases()).length).toBe(2), wait)
  denied.add('cdc')
  await vi.waitFor(() => expect(told('error').map(({ fields }) => fields.stream)).toEqual(['cdc']), wait)
  denied.add('other')
  await vi.waitFor(
    () => expect(told('error').map(({ fields }) => fields.stream)).toEqual(['cdc', 'other']),
    wait,
  )
  expect(told('error')[1]?.fields).toMatchObject({
    details: { resource: "stream 'other'", advice: expect.stringContaining('kinesis:ListShards') },
  })
  denied.clear()
  await vi.waitFor(() => expect(told('info').length).toBe(1), wait)
  await pod.stop()
  await run
}, 60_000)
