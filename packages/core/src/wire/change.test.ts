import { describe, expect, test } from 'vitest'
import { changeIn, recordText } from '../../test/records.ts'
import { marshal } from './attributes.ts'

describe('the text of a key', () => {
  const keyed = (Keys: object) => changeIn(recordText({ Keys }))

  test('is the text of its attribute: a string as it is, a number with all its digits, binary as base64url', () => {
    const digits = '12345678901234567890123456789012345678'
    expect(keyed({ id: { S: 'a|b\\ä' } }).keyText(['id'])).toBe('a|b\\ä')
    expect(keyed({ n: { N: digits } }).keyText(['n'])).toBe(digits)
    expect(keyed({ b: { B: '+/8=' } }).keyText(['b'])).toBe('-_8')
  })

  test('of two attributes is both, in the order of the names, and no two keys look alike', () => {
    const change = keyed({ sk: { N: '7' }, pk: { S: 'a' } })
    expect([change.keyText(['pk', 'sk']), change.keyText(['sk', 'pk'])]).toEqual(['a|7', '7|a'])
    const pairs = [
      ['a|b', 'c'],
      ['a', 'b|c'],
      ['a\\', 'b'],
      ['a', '\\b'],
      ['a\\|b', 'c'],
      ['a\\', '|b'],
    ]
    const texts = pairs.map(([pk, sk]) => keyed(marshal({ pk, sk })).keyText(['pk', 'sk']))
    expect(new Set(texts).size).toBe(pairs.length)
  })

  test('that the record does not have is refused by name: an empty key would put all items in one lane', () => {
    const change = keyed({ pk: { S: 'a' }, sk: { S: 'b' } })
    for (const names of [['id'], ['pk', 'id'], ['constructor'], ['__proto__']])
      expect(() => change.keyText(names)).toThrow(
        expect.objectContaining({
          code: 'attributes',
          message: expect.stringContaining(`'${names.at(-1)}'`),
        }),
      )
    expect(() => change.keyText(['id'])).toThrow(/expected 'pk', 'sk'/)
    expect(() => keyed({ id: { BOOL: true } }).keyText(['id'])).toThrow(/'id'/)
  })

  test('is refused where N holds no number, with blanks in the record or without', () => {
    for (const text of ['', 'x', ' 7', '7 ', '0x10', '7'.repeat(1_001)]) {
      const Keys = { pk: { S: 'a' }, n: { N: text } }
      const plain = recordText({ Keys })
      for (const data of [plain, plain.replace('"Keys":', '"Keys" : ')])
        for (const names of [['n'], ['pk', 'n']])
          expect(() => changeIn(data).keyText(names)).toThrow(/^'n' is not a number/)
    }
  })

  test('is read where images cannot be', () => {
    const change = changeIn(recordText({ NewImage: { a: { X: 1 } } }))
    expect(change.keyText(['id'])).toBe('a')
  })
})

describe('who made a change', () => {
  const service = { type: 'Service', principalId: 'dynamodb.amazonaws.com' }
  const stamp = (time: string, deleting = false) =>
    marshal({
      'aws:rep:updateregion': 'us-east-1',
      'aws:rep:deleting': deleting,
      'aws:rep:updatetime': Number(time),
    })
  const by = (eventName: string, dynamodb: object, userIdentity: object | null = null) =>
    changeIn(recordText({ ...dynamodb }, { eventName, userIdentity })).by

  test('is told however its letters are escaped', () => {
    const escaped = (text: string) =>
      changeIn(text.replace('amazonaws', 'amazon\\u0061ws').replaceAll('aws:rep', 'aws\\u003arep')).by
    expect(escaped(recordText({}, { eventName: 'REMOVE', userIdentity: service }))).toBe('ttl')
    expect(escaped(recordText({ NewImage: stamp('1') }, { eventName: 'INSERT' }))).toBe('replication')
  })

  test('is the time to live only for a removal by the service', () => {
    expect(by('REMOVE', {}, service)).toBe('ttl')
    expect(by('REMOVE', {})).toBe('user')
    expect(by('MODIFY', { NewImage: {} }, service)).toBe('user')
    expect(by('REMOVE', { OldImage: marshal({ note: 'dynamodb.amazonaws.com' }) })).toBe('user')
  })

  test('is the replication of a legacy global table where it stamps the row', () => {
    expect(by('INSERT', { NewImage: stamp('1') })).toBe('replication')
    expect(by('MODIFY', { OldImage: stamp('1'), NewImage: stamp('2') })).toBe('replication')
    expect(by('MODIFY', { OldImage: {}, NewImage: stamp('2') })).toBe('replication')
    expect(by('REMOVE', { OldImage: stamp('2', true) })).toBe('replication')
  })

  test('is a user where the stamp stayed, or where the words are only in a text', () => {
    expect(by('MODIFY', { OldImage: stamp('1'), NewImage: { ...stamp('1'), n: { N: '2' } } })).toBe('user')
    expect(by('MODIFY', { OldImage: stamp('1'), NewImage: {} })).toBe('user')
    expect(by('REMOVE', { OldImage: stamp('1') })).toBe('user')
    expect(by('INSERT', { NewImage: marshal({ note: 'aws:rep:updateregion' }) })).toBe('user')
  })
})

