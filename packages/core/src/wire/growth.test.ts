import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { growthOf, isLinear } from '../../test/growth.ts'
import { recordText } from '../../test/records.ts'
import { same } from '../declare/pattern.ts'
import { read } from '../kinds/read.ts'
import { deaggregate } from './index.ts'

const SIZE = 4_096

/** All that an engine and its handlers can ask of a record's bytes, whatever is refused. */
function askAll(data: Buffer): void {
  const incoming = read(data, () => true)
  if (incoming.kind !== 'change') return
  const { change } = incoming
  const asked = [
    () => change.image('after', 'double'),
    () => change.image('after', 'lossless'),
    () => change.keyText(['id']),
    () => change.keyText(['id', 'id']),
    () => change.identity(),
    () => change.by,
  ]
  for (const ask of asked) {
    try {
      ask()
    } catch (error) {
      expect(error).toMatchObject({ code: 'attributes' })
    }
  }
}

/** Where a record may hold a text, as a writer of bytes can put it there. */
const places: Readonly<Record<string, (text: string) => string>> = {
  'a number of an image': (text) => imageText(`{"n":{"N":"${text}"}}`),
  'a set of numbers': (text) => imageText(`{"n":{"NS":["1","${text}"]}}`),
  'a number of the key': (text) =>
    recordText({ Keys: 'KEYS' }).replace('"KEYS"', () => `{"id":{"N":"${text}"}}`),
  'a text of an image': (text) => imageText(`{"s":{"S":"${text}"}}`),
  'a text of the key': (text) =>
    recordText({ Keys: 'KEYS' }).replace('"KEYS"', () => `{"id":{"S":"${text}"}}`),
  'binary of an image': (text) => imageText(`{"b":{"B":"${text}"}}`),
  'a name in an image': (text) => imageText(`{"${text}":{"S":""}}`),
  'a name above others': (text) => imageText(`{"${text}":{"L":[{"S":""},{"M":{"a":{"X":1}}}]}}`),
  'an image': (text) => imageText(text),
  'a name of the record': (text) => recordText({}).replace('"awsRegion"', () => `"${text}"`),
  'the ARN': (text) => recordText({}).replace('"tableName":"clients"', () => `"eventSourceARN":"${text}"`),
  'the time of a change': (text) => recordText({}).replace('1796000000000000', () => text),
  'the time of an event': (text) =>
    `{"specversion":"1.0","id":"1","source":"s","type":"t","time":"${text}","data":{}}`,
  'the time of a tick': (text) =>
    `{"spaceship":1,"kind":"tick","application":"a","route":"r","scheduled":"${text}"}`,
  'the whole record': (text) => text,
}

function imageText(image: string): string {
  return recordText({ NewImage: 'IMAGE' }).replace('"IMAGE"', () => image)
}

const hostile = fc.record({
  head: fc.constantFrom(
    '',
    '-',
    '+',
    '0',
    '1',
    '.',
    '0.',
    '1e',
    ' ',
    '{"M":{',
    'arn:aws:dynamodb:x:1:table/',
  ),
  unit: fc.constantFrom(
    ...['0', '1', '7', '.', 'e', '-', ' ', '10', 'a', 'ä', '|', '/', ':', '=', 'A=', '(', '2020-01-01T'],
    ...[
      '\\\\',
      '\\"',
      '\\u0061',
      '\\ud800',
      '[',
      '{',
      '{"a":',
      '{"M":{"a":',
      '[{"L":',
      '},{',
      ':table/',
      '","',
    ],
  ),
  tail: fc.constantFrom('', 'x', '1', '0', '.', 'e', '=', ' ', '"', '}', '/', '\\', '\n'),
})

