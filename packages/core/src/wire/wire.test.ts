import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { read as readWanted } from '../kinds/read.ts'
import { marshal, unmarshal } from './attributes.ts'
import { comparePositions, formatPosition, parsePosition } from './position.ts'

const read = (data: Uint8Array) => readWanted(data, () => true)
const bytes = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))

describe('attributes', () => {
  const name = fc.string({ minLength: 1 }).filter((text) => text !== '__proto__')
  const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0)
  const binary = fc.uint8Array()
  const { row } = fc.letrec<{ row: Record<string, unknown>; value: unknown }>((tie) => ({
    row: fc.dictionary(name, tie('value'), { noNullPrototype: true }),
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      number,
      fc.boolean(),
      fc.constant(null),
      binary,
      fc.uniqueArray(fc.string(), { minLength: 1 }).map((items) => new Set(items)),
      fc.uniqueArray(number, { minLength: 1, comparator: 'SameValueZero' }).map((items) => new Set(items)),
      binary.map((item) => new Set([item])),
      fc.array(tie('value')),
      tie('row'),
    ),
  }))

  test('property: what is marshalled, sent as JSON and unmarshalled is what it was', () => {
    fc.assert(
      fc.property(row, (item) => {
        expect(unmarshal(JSON.parse(JSON.stringify(marshal(item))))).toEqual(item)
      }),
      { numRuns: 300 },
    )
  })

  test('property: a decimal is what DynamoDB holds to its last digit, or it is refused', () => {
    const decimal = fc
      .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 38n - 1n }), fc.integer({ min: 0, max: 38 }))
      .map(([negative, digits, scale]) => {
        const text = String(digits).padStart(scale + 1, '0')
        const point = text.length - scale
        return `${negative ? '-' : ''}${text.slice(0, point)}${scale === 0 ? '' : `.${text.slice(point)}`}`
      })
    fc.assert(
      fc.property(decimal, (text) => {
        let value: unknown
        try {
          value = unmarshal({ n: { N: text } }).n
        } catch (error) {
          expect(error).toMatchObject({ code: 'attributes', message: expect.stringContaining("'n'") })
          return
        }
        expect(scaled(String(value))).toBe(scaled(text))
      }),
      { numRuns: 500 },
    )
  })

  /** A decimal text as an exact integer of 10^-80. */
  function scaled(text: string): bigint {
    const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e')
    const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
    const value = BigInt(whole + fraction) * 10n ** BigInt(80 - fraction.length + Number(exponent))
    return mantissa.startsWith('-') ? -value : value
  }

  const refused: Readonly<Record<string, [item: unknown, message: RegExp]>> = {
    'a number of 38 digits': [{ n: { N: '1'.repeat(38) } }, /'n' has 38 digits/],
    'no number': [{ n: { N: 'NaN' } }, /'n' is not a number/],
    'an empty number': [{ n: { N: '' } }, /'n' is not a number/],
    infinity: [{ n: { N: '1e999' } }, /'n' is not a number that a double can hold/],
    'a name that changes the object': [JSON.parse('{"m":{"M":{"__proto__":{"S":"x"}}}}'), /'m.__proto__'/],
    'two types at once': [{ a: { S: 'x', N: '1' } }, /'a' has 2 types: expected one/],
    'no type': [{ a: {} }, /'a' has 0 types: expected one/],
    'an unknown type': [{ a: { X: 1 } }, /'a' has a type that DynamoDB does not know/],
    'a plain value': [{ a: 'x' }, /'a' is a text: expected an attribute value/],
    null: [{ a: null }, /'a' is null: expected an attribute value/],
    'a wrong value': [{ l: { L: [{ S: 1 }] } }, /'l\[0\]' is a number: expected a text/],
    'a wrong set': [{ s: { SS: [1] } }, /'s\[0\]' is a number: expected a text/],
    'a list that is none': [{ s: { L: {} } }, /'s' is an object: expected a list/],
    'binary that is none': [{ b: { B: 7 } }, /'b' is a number: expected base64/],
  }
  for (const [what, [item, message]] of Object.entries(refused)) {
    test(`refuses ${what}, and names the path`, () => {
      expect(() => unmarshal(item as Record<string, unknown>)).toThrow(message)
    })
  }

  test('nesting is followed as deep as DynamoDB allows, and refused beyond', () => {
    const nested = (levels: number): Record<string, unknown> =>
      levels === 0
        ? { S: 'x' }
        : levels % 2 === 0
          ? { M: { a: nested(levels - 1) } }
          : { L: [nested(levels - 1)] }
    expect(() => unmarshal({ a: nested(31) })).not.toThrow()
    expect(() => unmarshal({ a: nested(40) })).toThrow(/nested deeper than 32 levels/)
  })

  test('what DynamoDB cannot hold is refused before it is sent', () => {
    for (const value of [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      new Set(),
      () => {},
      Symbol('x'),
      new Date(0),
      new Map(),
    ])
      expect(() => marshal({ bad: value })).toThrow(/'bad'/)
    expect(() => marshal({ bad: new Set<unknown>(['a', 1]) })).toThrow(/mixed types/)
    expect(() => marshal({ bad: [undefined] })).toThrow(/'bad\[0\]' is undefined/)
    expect(() => marshal(JSON.parse('{"m":{"__proto__":"x"}}'))).toThrow(/'m.__proto__'/)
    expect(marshal({ left: undefined, big: 10n ** 30n })).toEqual({ big: { N: String(10n ** 30n) } })
  })
})