describe('time', () => {
  const of = (dynamodb: object) => {
    const { at, time } = changeIn(
      recordText({ ApproximateCreationDateTimePrecision: undefined, ...dynamodb }),
    )
    return [at.getTime(), time.min, time.max]
  }

  test('is understood in each precision, mixed on one stream, wherever the precision stands', () => {
    const micros = 1_796_000_000_123_456
    const expected = [1_796_000_000_123, micros, micros]
    expect(of({ ApproximateCreationDateTime: micros })).toEqual(expected)
    expect(
      of({ ApproximateCreationDateTime: micros, ApproximateCreationDateTimePrecision: 'MICROSECOND' }),
    ).toEqual(expected)
    const millis = {
      ApproximateCreationDateTime: 1_796_000_000_123,
      ApproximateCreationDateTimePrecision: 'MILLISECOND',
    }
    const interval = [1_796_000_000_123, 1_796_000_000_123_000, 1_796_000_000_123_999]
    expect(of(millis)).toEqual(interval)
    expect(of({ ...millis, ApproximateCreationDateTimePrecision: undefined })).toEqual(interval)
    expect(of({ ApproximateCreationDateTime: 1_796_000_000 })).toEqual([
      1_796_000_000_000,
      1.796e15,
      1.796e15 + 999_999,
    ])
  })

  test('of a precision that nobody knows is told by its magnitude', () => {
    const seen = of({
      ApproximateCreationDateTime: 1_796_000_000_123,
      ApproximateCreationDateTimePrecision: 'NANOSECOND',
    })
    expect(seen).toEqual([1_796_000_000_123, 1_796_000_000_123_000, 1_796_000_000_123_999])
  })
})

describe('the identity', () => {
  const NewImage = marshal({ a: '1', b: { c: 2, d: 3 } })
  const identity = (dynamodb: object, more: object = {}) =>
    changeIn(recordText({ NewImage, ...dynamodb }, { ...more })).identity()

  test('is equal for repeats, whatever the order of members, the event id and the size', () => {
    const one = identity({})
    const turned = { b: { M: { d: { N: '3' }, c: { N: '2' } } }, a: { S: '1' } }
    expect(identity({ NewImage: turned }, { eventID: 'another', awsRegion: 'us-east-1' })).toBe(one)
    const sets = (SS: string[]) => identity({ NewImage: { s: { SS } } })
    expect(sets(['a', 'b'])).toBe(sets(['b', 'a']))
    const blanks = JSON.stringify(JSON.parse(recordText({ NewImage })), undefined, 2)
    expect(changeIn(blanks).identity()).toBe(one)
  })

  test('differs with each thing that happened', () => {
    const all = [
      identity({}),
      identity({ NewImage: marshal({ a: '2' }) }),
      identity({ OldImage: NewImage }),
      identity({ NewImage: marshal({ a: ['1', '2'] }) }),
      identity({ NewImage: marshal({ a: ['2', '1'] }) }),
      identity({ Keys: marshal({ id: 'b' }) }),
      identity({ ApproximateCreationDateTime: 1_796_000_000_000_001 }),
      identity({ ApproximateCreationDateTimePrecision: 'MILLISECOND' }),
      identity({}, { tableName: 'orders' }),
      identity({}, { eventName: 'INSERT' }),
    ]
    expect(new Set(all).size).toBe(all.length)
  })
})

test('a change that is nested without end still has an actor and an identity: its bytes are its identity', () => {
  const levels = 100_000
  const deep = (more: string) =>
    changeIn(
      recordText({ OldImage: 'DEEP', NewImage: 'STAMP' })
        .replace('"DEEP"', () => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`)
        .replace('"STAMP"', () => `{"aws:rep:updatetime":${'{"N":'.repeat(levels)}1${'}'.repeat(levels)}}`)
        .replace('"clients"', () => `"clients"${more}`),
    )
  expect(deep('').by).toBe('user')
  expect(deep('').identity()).toBe(deep('').identity())
  expect(deep(',"awsRegion":"x"').identity()).not.toBe(deep('').identity())
})
