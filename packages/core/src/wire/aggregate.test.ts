import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deaggregate, type UserRecord } from './aggregate.ts'

interface Vector {
  readonly name: string
  readonly note: string
  readonly startingHashKey: string
  readonly endingHashKey: string
  readonly throwsWithoutJaxb?: string
  readonly input: readonly {
    readonly sequence: string
    readonly partitionKey: string
    readonly data: string
  }[]
  readonly expected: readonly {
    readonly sequence: string
    readonly subSequence: number
    readonly aggregated: boolean
    readonly partitionKey: string
    readonly data: string
  }[]
}

const file = new URL('../../test/fixtures/kpl/vectors.json', import.meta.url)
const vectors: readonly Vector[] = JSON.parse(readFileSync(file, 'utf8')).cases

const recordOf = (data: Uint8Array, sequence = '7', partitionKey = 'outer') => ({
  sequence,
  subSequence: 0,
  partitionKey,
  data,
  arrivedAt: new Date(0),
})

type Delivered = UserRecord & { readonly aggregated: boolean }

function delivered({ input, ...range }: Vector): readonly Delivered[] {
  return input.flatMap(({ sequence, partitionKey, data }): readonly Delivered[] => {
    const record = recordOf(Buffer.from(data ?? '', 'base64'), sequence, partitionKey)
    const users = deaggregate(record, range)
    return users === undefined
      ? [{ ...record, aggregated: false }]
      : [...users].map((user) => ({ ...user, aggregated: true }))
  })
}

/** KCL drops an aggregate of which one record is out of range. */
const dropped = new Set([
  'range-one-outside',
  'range-first-outside',
  'range-all-outside',
  'range-explicit-key-outside',
  'range-neighbours-kept',
  'explicit-negative',
])

describe("statement 34 of KCL's conformance: its vectors of aggregates", () => {
  test('there are 42 of them', () => expect(vectors).toHaveLength(42))

  for (const vector of vectors) {
    test(`${vector.name}: ${vector.note}`, () => {
      const records = delivered(vector)
      const good = records.filter(({ outOfRange, damaged }) => !outOfRange && !damaged)
      const seen = good.map(({ sequence, subSequence, aggregated, partitionKey, data }) => ({
        sequence,
        subSequence,
        aggregated,
        partitionKey,
        data: Buffer.from(data).toString('base64'),
      }))
      const expected = vector.expected.map(({ sequence, subSequence, aggregated, partitionKey, data }) => ({
        sequence,
        subSequence,
        aggregated,
        partitionKey,
        data: data ?? '',
      }))
      if (!dropped.has(vector.name)) expect(seen).toEqual(expected)
      else expect(seen).toEqual(expect.arrayContaining(expected))
      expect(records.some(({ outOfRange }) => outOfRange)).toBe(dropped.has(vector.name))
      expect(records.some(({ damaged }) => damaged)).toBe(vector.throwsWithoutJaxb !== undefined)
    })
  }
})

test('what KCL drops is delivered where it is in range, and marked where it is not: no position is missing', () => {
  const vector = vectors.find(({ name }) => name === 'range-one-outside')
  if (vector === undefined) throw new Error('no such vector')
  const records = delivered(vector)
  expect(records.map(({ subSequence }) => subSequence)).toEqual([...records.keys()])
  expect(records.filter(({ outOfRange }) => outOfRange)).toHaveLength(1)
  expect(records.length).toBeGreaterThan(1)
})

test('what follows a bad index is one record with all bytes, at the position of the bad one', () => {
  const vector = vectors.find(({ name }) => name === 'key-index-out-of-range')
  if (vector === undefined) throw new Error('no such vector')
  const [good, rest, ...none] = delivered(vector)
  expect(good).toMatchObject({ subSequence: 0, partitionKey: vector.expected[0]?.partitionKey })
  expect(rest).toMatchObject({ subSequence: 1, damaged: true, partitionKey: 'outer' })
  expect(Buffer.from(rest?.data ?? []).toString('base64')).toBe(vector.input[0]?.data)
  expect(none).toEqual([])
})