test('an object whose class DynamoDB would lose is refused, within lists and maps too', () => {
  class Money {
    readonly cents = 5
  }
  for (const value of [new Money(), new URL('https://example.com'), /a/, Promise.resolve()])
    expect(() => marshal({ m: { of: [value] } })).toThrow(/'m\.\*\[0\]' is an object of a class/)
  for (const value of [new Float64Array(2), new ArrayBuffer(2), new DataView(new ArrayBuffer(2))])
    expect(() => marshal({ bytes: value })).toThrow(
      /'bytes' is binary in another form: expected a Uint8Array/,
    )
  expect(marshal({ m: Object.assign(Object.create(null), { a: 1 }) })).toEqual({
    m: { M: { a: { N: '1' } } },
  })
})

test('what is nested deeper than DynamoDB allows, or in a circle, is refused and does not end the stack', () => {
  const nested = (levels: number): unknown =>
    levels === 0 ? 'x' : levels % 2 === 0 ? { a: nested(levels - 1) } : [nested(levels - 1)]
  expect(unmarshal(marshal({ a: nested(31) }))).toEqual({ a: nested(31) })
  expect(() => marshal({ a: nested(40) })).toThrow(/nested deeper than 32 levels/)
  const circle: Record<string, unknown> = {}
  circle.a = [circle]
  expect(() => marshal(circle)).toThrow(/nested deeper than 32 levels/)
})

describe('positions', () => {
  const position = fc.record({
    sequence: fc.bigInt({ min: 0n, max: 10n ** 60n }).map(String),
    subSequence: fc.nat(500),
  })

  test('property: they compare as numbers do, whatever their length', () => {
    fc.assert(
      fc.property(position, position, (a, b) => {
        const [x, y] = [BigInt(a.sequence), BigInt(b.sequence)]
        const expected = x < y ? -1 : x > y ? 1 : Math.sign(a.subSequence - b.subSequence)
        expect(Math.sign(comparePositions(a, b))).toBe(expected)
      }),
    )
  })

  test('property: what is formatted is parsed again', () => {
    fc.assert(
      fc.property(position, (at) => {
        expect(parsePosition(formatPosition(at))).toEqual(at)
      }),
    )
  })
})

