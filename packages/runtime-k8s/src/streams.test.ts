/** How a stream is named, and from when on it is read. */

import { GetRecordsCommand, GetShardIteratorCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { reactor } from '@spaceship/core'
import { virtualClock } from '@spaceship/core/memory'
import { silent, systemClock } from '@spaceship/core/ports'
import { expect, test, vi } from 'vitest'
import { type Pods, podsOnShip, saved } from '../test/pods.ts'
import { Streams } from './streams.ts'

const wait = { timeout: 15_000, interval: 20 }
const ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/cdc'

function noting() {
  const seen: string[] = []
  const streams = new Set<string>()
  const made = reactor('note').on('see', saved, (e) => {
    seen.push(e.after.id)
    streams.add(e.source.stream)
  })
  return { seen, streams, made }
}

test('a stream may be named by its ARN: every request has it, and its name is what handlers see', async () => {
  await using pods = await podsOnShip()
  const asked: (readonly [string, unknown, unknown])[] = []
  pods.bent.fail = (operation, { StreamName, StreamARN }) => {
    if (operation !== 'Scan' && operation !== 'UpdateItem') asked.push([operation, StreamName, StreamARN])
    return undefined
  }
  const { seen, streams, made } = noting()
  const pod = pods.pod(made, { streams: [ARN] })
  const run = pod.run()
  await pods.put('a')
  await vi.waitFor(() => expect(seen).toEqual(['a']), wait)
  await pod.stop()
  await run
  const reads = asked.filter(([operation]) =>
    /^(DescribeStreamSummary|ListShards|GetShardIterator)/.test(operation),
  )
  expect(new Set(reads.map(([operation]) => operation)).size).toBe(3)
  for (const read of reads) expect(read.slice(1)).toEqual([undefined, ARN])
  expect([...streams]).toEqual(['cdc'])
  // The lease is the same as under the name.
  const { made: again, seen: more } = noting()
  const next = pods.pod(again)
  const running = next.run()
  await pods.put('b')
  await vi.waitFor(() => expect(more).toEqual(['b']), wait)
  await next.stop()
  await running
}, 60_000)

test('a name and an ARN of one name are one stream too many; what is neither is refused at the start', async () => {
  await using pods = await podsOnShip()
  expect(() => pods.pod(noting().made, { streams: ['cdc', ARN] })).toThrow(
    /'streams\[1\]' is 'cdc', which is listed/,
  )
  for (const stream of ['arn:aws:kinesis:us-east-1:000000000000:table/cdc', 'a b'])
    await expect(pods.pod(noting().made, { streams: [stream] }).run()).rejects.toThrow(
      /'streams' takes names/,
    )
}, 60_000)

async function arrivals({ kinesis }: Pods): Promise<readonly Date[]> {
  const from = {
    StreamName: 'cdc',
    ShardId: 'shardId-000000000000',
    ShardIteratorType: 'TRIM_HORIZON' as const,
  }
  const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(from))
  const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator }))
  return Records.flatMap(({ ApproximateArrivalTimestamp: at }) => at ?? [])
}

test('a start at a date reads what arrived from then on, of a stream without leases alone', async () => {
  await using pods = await podsOnShip()
  await pods.put('a')
  const [first] = await arrivals(pods)
  if (first === undefined) throw new Error('a record has arrived')
  await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(first.getTime() + 1_100), wait)
  await pods.put('b', 'c')
  const start = new Date(first.getTime() + 1_000)
  const { seen, made } = noting()
  const pod = pods.pod(made, { streams: [{ stream: 'cdc', start }] })
  const run = pod.run()
  await vi.waitFor(() => expect(seen).toEqual(['b', 'c']), wait)
  await pod.stop()
  await run
  // From now on the leases say where it stands.
  const other = noting()
  const next = pods.pod(other.made, { streams: [{ stream: 'cdc', start: new Date(0) }] })
  const running = next.run()
  await pods.put('d')
  await vi.waitFor(() => expect(other.seen).toEqual(['d']), wait)
  await next.stop()
  await running
  expect(() => pods.pod(noting().made, { streams: [{ stream: 'cdc', start: new Date('x') }] })).toThrow(
    /'TRIM_HORIZON', 'LATEST' or a date/,
  )
}, 60_000)

test('a start at a time to come is refused with all else that is wrong: Kinesis would refuse the first read', async () => {
  await using pods = await podsOnShip()
  const clock = virtualClock(Date.parse('2026-11-01T12:00:00Z'))
  const from = (...starts: readonly Date[]) => {
    const streams = starts.map((start, n) => ({ stream: `cdc-${n}`, start }))
    // What a caller without types might pass.
    const misspelt = { drainTimeout: 'soon' } as object
    return () => pods.pod(noting().made, { clock, streams, ...misspelt })
  }
  const [now, next] = [new Date('2026-11-01T12:00:00Z'), new Date('2026-11-01T12:00:00.001Z')]
  expect(from(now, next)).toThrow(
    "'streams[1].start' of 'cdc-1' is 2026-11-01T12:00:00.001Z, which is to come, since it is 2026-11-01T12:00:00.000Z: expected a date that has passed, or 'LATEST' for what is put from now on",
  )
  expect(from(next)).toThrow(/'drainTimeout'/)
  expect(from(new Date(8.64e15), new Date('x'))).toThrow(
    /'streams\[1\]\.start' (.|\n)*'streams\[0\]\.start' of 'cdc-0' is \+275760-09-13T/,
  )
  expect(from(now)).not.toThrow(/which is to come/)
  // By the machine's clock where no other is given, or what is none: without types that may be anything.
  for (const more of [{}, { clock: { now: 'then' } } as object])
    expect(() =>
      pods.pod(noting().made, { streams: [{ stream: 'cdc', start: new Date(8.64e15) }], ...more }),
    ).toThrow(/which is to come/)
}, 60_000)

test('a summary that is late makes no stream the former one again', async () => {
  let made = 100
  const send = async () => ({
    StreamDescriptionSummary: { StreamARN: ARN, StreamCreationTimestamp: new Date(made * 1_000) },
  })
  const streams = new Streams({
    // Only `send` is used, for DescribeStreamSummary.
    kinesis: { send } as unknown as KinesisClient,
    ...{ clock: systemClock, logger: silent, closed: new AbortController().signal },
    streams: [{ stream: 'cdc', name: 'cdc', start: 'TRIM_HORIZON', startAt: undefined }],
  })
  const [former, now] = ['000000000000:cdc:100', '000000000000:cdc:200']
  streams.identify('multi-stream', new Map([['cdc', former]]))
  await streams.again(former)
  expect(streams.isOurs(former)).toBe(true)
  made = 200
  await streams.again(former)
  expect([streams.isOurs(now), streams.formerOf(former)]).toEqual([true, now])
  made = 100
  await streams.again(now)
  expect([streams.isOurs(now), streams.formerOf(former)]).toEqual([true, now])
})

test('a summary that is never answered is waited for no longer than the worker lives', async () => {
  const closing = new AbortController()
  const streams = new Streams({
    // As above.
    kinesis: { send: () => new Promise(() => {}) } as unknown as KinesisClient,
    ...{ clock: virtualClock(), logger: silent, closed: closing.signal },
    streams: [{ stream: 'cdc', name: 'cdc', start: 'TRIM_HORIZON', startAt: undefined }],
  })
  streams.identify('multi-stream', new Map([['cdc', '000000000000:cdc:100']]))
  const asking = streams.again('000000000000:cdc:100')
  closing.abort()
  // No time passes.
  await expect(asking).rejects.toMatchObject({ code: 'no-answer' })
})
