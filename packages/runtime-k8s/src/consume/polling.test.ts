/** What polling makes of each answer of Kinesis: its pace, its place, and what it tells. */

import { GetRecordsCommand, GetShardIteratorCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { type VirtualClock, virtualClock } from '@spaceship/core/memory'
import { silent } from '@spaceship/core/ports'
import { expect, test } from 'vitest'
import type { Checkpoint } from '../leases/index.ts'
import { Troubles } from '../troubles.ts'
import { Fetches } from './fetches.ts'
import { pollShard } from './polling.ts'
import type { Page } from './reader.ts'

const MIB = 1024 * 1024
const AT_2: Checkpoint = { sequence: '2', subSequence: 0 }
const OLDEST: Checkpoint = { sequence: 'TRIM_HORIZON', subSequence: 0 }

interface Reply {
  readonly records?: readonly string[]
  /** Of each record. */
  readonly bytes?: number
  readonly behind?: number
  readonly fails?: string
  readonly ends?: readonly object[]
}

/** Answers reads with these in turn, and then with nothing new. */
function polled(
  from: Checkpoint,
  replies: readonly Reply[],
  begin: (type: string) => string = () => 'i',
  work = 0,
) {
  const clock: VirtualClock = virtualClock()
  const left = [...replies]
  const asked: { readonly at: number; readonly input: object }[] = []
  const lines: { readonly message: string; readonly fields: object }[] = []
  const send = async (command: { readonly input: object }) => {
    asked.push({ at: clock.monotonic(), input: command.input })
    if (command instanceof GetShardIteratorCommand)
      return { ShardIterator: begin(String(command.input.ShardIteratorType)) }
    if (!(command instanceof GetRecordsCommand)) throw new Error('no such request is expected')
    const { records = [], bytes = 10, behind = 0, fails, ends } = left.shift() ?? {}
    if (fails !== undefined) throw Object.assign(new Error(fails), { name: fails })
    return {
      Records: records.map((SequenceNumber) => ({
        ...{ SequenceNumber, PartitionKey: '', Data: Buffer.alloc(bytes) },
        ApproximateArrivalTimestamp: new Date(7_000),
      })),
      MillisBehindLatest: behind,
      ...(ends === undefined ? { NextShardIterator: 'n' } : { ChildShards: ends }),
    }
  }
  // Only `send` is used, with the two commands above.
  const client = { send } as unknown as KinesisClient
  const logger = {
    ...silent,
    error: (message: string, fields: object = {}) => void lines.push({ message, fields }),
  }
  const stop = new AbortController()
  const polling = {
    ...{ client, stream: 'cdc', shard: 's0', of: { stream: 'cdc', startAt: undefined } },
    ...{ limit: 1_000, interval: 1_000, fetches: new Fetches(clock, () => 64 * MIB), clock },
    ...{ random: () => 0.5, logger, troubles: new Troubles(silent), isCurrent: async () => true },
  }
  const pages: Page[] = []
  const done = (async () => {
    for await (const page of pollShard(polling, from, stop.signal)) {
      pages.push(page)
      // What its consumer makes of a page takes so long.
      if (work > 0) await clock.sleep(work)
      if (pages.length === replies.filter(({ fails }) => fails === undefined).length) stop.abort()
    }
  })()
  const idle = () => new Promise<void>((resolve) => setImmediate(resolve))
  const run = async () => {
    for (let turn = 0; turn < 200 && !stop.signal.aborted; turn += 1)
      await clock.moveTo(clock.now() + 100, idle)
    await done
    return pages
  }
  const reads = () => asked.filter(({ input }) => 'ShardIterator' in input)
  const sequences = () => pages.map(({ records }) => records.map(({ sequence }) => sequence))
  return { run, asked, reads, lines, sequences }
}

test('a checkpoint that retention has passed is told with its shard and the range, once, and read on from', async () => {
  const { run, lines, sequences } = polled(AT_2, [{ records: ['6', '7'], behind: 5 }, { records: ['8'] }])
  await run()
  expect(sequences()).toEqual([['6', '7'], ['8']])
  expect(lines).toEqual([
    {
      message: expect.stringMatching(/^retention has passed the position/),
      fields: {
        ...{ stream: 'cdc', shard: 's0', position: '2' },
        details: {
          ...{ next: '6', nextArrivedAt: new Date(7_000).toISOString() },
          advice: expect.stringContaining('backfill'),
        },
      },
    },
  ])
})

test('nothing is told where the record of the checkpoint comes first, nor of a shard that was caught up when its record expired', async () => {
  const there = polled(AT_2, [{ behind: 9 }, { records: ['2', '3'] }])
  await there.run()
  expect([there.lines, there.sequences()]).toEqual([[], [[], ['2', '3']]])
  const idle = polled(AT_2, [{}, { records: ['9'] }])
  await idle.run()
  expect([idle.lines, idle.sequences()]).toEqual([[], [[], ['9']]])
})

test('an iterator that expires in mid-shard begins at the last record, which is not given again; one that is gone meanwhile is told', async () => {
  const again = polled(OLDEST, [
    { records: ['1', '2'], behind: 9 },
    { fails: 'ExpiredIteratorException' },
    { records: ['2', '3'] },
  ])
  await again.run()
  expect([again.lines, again.sequences()]).toEqual([[], [['1', '2'], ['3']]])
  expect(again.asked.filter(({ input }) => 'ShardIteratorType' in input).at(-1)?.input).toMatchObject({
    ShardIteratorType: 'AT_SEQUENCE_NUMBER',
    StartingSequenceNumber: '2',
  })
  const gone = polled(OLDEST, [
    { records: ['1', '2'], behind: 9 },
    { fails: 'ExpiredIteratorException' },
    { records: ['5'] },
  ])
  await gone.run()
  expect(gone.sequences()).toEqual([['1', '2'], ['5']])
  expect(gone.lines).toMatchObject([{ fields: { position: '2', details: { next: '5' } } }])
})

test('an iterator that Kinesis refuses is followed by another one at the last record; a fresh one that it refuses is a failure like others', async () => {
  const again = polled(OLDEST, [
    { records: ['1', '2'], behind: 9 },
    { fails: 'InvalidArgumentException' },
    { records: ['2', '3'] },
  ])
  await again.run()
  expect([again.lines, again.sequences()]).toEqual([[], [['1', '2'], ['3']]])
  const fresh = polled(AT_2, [{ fails: 'InvalidArgumentException' }, { records: ['2', '3'] }])
  await fresh.run()
  expect([fresh.lines, fresh.sequences()]).toEqual([[], [['2', '3']]])
})

test('the pace: at once while behind, also after pages without records; by their bytes after large pages; relaxed when caught up', async () => {
  const { run, reads } = polled(OLDEST, [
    { records: ['1'], behind: 9_000 },
    { behind: 8_000 },
    { behind: 7_000 },
    { records: ['2', '3'], bytes: 2 * MIB, behind: 6_000 },
    { records: ['4'] },
    {},
  ])
  await run()
  const at = reads().map((read) => read.at)
  expect(at.slice(1).map((each, n) => each - (at[n] ?? 0))).toEqual([200, 200, 200, 2_000, 1_000])
})

test('what is made of a page counts in the pause after it: a consumer that is slower than Kinesis waits no longer for it', async () => {
  const pages = [1, 2, 3].map((n) => ({ records: [String(n)], bytes: 2 * MIB, behind: 5_000 }))
  for (const [work, between] of [
    [400, 1_000],
    [1_500, 1_500],
  ] as const) {
    const { run, reads } = polled(OLDEST, pages, undefined, work)
    await run()
    const at = reads().map((read) => read.at)
    expect(at.slice(1).map((each, n) => each - (at[n] ?? 0))).toEqual([between, between])
  }
})

test('while reads fail a shard is asked about once a second, and it is read within two seconds after they succeed again', async () => {
  const outage = Array.from({ length: 14 }, () => ({ fails: 'InternalFailureException' }))
  const { run, reads, sequences } = polled(OLDEST, [...outage, { records: ['1'] }])
  await run()
  expect(sequences()).toEqual([['1']])
  const times = reads().map(({ at }) => at)
  const waits = times.slice(1).map((at, n) => at - (times[n] ?? 0))
  expect(waits).toEqual([200, 400, 800, ...Array.from({ length: 11 }, () => 1_000)])
})

test('while the stream is not found it is asked about more and more rarely', async () => {
  const gone = Array.from({ length: 7 }, () => ({ fails: 'ResourceNotFoundException' }))
  const { run, reads, sequences } = polled(OLDEST, [...gone, { records: ['1'] }])
  await run()
  expect(sequences()).toEqual([['1']])
  const times = reads().map(({ at }) => at)
  expect(times.slice(1).map((at, n) => at - (times[n] ?? 0))).toEqual([
    200, 400, 800, 1_600, 3_200, 5_000, 5_000,
  ])
})

test('a refused checkpoint is told with the record that reading starts at again', async () => {
  const refused = (type: string) => {
    if (type === 'TRIM_HORIZON') return 'i'
    throw Object.assign(new Error('no'), { name: 'InvalidArgumentException' })
  }
  const { run, lines } = polled(AT_2, [{ records: ['40'] }], refused)
  expect(await run()).toMatchObject([{ records: [], lost: 'checkpoint' }])
  expect(lines).toMatchObject([
    {
      message: expect.stringMatching(/^Kinesis refuses/),
      fields: { shard: 's0', position: '2', details: { next: '40' } },
    },
  ])
})

test('the end of a shard names the shards that follow, as far as Kinesis has', async () => {
  const child = {
    ShardId: 'c',
    ParentShards: ['s0'],
    HashKeyRange: { StartingHashKey: '0', EndingHashKey: '7' },
  }
  expect(await polled(OLDEST, [{ records: ['1'], ends: [child] }]).run()).toMatchObject([
    { ended: [{ id: 'c', parents: ['s0'], hashRange: ['0', '7'] }] },
  ])
  expect(await polled(OLDEST, [{ ends: [] }]).run()).toMatchObject([{ ended: [] }])
})

test('a mark is read from its time on, and what is no mark from the oldest record', async () => {
  for (const [sequence, wanted] of [
    ['@1796000000000', { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(1_796_000_000_000) }],
    ['@17960000000000000000', { ShardIteratorType: 'TRIM_HORIZON' }],
    ['@', { ShardIteratorType: 'TRIM_HORIZON' }],
    ['LATEST', { ShardIteratorType: 'LATEST' }],
  ] as const) {
    const { run, asked } = polled({ sequence, subSequence: 0 }, [{}])
    await run()
    expect(asked[0]?.input).toMatchObject(wanted)
  }
})

test('a caught-up shard is asked for a small page, and one that is behind for what the options say', async () => {
  const { run, reads } = polled(OLDEST, [
    { records: ['1'], bytes: 4_096, behind: 5 },
    { records: ['2'], bytes: 4_096 },
    { records: ['3'], bytes: 400 },
    {},
  ])
  await run()
  expect(reads().map(({ input }) => Object(input).Limit)).toEqual([1_000, 1_000, 64, 655])
})

test('a mark of a clock that ran ahead is read from the newest record on: Kinesis refuses a time that is to come', async () => {
  const begun: string[] = []
  const { run } = polled({ sequence: '@9999999999999', subSequence: 0 }, [{ records: ['7'] }], (type) => {
    begun.push(type)
    if (type === 'LATEST') return 'i'
    throw Object.assign(new Error('no'), { name: 'InvalidArgumentException' })
  })
  expect(await run()).toMatchObject([{ records: [{ sequence: '7' }] }])
  expect(begun).toEqual(['AT_TIMESTAMP', 'LATEST'])
})

test('an iterator at the newest record that expires before one has come is followed by one at the time of the first read', async () => {
  const begun: string[] = []
  const replies = [{ behind: 4_000 }, { fails: 'ExpiredIteratorException' }, { records: ['7'] }]
  const { run, asked } = polled({ sequence: 'LATEST', subSequence: 0 }, replies, (type) => {
    begun.push(type)
    return 'i'
  })
  const [first, second] = await run()
  expect(first?.mark).toMatch(/^@\d+$/)
  expect(second).toMatchObject({ records: [{ sequence: '7' }] })
  expect(second?.mark).toBeUndefined()
  expect(begun).toEqual(['LATEST', 'AT_TIMESTAMP'])
  const iterators = asked.filter(({ input }) => 'ShardIteratorType' in input)
  expect(Object(iterators[1]?.input).Timestamp).toEqual(new Date(Number(first?.mark?.slice(1))))
  // The page came no further than four seconds before its answer.
  const { at = 0 } = asked.find(({ input }) => 'Limit' in input) ?? {}
  expect(Number(first?.mark?.slice(1)) - virtualClock().now()).toBeLessThanOrEqual(at - 4_000)
})