describe('read', () => {
  test('property: it never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.jsonValue().map(bytes)), (data) => {
        expect(['change', 'published', 'envelope', 'unreadable']).toContain(read(data).kind)
      }),
    )
  })

  test('endless nesting is not recognised, and harms nobody', () => {
    expect(read(bytes(`${'['.repeat(200_000)}${']'.repeat(200_000)}`))).toMatchObject({ kind: 'unreadable' })
  })

  const change = (time: unknown, more: object = {}, dynamodb: object = {}) =>
    read(
      bytes({
        eventName: 'REMOVE',
        tableName: 't',
        ...more,
        dynamodb: { ApproximateCreationDateTime: time, Keys: { id: { S: 'a' } }, ...dynamodb },
      }),
    )

  test('the time of a change is as precise as it says, or as its magnitude shows', () => {
    const at = (time: unknown, precision?: string) => {
      const found = change(
        time,
        {},
        precision === undefined ? {} : { ApproximateCreationDateTimePrecision: precision },
      )
      return found.kind === 'change' ? [found.change.time.min, found.change.time.max] : found.kind
    }
    const micros = 1_796_000_000_123_456
    expect(at(micros)).toEqual([micros, micros])
    expect(at(micros, 'MICROSECOND')).toEqual([micros, micros])
    expect(at(1_796_000_000_123)).toEqual([1_796_000_000_123_000, 1_796_000_000_123_999])
    expect(at(1_796_000_000_123, 'MILLISECOND')).toEqual([1_796_000_000_123_000, 1_796_000_000_123_999])
    expect(at(1_796_000_000)).toEqual([1_796_000_000_000_000, 1_796_000_000_999_999])
    for (const time of ['1796000000', null, 1e300, undefined]) expect(at(time)).toBe('unreadable')
  })

  test('only a removal by the service is one of time to live', () => {
    const service = { userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' } }
    const by = (more: object) => {
      const found = change(1, more)
      return found.kind === 'change' ? found.change.by : found.kind
    }
    expect([by(service), by({ userIdentity: null }), by({})]).toEqual(['ttl', 'user', 'user'])
    expect(by({ ...service, eventName: 'MODIFY' })).toBe('user')
  })

  test('the identity of a change is that of its content: a repeat has the same, an edit another', () => {
    const identity = (image: object, more: object = {}) => {
      const found = change(1_796_000_000_000, more, { OldImage: image })
      return found.kind === 'change' ? found.change.identity() : found.kind
    }
    const one = identity({ a: { S: '1' }, b: { S: '2' } })
    expect(identity({ b: { S: '2' }, a: { S: '1' } }, { eventID: 'another', awsRegion: 'x' })).toBe(one)
    expect(identity({ a: { S: '1' }, b: { S: '3' } })).not.toBe(one)
    expect(identity({ a: { S: '1' }, b: { S: '2' } }, { tableName: 'u' })).not.toBe(one)
  })

  for (const emulator of ['localstack', 'ministack']) {
    test(`the records of ${emulator} are understood: table, key, second, images, and what a double cannot hold`, () => {
      const file = new URL(`../../test/fixtures/dynamodb-kinesis/${emulator}.json`, import.meta.url)
      const records: Record<string, { data: object }> = JSON.parse(readFileSync(file, 'utf8'))
      expect(Object.keys(records)).toEqual(['INSERT', 'MODIFY', 'REMOVE'])
      for (const [kind, { data }] of Object.entries(records)) {
        const found = read(bytes(data))
        if (found.kind !== 'change') throw new Error(`${kind} was read as ${found.kind}`)
        const { change } = found
        expect(change).toMatchObject({ kind, table: 'customers', by: 'user' })
        expect(change.keys()).toEqual({ pk: 'client#1', sk: 'profile' })
        expect(change.time.max - change.time.min).toBe(999_999)
        expect(change.at.getUTCFullYear()).toBe(2026)
        const image = kind === 'REMOVE' ? 'before' : 'after'
        expect(() => change.image(image)).toThrow(/'n' has 38 digits/)
        const readable = read(
          bytes(JSON.stringify(data).replaceAll('12345678901234567890123456789012345678', '7')),
        )
        if (readable.kind !== 'change') throw new Error(`${kind} was read as ${readable.kind}`)
        expect(readable.change.image(image)).toMatchObject({
          name: 'Åsa',
          n: 7,
          b: new Uint8Array([1, 2, 254, 255]),
          ss: new Set(['a', 'b']),
          ns: new Set([1, 2.5]),
          bs: new Set([new Uint8Array([9])]),
          m: { x: [null, false] },
        })
      }
    })
  }

  test('a CloudEvent needs a version, an id, a source and a type; a time that is none does not matter', () => {
    const event = { specversion: '1.0', id: '1', source: 's', type: 't', data: 7 }
    expect(read(bytes({ ...event, time: 'yesterday' }))).toMatchObject({
      kind: 'published',
      event: { id: '1', data: 7, time: undefined },
    })
    for (const broken of [{ specversion: '2.0' }, { id: '' }, { id: 7 }, { source: '' }, { type: undefined }])
      expect(read(bytes({ ...event, ...broken })).kind).toBe('unreadable')
  })

  test('an envelope with a hole is not one', () => {
    const envelope = {
      spaceship: 1,
      kind: 'reminder',
      application: 'a',
      reminder: 'r',
      key: 'k',
      generation: 1,
    }
    expect(read(bytes(envelope)).kind).toBe('envelope')
    for (const hole of [{ spaceship: 2 }, { kind: 'tick' }, { key: 7 }, { generation: '1' }])
      expect(read(bytes({ ...envelope, ...hole })).kind).toBe('unreadable')
  })
})
