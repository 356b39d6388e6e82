import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decide, type Policy } from './decide.ts'
import { type Condition, deliver } from './deliver.ts'
import type { Verdict } from './response.ts'

const policy = (changes: Partial<Policy> = {}): Policy => ({
  maximumRetryAttempts: -1,
  maximumRecordAgeSeconds: -1,
  bisectBatchOnFunctionError: false,
  ...changes,
})
const record = (sequenceNumber: string, arrivedAt = 0) => ({ sequenceNumber, arrivedAt })
const ids = (records: readonly { sequenceNumber: string }[]) =>
  records.map(({ sequenceNumber }) => sequenceNumber).join('')
const bisect = { bisectBatchOnFunctionError: true }

test.each<[string, Verdict, Partial<Policy>, number, string, string, [string, number][]]>([
  // title, verdict, policy, retries so far, acknowledged, discarded, remaining
  ['done', 'done', {}, 0, '1234', '', []],
  ['failed', 'failed', {}, 0, '', '', [['1234', 1]]],
  ['failed again', 'failed', {}, 7, '', '', [['1234', 8]]],
  ['failed for the last time', 'failed', { maximumRetryAttempts: 2 }, 2, '', '1234', []],
  ['failed with a retry left', 'failed', { maximumRetryAttempts: 2 }, 1, '', '', [['1234', 2]]],
  ['failed without retries', 'failed', { maximumRetryAttempts: 0 }, 0, '', '1234', []],
  ['partly', { failedFrom: '3' }, {}, 0, '12', '', [['34', 1]]],
  ['partly, from the first', { failedFrom: '1' }, {}, 0, '', '', [['1234', 1]]],
  ['partly, for the last time', { failedFrom: '3' }, { maximumRetryAttempts: 1 }, 1, '12', '34', []],
  ['an unknown number acknowledges nothing', { failedFrom: '9' }, {}, 0, '', '', [['1234', 1]]],
  [
    'bisected',
    'failed',
    bisect,
    1,
    '',
    '',
    [
      ['12', 1],
      ['34', 1],
    ],
  ],
  [
    'bisected although retries are used up',
    'failed',
    { ...bisect, maximumRetryAttempts: 0 },
    0,
    '',
    '',
    [
      ['12', 0],
      ['34', 0],
    ],
  ],
  ['split at the number', { failedFrom: '2' }, bisect, 1, '1', '', [['234', 1]]],
  [
    'halved where the number is the first',
    { failedFrom: '1' },
    bisect,
    1,
    '',
    '',
    [
      ['12', 1],
      ['34', 1],
    ],
  ],
])('%s', (_, verdict, changes, retries, acknowledged, discarded, remaining) => {
  const decision = decide(
    { records: ['1', '2', '3', '4'].map((id) => record(id)), retries },
    verdict,
    policy(changes),
  )
  expect(ids(decision.acknowledged)).toBe(acknowledged)
  expect(ids(decision.discarded)).toBe(discarded)
  expect(decision.remaining.map((batch) => [ids(batch.records), batch.retries])).toEqual(remaining)
})

test('a single record is not halved, but retried', () => {
  const decision = decide({ records: [record('1')], retries: 0 }, 'failed', policy(bisect))
  expect(decision.remaining).toEqual([{ records: [record('1')], retries: 1 }])
})

interface Outcome {
  readonly invoked: string[][]
  readonly acknowledged: Set<string>
  readonly discarded: [string, Condition][]
  /** What was told to be dealt with, and whether all of it was. */
  readonly settled: { readonly last: string; readonly isTrue: boolean }[]
}

