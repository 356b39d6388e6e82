/** A stream that is deleted and made again has the name of the former one, and none of its records. */

import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  PutRecordCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis'
import { reactor } from '@spaceship/core'
import { expect, test, vi } from 'vitest'
import { type Pods, podsOnShip, saved } from '../test/pods.ts'

const wait = { timeout: 15_000, interval: 20 }

async function active({ kinesis }: Pods): Promise<void> {
  await vi.waitFor(async () => {
    const { StreamDescriptionSummary: summary } = await kinesis.send(
      new DescribeStreamSummaryCommand({ StreamName: 'cdc' }),
    )
    expect(summary?.StreamStatus).toBe('ACTIVE')
  }, wait)
}

/** A stream's identity has the second in which it was made. */
async function remake(pods: Pods, made: number, deleted = () => Promise.resolve()): Promise<void> {
  const StreamName = 'cdc'
  await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(made + 1_100), wait)
  await pods.kinesis.send(new DeleteStreamCommand({ StreamName }))
  await deleted()
  await vi.waitFor(() => pods.kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 })), wait)
  await active(pods)
}

async function putDirectly({ kinesis }: Pods, id: string): Promise<void> {
  const change = {
    ...{ eventID: id, eventName: 'INSERT', tableName: 'items', eventSource: 'aws:dynamodb' },
    dynamodb: {
      ...{ ApproximateCreationDateTime: 1, Keys: { id: { S: id } }, NewImage: { id: { S: id } } },
      SizeBytes: 10,
    },
  }
  const Data = Buffer.from(JSON.stringify(change))
  await kinesis.send(new PutRecordCommand({ StreamName: 'cdc', PartitionKey: id, Data }))
}

const REMADE = /^a stream was deleted and made again/

test.each(['TRIM_HORIZON', 'LATEST'] as const)(
  'a stream that is deleted and made again under running workers is told, and read from its oldest record: %s',
  async (start) => {
    await using pods = await podsOnShip()
    const made = Date.now()
    const seen: string[] = []
    const finish = Promise.withResolvers<void>()
    const slow = () =>
      reactor('note').on('see', saved, async (e) => {
        if (e.after.id === 'slow') await finish.promise
        seen.push(e.after.id)
      })
    const streams = [{ stream: 'cdc', start }]
    const [one, two] = ['one', 'two'].map((workerId) => pods.pod(slow(), { workerId, streams }))
    if (one === undefined || two === undefined) throw new Error('both are made')
    const runs = [one.run(), two.run()]
    await vi.waitFor(
      () => expect(pods.lines.some(({ message }) => message === 'lease taken')).toBe(true),
      wait,
    )
    await vi.waitFor(
      async () => {
        await putDirectly(pods, 'slow')
        await putDirectly(pods, 'before')
        expect(seen).toContain('before')
      },
      { timeout: 15_000, interval: 300 },
    )
    await remake(pods, made)
    const before = seen.length
    for (const id of ['x', 'y', 'z']) await putDirectly(pods, id)
    await vi.waitFor(() => expect(new Set(seen.slice(before))).toEqual(new Set(['x', 'y', 'z'])), wait)
    // What was read of the former stream can be read by nobody again.
    finish.resolve()
    await vi.waitFor(() => expect(seen).toContain('slow'), wait)
    const told = () => pods.lines.filter(({ level, message }) => level === 'error' && REMADE.test(message))
    await vi.waitFor(() => expect(told().length).toBeGreaterThan(0), wait)
    expect(told()[0]?.fields).toMatchObject({ stream: 'cdc' })
    await vi.waitFor(
      async () => expect((await pods.leases()).filter(({ owner }) => owner !== undefined).length).toBe(1),
      wait,
    )
    await Promise.all([one.stop(), two.stop()])
    await Promise.all(runs)
  },
  60_000,
)

test('where rows do not say of which stream they are, shards that had ended are read again once the stream is another one', async () => {
  await using pods = await podsOnShip()
  const made = Date.now()
  const seen: string[] = []
  const note = reactor('note').on('see', saved, (e) => void seen.push(e.after.id))
  const leases = { failover: '1s', layout: 'single-stream' } as const
  const first = pods.pod(note, { leases })
  const run = first.run()
  await putDirectly(pods, 'before')
  await vi.waitFor(() => expect(seen).toEqual(['before']), wait)
  await pods.kinesis.send(
    new SplitShardCommand({
      ...{ StreamName: 'cdc', ShardToSplit: 'shardId-000000000000' },
      NewStartingHashKey: String(2n ** 127n),
    }),
  )
  // The last row is deleted when all of its children have been read.
  await vi.waitFor(
    async () => expect((await pods.leases()).map(({ checkpoint }) => checkpoint)).toContain('SHARD_END'),
    wait,
  )
  await first.stop()
  await run
  await remake(pods, made)
  await putDirectly(pods, 'after')
  const second = pods.pod(note, { leases })
  const running = second.run()
  await vi.waitFor(() => expect(seen).toEqual(['before', 'after']), wait)
  expect(pods.lines.filter(({ message }) => REMADE.test(message)).length).toBe(1)
  await second.stop()
  await running
}, 60_000)

test.each(['TRIM_HORIZON', 'LATEST'] as const)(
  'of a stream that is made again while nothing of it was read, the former lease reads no record of the new one: %s',
  async (start) => {
    await using pods = await podsOnShip()
    const made = Date.now()
    const seen: string[] = []
    const noting = reactor('note').on('see', saved, (e) => void seen.push(e.after.id))
    const told = () => pods.lines.map(({ message }) => message)
    const pod = pods.pod(noting, { streams: [{ stream: 'cdc', start }], shardSync: '5s' })
    const run = pod.run()
    await vi.waitFor(() => expect(told()).toContain('lease taken'), wait)
    // An iterator of the former stream is as good as one of the new one here, so the worker is to meet that there is none.
    const missed = () => expect(told()).toContainEqual(expect.stringMatching(/^reading shards fails/))
    await remake(pods, made, () => vi.waitFor(missed, wait))
    const ids = ['a', 'b', 'c', 'd', 'e']
    for (const id of ids) await putDirectly(pods, id)
    await vi.waitFor(() => expect(told()).toContain('lease given up'), wait)
    await vi.waitFor(() => expect(seen).toEqual(expect.arrayContaining(ids)), wait)
    await putDirectly(pods, 'z')
    await vi.waitFor(() => expect(seen).toContain('z'), wait)
    expect(seen.toSorted()).toEqual([...ids, 'z'])
    await pod.stop()
    await run
  },
  60_000,
)
