import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { entity, handler, Permanent, RetryAfter, reactor, skip, Unavailable } from '../index.ts'
import { harness } from './index.ts'

const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({ id: z.string(), seats: z.number() }),
})
const saved = Client.saved('client.saved')
const changed = Client.changed('client.changed')

function bench(handle: (id: string, attempt: number) => unknown = () => {}) {
  const seen: string[] = []
  const ship = harness(() =>
    reactor('r', { retry: { attempts: 3, base: '1s', max: '1s' } }).on('see', saved, (e, { attempt }) => {
      const answer = handle(e.after.id, attempt)
      seen.push(`${e.after.id}:${e.after.seats}`)
      return answer
    }),
  )
  return { ship, seen }
}

function change(after: object | undefined, more: object = {}, before?: object, kind = 'INSERT') {
  return {
    eventName: kind,
    tableName: 'clients',
    dynamodb: {
      ApproximateCreationDateTime: 1_796_000_000_000,
      Keys: { id: { S: 'a' } },
      ...(after && { NewImage: after }),
      ...(before && { OldImage: before }),
    },
    ...more,
  }
}

const good = { id: { S: 'a' }, seats: { N: '1' } }

const outcomes: Readonly<
  Record<string, [data: string | Uint8Array | object, reason: string, detail: RegExp]>
> = {
  'bytes that are not JSON': ['{"eventName":', 'undecodable', /not JSON/],
  'bytes that are not UTF-8': [new Uint8Array([0xff, 0xfe, 0x7b]), 'undecodable', /not JSON in UTF-8/],
  'no bytes at all': [new Uint8Array(), 'undecodable', /0 bytes/],
  'JSON that is not a change': [{ hello: 'world' }, 'unrecognised', /neither/],
  'JSON that is no object': ['42', 'unrecognised', /neither/],
  'an item that fails its schema': [
    change({ ...good, seats: { S: 'many' } }),
    'schema',
    /'after' of client: at seats/,
  ],
  'a number of 38 digits': [
    change({ ...good, seats: { N: '1'.repeat(38) } }),
    'schema',
    /'seats' has 38 digits/,
  ],
  'an attribute called __proto__': [
    `{"eventName":"INSERT","tableName":"clients","dynamodb":{"ApproximateCreationDateTime":1796000000000,"Keys":{"id":{"S":"a"}},"NewImage":{"__proto__":{"S":"x"}}}}`,
    'schema',
    /__proto__/,
  ],
  'an image that is missing': [change(undefined), 'schema', /new and old images/],
}

for (const [what, [data, reason, detail]] of Object.entries(outcomes)) {
  test(`${what}: a dead letter with reason and path, and the next record is handled`, async () => {
    const { ship, seen } = bench()
    await ship.deliver(data)
    await ship.put(Client, { id: 'next', seats: 2 })
    expect(ship.deadLetters).toMatchObject([{ reason, detail: expect.stringMatching(detail) }])
    expect(seen).toEqual(['next:2'])
  })
}

test('an old row whose `before` fails matters only to a route that shows it', async () => {
  const { ship, seen } = bench()
  const both = harness(() => reactor('r').on('both', changed, () => {}))
  const record = change(good, {}, { id: { S: 'a' } }, 'MODIFY')
  await ship.deliver(record)
  await both.deliver(record)
  expect([seen, ship.deadLetters]).toEqual([['a:1'], []])
  expect(both.deadLetters).toMatchObject([
    { reason: 'schema', detail: expect.stringMatching(/'before' of client: at seats/) },
  ])
})

test('a record of 1 MiB is handled; an unknown table is passed over', async () => {
  const { ship, seen } = bench()
  await ship.deliver(change({ ...good, pad: { S: 'x'.repeat(1_048_000) } }))
  await ship.deliver({ ...change(good), tableName: 'others' })
  expect([seen, ship.deadLetters]).toEqual([['a:1'], []])
})