/** Delivers records to a function that fails as `verdicts` say, one for each invocation, and is well from then on. */
async function run(
  count: number,
  verdicts: readonly (number | 'throw')[],
  chosen: Policy,
  now = 0,
  ages: readonly number[] = [],
): Promise<Outcome> {
  const outcome: Outcome = { invoked: [], acknowledged: new Set(), discarded: [], settled: [] }
  const records = Array.from({ length: count }, (_, index) => record(String(8 + index), ages[index] ?? 0))
  await deliver(records, {
    policy: chosen,
    now: () => now,
    signal: new AbortController().signal,
    pause: async () => {},
    settled: ({ sequenceNumber: last }) => {
      const done = new Set([...outcome.acknowledged, ...outcome.discarded.map(([number]) => number)])
      const upToLast = records.slice(0, records.findIndex((one) => one.sequenceNumber === last) + 1)
      outcome.settled.push({ last, isTrue: upToLast.every((one) => done.has(one.sequenceNumber)) })
    },
    discard: async (given, condition) => {
      for (const { sequenceNumber } of given) outcome.discarded.push([sequenceNumber, condition])
    },
    invoke: async (given) => {
      const numbers = given.map(({ sequenceNumber }) => sequenceNumber)
      const failure = verdicts[outcome.invoked.length]
      outcome.invoked.push(numbers)
      if (failure === 'throw') return 'failed'
      const from = failure === undefined ? numbers.length : failure % (numbers.length + 1)
      for (const number of numbers.slice(0, from)) outcome.acknowledged.add(number)
      const failedFrom = numbers[from]
      return failedFrom === undefined ? 'done' : { failedFrom }
    },
  })
  return outcome
}

test('nothing is skipped: each record is acknowledged or discarded, once, and in order', async () => {
  const failures = fc.array(fc.oneof(fc.constant('throw' as const), fc.nat({ max: 20 })), { maxLength: 40 })
  const policies = fc.record({
    maximumRetryAttempts: fc.constantFrom(-1, 0, 1, 3),
    maximumRecordAgeSeconds: fc.constant(-1),
    bisectBatchOnFunctionError: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 20 }), failures, policies, async (count, verdicts, chosen) => {
      const { invoked, acknowledged, discarded, settled } = await run(count, verdicts, chosen)
      const given = Array.from({ length: count }, (_, index) => String(8 + index))
      const dropped = discarded.map(([number]) => number)
      expect(new Set(dropped).size).toBe(dropped.length)
      expect(new Set([...acknowledged, ...dropped])).toEqual(new Set(given))
      if (chosen.maximumRetryAttempts === -1) expect(dropped).toEqual([])
      expect(settled.at(-1)?.last).toBe(given.at(-1))
      expect(settled.filter(({ isTrue }) => !isTrue)).toEqual([])
      // First attempts are in order, and a batch never jumps over a record that is still to be done.
      expect([...new Set(invoked.flat())]).toEqual(given)
      for (const numbers of invoked)
        expect(numbers).toEqual([...numbers].sort((one, other) => Number(one) - Number(other)))
    }),
    { numRuns: 300 },
  )
})

test('bisecting finds the one poisonous record', async () => {
  const discarded: string[] = []
  await deliver(
    Array.from({ length: 16 }, (_, index) => record(String(index))),
    {
      policy: policy({ ...bisect, maximumRetryAttempts: 1 }),
      now: () => 0,
      signal: new AbortController().signal,
      pause: async () => {},
      settled() {},
      discard: async (records) => void discarded.push(...records.map(({ sequenceNumber }) => sequenceNumber)),
      invoke: async (records) =>
        records.some(({ sequenceNumber }) => sequenceNumber === '11') ? 'failed' : 'done',
    },
  )
  expect(discarded).toEqual(['11'])
})

test('records that are too old are discarded before they are tried', async () => {
  const { invoked, discarded } = await run(
    3,
    [],
    policy({ maximumRecordAgeSeconds: 60 }),
    100_000,
    [0, 39_999, 40_000],
  )
  expect(discarded).toEqual([
    ['8', 'RecordAgeExceeded'],
    ['9', 'RecordAgeExceeded'],
  ])
  expect(invoked).toEqual([['10']])
})

test('an aborted delivery tries nothing any more', async () => {
  const stopping = new AbortController()
  let invocations = 0
  await deliver([record('1')], {
    policy: policy(),
    now: () => 0,
    signal: stopping.signal,
    pause: async () => {},
    settled: () => expect.unreachable(),
    discard: async () => expect.unreachable(),
    invoke: async () => {
      invocations += 1
      stopping.abort()
      return 'failed'
    },
  })
  expect(invocations).toBe(1)
})