describe('any message', () => {
  const sealed = (message: Uint8Array) =>
    Buffer.concat([Buffer.from('f3899ac2', 'hex'), message, createHash('md5').update(message).digest()])
  const varint = (value: number): number[] =>
    value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
  const field = (number: number, bytes: Uint8Array) =>
    Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length), ...bytes])

  test('property: what was put in comes out, in order', () => {
    const entry = fc.record({
      key: fc.string({ minLength: 1, unit: 'grapheme' }),
      data: fc.uint8Array({ maxLength: 300 }),
    })
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 200 }), (entries) => {
        const keys = entries.map(({ key }) => field(1, Buffer.from(key)))
        const users = entries.map(({ data }, n) =>
          field(3, Buffer.from([8, ...varint(n), ...field(3, data)])),
        )
        const records = [...(deaggregate(recordOf(sealed(Buffer.concat([...keys, ...users])))) ?? [])]
        expect(
          records.map(({ partitionKey, subSequence, data }) => [partitionKey, subSequence, [...data]]),
        ).toEqual(entries.map(({ key, data }, n) => [key, n, [...data]]))
      }),
      { numRuns: 50 },
    )
  })

  test('property: whatever the bytes behind a good digest, nothing is thrown and no byte read that is not there', () => {
    const good = Buffer.concat([field(1, Buffer.from('k')), field(3, Buffer.from([8, 0, 26, 1, 65]))])
    const mutated = fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => {
      const copy = Buffer.from(good)
      copy[at] = byte
      return copy
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ minLength: 1 }), mutated), (message) => {
        for (const user of deaggregate(recordOf(sealed(message))) ?? [])
          expect(user.data.length).toBeLessThanOrEqual(message.length + 20)
      }),
      { numRuns: 2_000 },
    )
  })

  test('groups that never end, or lie in each other without end, are no message', () => {
    expect(deaggregate(recordOf(sealed(Buffer.alloc(100_000, 0x2b))))).toBeUndefined()
    expect([...(deaggregate(recordOf(sealed(Buffer.from([0x2b, 0x2c])))) ?? ['none'])]).toEqual([])
  })

  test('an explicit hash key of any length and any number of zeros is read as KCL does; one beyond 2^128 is out of range', () => {
    const whole = { startingHashKey: '0', endingHashKey: String(2n ** 128n - 1n) }
    const one = { startingHashKey: '1', endingHashKey: '1' }
    const user = (hashKey: string, range: typeof one) => {
      const message = [
        field(1, Buffer.from('k')),
        field(2, Buffer.from(hashKey)),
        field(3, Buffer.from([8, 0, 16, 0, 26, 0])),
      ]
      return [...(deaggregate(recordOf(sealed(Buffer.concat(message))), range) ?? [])][0]
    }
    for (const key of ['1', '+1', `${'0'.repeat(500_000)}1`])
      expect(user(key, one)?.outOfRange).toBeUndefined()
    for (const key of ['7'.repeat(500_000), String(2n ** 128n), '-1', `-${'7'.repeat(500_000)}`])
      expect(user(key, whole)?.outOfRange).toBe(true)
    expect(user('-0', whole)?.outOfRange).toBeUndefined()
    expect(user(`${'7'.repeat(500_000)}x`, whole)?.damaged).toBe(true)
  })

  test('each user record is made when an iteration comes to it, and their number is known before', () => {
    const users = Array.from({ length: 5 }, (_, n) => field(3, Buffer.from([8, 0, 26, 1, n])))
    const good = deaggregate(recordOf(sealed(Buffer.concat([field(1, Buffer.from('k')), ...users]))))
    expect(good?.size).toBe(5)
    const [first, second] = [...(good ?? [])]
    expect([first?.subSequence, second?.subSequence]).toEqual([0, 1])
    // An iteration begins at the first, and gives records of its own.
    expect([...(good ?? [])][0]).toEqual(first)
    expect([...(good ?? [])][0]).not.toBe(first)
    const damaged = field(3, Buffer.from([8, 9, 26, 0]))
    const bad = deaggregate(
      recordOf(sealed(Buffer.concat([field(1, Buffer.from('k')), ...users.slice(3), damaged, ...users]))),
    )
    expect(bad?.size).toBe(3)
    expect([...(bad ?? [])].map(({ damaged = false }) => damaged)).toEqual([false, false, true])
  })
})