describe('eight times the bytes cost about eight times the work', () => {
  for (const [place, recordOf] of Object.entries(places))
    test(`where ${place} is long`, () => {
      fc.assert(
        fc.property(hostile, ({ head, unit, tail }) => {
          const growth = growthOf(SIZE, (size) => {
            const text = head + unit.repeat(Math.ceil(size / unit.length)) + tail
            const data = Buffer.from(recordOf(text))
            return () => askAll(data)
          })
          expect(isLinear(growth), `it grew by ${growth}`).toBe(true)
        }),
        { numRuns: 40 },
      )
    })

  test('where an image holds many values', () => {
    const units = ['{"N":"7"}', '{"S":""}', '{"M":{"a":{"S":"x"}}}', '{"L":[]}', '{"SS":["a"]}', '{"X":1}']
    const images = [
      (members: readonly string[]) => `{"l":{"L":[${members.join()}]}}`,
      (members: readonly string[]) => `{${members.map((member, n) => `"n${n}":${member}`).join()}}`,
    ]
    for (const unit of units)
      for (const imageOf of images) {
        const growth = growthOf(SIZE, (size) => {
          const data = Buffer.from(imageText(imageOf(Array.from({ length: size / 16 }, () => unit))))
          return () => askAll(data)
        })
        expect(isLinear(growth), `${unit} grew by ${growth}`).toBe(true)
      }
  })

  test('where two sets of binary are compared', () => {
    const growth = growthOf(1_024, (size) => {
      const setOf = () => new Set(Array.from({ length: size }, (_, n) => Buffer.from(String(n))))
      const [a, b] = [setOf(), setOf()]
      return () => expect(same(a, b)).toBe(true)
    })
    expect(isLinear(growth), `it grew by ${growth}`).toBe(true)
  })
})

describe('an aggregate of eight times the bytes costs about eight times the work', () => {
  const varint = (value: number): number[] =>
    value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
  const field = (number: number, bytes: Uint8Array) =>
    Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes])
  const sealed = (...parts: readonly Uint8Array[]) => {
    const message = Buffer.concat(parts)
    const digest = createHash('md5').update(message).digest()
    return Buffer.concat([Buffer.from('f3899ac2', 'hex'), message, digest])
  }
  const bare = field(3, Buffer.from([8, 0, 26, 0]))
  const hashed = field(3, Buffer.from([8, 0, 16, 0, 26, 0]))
  const many = (entry: Buffer, size: number) => Buffer.alloc(size - (size % entry.length), entry)
  const range = { startingHashKey: '0', endingHashKey: String(2n ** 128n - 1n) }

  const shapes: Readonly<Record<string, (size: number) => Buffer>> = {
    'empty user records': (size) => sealed(field(1, Buffer.from('a')), many(bare, size)),
    'user records that share a long key': (size) =>
      sealed(field(1, Buffer.alloc(size, 'k')), many(bare, size)),
    'user records that share a long hash key': (size) =>
      sealed(field(1, Buffer.from('a')), field(2, Buffer.alloc(size, '7')), many(hashed, size)),
    'user records that share a hash key of zeros': (size) =>
      sealed(field(1, Buffer.from('a')), field(2, Buffer.alloc(size, '0')), many(hashed, size)),
    'keys that nothing names': (size) => sealed(many(field(1, Buffer.alloc(0)), size), bare),
    'groups in each other': (size) => sealed(Buffer.alloc(size, 0x2b)),
    'groups one after the other': (size) => sealed(many(Buffer.from([0x2b, 0x2c]), size)),
    'tags of one user record': (size) =>
      sealed(
        field(1, Buffer.from('a')),
        field(3, Buffer.concat([Buffer.from([8, 0, 26, 0]), many(field(4, Buffer.from([10, 0])), size)])),
      ),
  }
  for (const [what, make] of Object.entries(shapes))
    test(`of ${what}`, () => {
      const growth = growthOf(SIZE, (size) => {
        const record = {
          sequence: '7',
          subSequence: 0,
          partitionKey: 'p',
          data: make(size),
          arrivedAt: new Date(0),
        }
        return () => {
          for (const given of [range, undefined]) {
            const aggregate = deaggregate(record, given)
            let seen = 0
            for (const user of aggregate ?? []) seen += user.subSequence >= 0 ? 1 : 0
            expect(seen).toBe(aggregate?.size ?? 0)
          }
        }
      })
      expect(isLinear(growth), `it grew by ${growth}`).toBe(true)
    })
})