test('a record twice has one effect where the route claims it; two updates out of order both arrive, in stream order', async () => {
  const seen: string[] = []
  const note = handler<{ after: { seats: number } }>(
    { effect: 'claim' },
    (e) => void seen.push(String(e.after.seats)),
  )
  const ship = harness(() => reactor('r').on('note', saved, note))
  await ship.put(Client, { id: 'a', seats: 1 })
  await ship.redeliver({ as: 'duplicates' })
  await ship.deliver(change({ ...good, seats: { N: '9' } }))
  expect(seen).toEqual(['1', '9'])
})

const failures: Readonly<Record<string, () => unknown>> = {
  'throws synchronously': () => {
    throw new Error('boom')
  },
  'rejects later': () => Promise.reject(new Error('boom')),
  'throws no error': () => {
    throw 'boom'
  },
}

for (const [what, fail] of Object.entries(failures)) {
  test(`a handler that always ${what}: every attempt, then a dead letter, and other lanes go on`, async () => {
    const attempts: number[] = []
    const { ship, seen } = bench((id, attempt) => {
      if (id !== 'bad') return undefined
      attempts.push(attempt)
      return fail()
    })
    await ship.put(Client, { id: 'bad', seats: 1 })
    await ship.put(Client, { id: 'good', seats: 2 })
    expect(seen.filter((line) => line.startsWith('good'))).toEqual(['good:2'])
    await ship.advance('1m')
    expect(attempts).toEqual([1, 2, 3])
    expect(ship.deadLetters).toMatchObject([{ reason: 'exhausted', attempts: 3, route: 'see' }])
  })
}

test('verdicts: Permanent ends at once; RetryAfter and Unavailable wait without counting; a skip is done', async () => {
  const answers: unknown[] = [
    new RetryAfter('5s'),
    new Unavailable('slack'),
    new Unavailable('slack'),
    new Unavailable('slack'),
    new Error('one'),
    'done',
  ]
  const attempts: number[] = []
  const { ship } = bench((id, attempt) => {
    if (id === 'permanent') throw new Permanent('never')
    if (id === 'skip') return skip('nothing to do')
    attempts.push(attempt)
    const answer = answers.shift()
    if (answer instanceof Error) throw answer
    return undefined
  })
  await ship.put(Client, { id: 'waits', seats: 1 })
  await ship.put(Client, { id: 'permanent', seats: 1 })
  await ship.put(Client, { id: 'skip', seats: 1 })
  await ship.advance('5m')
  expect(attempts).toEqual([1, 1, 1, 1, 1, 2])
  expect(ship.deadLetters).toMatchObject([{ reason: 'permanent', detail: 'Permanent [permanent]: never' }])
})

test('property: whatever fails, every record is done or kept, and first attempts of a lane are in stream order', async () => {
  const plan = fc.array(
    fc.record({ key: fc.constantFrom('a', 'b', 'c'), failures: fc.integer({ min: 0, max: 4 }) }),
    { maxLength: 20 },
  )
  await fc.assert(
    fc.asyncProperty(plan, async (records) => {
      const left = records.map(({ failures }) => failures)
      const first: Record<string, number[]> = { a: [], b: [], c: [] }
      const done: number[] = []
      const ship = harness(() =>
        reactor('r', { retry: { attempts: 3, base: '1s', max: '1s' } }).on(
          'see',
          saved,
          ({ after: { id, seats } }, { attempt }) => {
            if (attempt === 1) first[id]?.push(seats)
            if ((left[seats] ?? 0) > 0) {
              left[seats] = (left[seats] ?? 0) - 1
              throw new Error('again')
            }
            done.push(seats)
          },
        ),
      )
      for (const [seats, { key }] of records.entries()) await ship.put(Client, { id: key, seats })
      await ship.advance('10m')
      const dead = ship.deadLetters.length
      expect(done.length + dead).toBe(records.length)
      expect(dead).toBe(records.filter(({ failures }) => failures >= 3).length)
      for (const seats of Object.values(first)) expect(seats).toEqual([...seats].sort((x, y) => x - y))
    }),
    { numRuns: 60 },
  )
})
