import { unmarshall } from '@aws-sdk/util-dynamodb'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changeIn, changeTo, recordText } from '../../test/records.ts'
import { marshal } from './attributes.ts'

const imageOf = (image: string) => changeTo(image).image('after')

describe('an image', () => {
  test('of every type becomes plain values', () => {
    const text = `{"s":{"S":"x"},"n":{"N":"-12.50"},"t":{"BOOL":true},"f":{"BOOL":false},"z":{"NULL":true},
      "b":{"B":"AQL+/w=="},"m":{"M":{"x":{"L":[{"S":""},{"N":"0"}]}}},"l":{"L":[]},"e":{"M":{}},
      "ss":{"SS":["a","b"]},"ns":{"NS":["1","2.5"]},"bs":{"BS":["CQ=="]},"nothing":{"B":""}}`
    const plain = {
      s: 'x',
      n: -12.5,
      t: true,
      f: false,
      z: null,
      b: new Uint8Array([1, 2, 254, 255]),
      m: { x: ['', 0] },
      l: [],
      e: {},
      ss: new Set(['a', 'b']),
      ns: new Set([1, 2.5]),
      bs: new Set([new Uint8Array([9])]),
      nothing: new Uint8Array(),
    }
    // With the blanks by JSON.parse, without them in one pass.
    expect(imageOf(text)).toEqual(plain)
    expect(imageOf(text.replaceAll(/\n */g, ''))).toEqual(plain)
  })

  test('keeps texts as they are: escapes, what is not ASCII, lone surrogates', () => {
    const texts = ['Zoë 山田 😀', 'a"b\\c/\n\u0000\u2028', '\ud800', 'x\udc00', '']
    const row = Object.fromEntries(texts.map((text, n) => [`${text}${n}`, text]))
    expect(imageOf(JSON.stringify(marshal(row)))).toEqual(row)
    expect(imageOf('{"a":{"S":"\\ud83d\\ude00\\/"}}')).toEqual({ a: '😀/' })
  })

  test('of a name twice has the last one, as for JSON.parse, even if the first was none', () => {
    expect(imageOf('{"a":{"S":"1"},"b":{"S":"2"},"a":{"S":"3"}}')).toEqual({ a: '3', b: '2' })
    expect(imageOf('{"a":{"X":1},"a":{"S":"3"}}')).toEqual({ a: '3' })
    expect(imageOf('{"a":{"S":"1","S":"2"}}')).toEqual({ a: '2' })
  })

  test('cannot change its own prototype', () => {
    for (const name of ['__proto__', '\\u005f_proto__'])
      expect(() => imageOf(`{"m":{"M":{"${name}":{"M":{"admin":{"BOOL":true}}}}}}`)).toThrow(/'m.__proto__'/)
    expect(imageOf('{"constructor":{"S":"x"},"toString":{"S":"y"}}')).toEqual({
      constructor: 'x',
      toString: 'y',
    })
  })

  test("is followed to DynamoDB's 32 levels, and refused beyond, by name", () => {
    const nested = (levels: number): string =>
      levels === 0
        ? '{"S":"x"}'
        : levels % 2
          ? `{"M":{"m":${nested(levels - 1)}}}`
          : `{"L":[${nested(levels - 1)}]}`
    for (const levels of [12, 20, 31]) {
      const image = `{"a":${nested(levels)}}`
      expect(imageOf(image)).toEqual(unmarshall(JSON.parse(image)))
    }
    for (const levels of [33, 500]) {
      const change = changeTo(`{"a":${nested(levels)}}`)
      expect(() => change.image('after')).toThrow(/^'a.* is nested deeper than 32 levels/)
      expect(change.image('before')).toBeUndefined()
      expect(change.keys()).toEqual({ id: 'a' })
    }
  })

  test('of 400 KB is decoded, whatever fills it', () => {
    const rows = [
      { text: 'x'.repeat(400_000) },
      { text: 'ä"'.repeat(130_000) },
      { list: Array.from({ length: 30_000 }, (_, n) => n) },
      { bytes: new Uint8Array(300_000).fill(7) },
      Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`name${n}`, n])),
    ]
    for (const row of rows) expect(imageOf(JSON.stringify(marshal(row)))).toEqual(row)
  })

  test('that is wrong is refused with its path, again and again, and holds up no other part', () => {
    const change = changeIn(recordText({ NewImage: { a: { L: [{ S: 1 }] } }, OldImage: { a: { S: 'old' } } }))
    for (let n = 0; n < 2; n += 1)
      expect(() => change.image('after')).toThrow(/'a\[0\]' is a number: expected a text/)
    expect(change.image('before')).toEqual({ a: 'old' })
    const refused = {
      '{"b":{"B":"A"}}': /'b' is a text: expected base64/,
      '{"s":{"SS":[{}]}}': /'s\[0\]' is an object: expected a text/,
    }
    for (const [image, why] of Object.entries(refused)) expect(() => imageOf(image)).toThrow(why)
  })

  test('that is not there is undefined; one that is null as well', () => {
    const change = changeIn(recordText({ OldImage: null }))
    expect([change.image('after'), change.image('before')]).toEqual([undefined, undefined])
  })

  test('is decoded once', () => {
    const change = changeIn(recordText({ NewImage: marshal({ a: {} }), OldImage: marshal({ a: {} }) }))
    for (const name of ['before', 'after'] as const) expect(change.image(name)).toBe(change.image(name))
  })
})

describe('a number', () => {
  const as = (text: string, numbers: 'double' | 'lossless') =>
    changeTo(JSON.stringify({ n: { N: text }, s: { NS: [text] } })).image('after', numbers)

  const integers = ['0', '-0', '7', '007', '5.', '5.0', '-12.00', '1e5', '1.5E3', '9007199254740992', '1e22']
  const decimals = ['-12.50', '.5', '1.5E-7', '0.1', '12345.6789012345', '-0.000001']

  test('that a double prints is a number; without loss an integer is a bigint, however small and however written', () => {
    for (const text of [
      ...integers,
      ...decimals,
      '123456789012345',
      '4912103092126044000',
      '100000000000000000000000',
    ])
      expect(as(text, 'double')).toEqual({ n: Number(text), s: new Set([Number(text)]) })
    expect(as('100000000000000000000000', 'lossless')).toMatchObject({ n: 10n ** 23n })
    for (const text of [...integers, '123456789012345'])
      expect(as(text, 'lossless')).toEqual({ n: BigInt(Number(text)), s: new Set([BigInt(Number(text))]) })
    for (const text of decimals)
      expect(as(text, 'lossless')).toEqual({ n: Number(text), s: new Set([Number(text)]) })
  })

  test('that a double would round, or write otherwise, is refused, or kept: an integer as a bigint, a decimal as its text', () => {
    const integers = [
      '9007199254740993',
      '-12345678901234567890123456789012345678',
      '1152921504606846976',
      '-1234567890123456768',
      '9223372036854774784',
    ]
    const decimals = ['0.1234567890123456789', '-1.00000000000000000000000000000000001', '1e-400', '9.9e400']
    for (const text of [...integers, ...decimals]) expect(() => as(text, 'double')).toThrow(/'n' (has|is)/)
    for (const text of integers)
      expect(as(text, 'lossless')).toEqual({ n: BigInt(text), s: new Set([BigInt(text)]) })
    for (const text of decimals) expect(as(text, 'lossless')).toEqual({ n: text, s: new Set([text]) })
  })

  test('property: whichever way an integer comes and goes, it keeps its digits', () => {
    const written = fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n })
    fc.assert(
      fc.property(written, (integer) => {
        const text = String(integer)
        const row = changeTo(JSON.stringify({ n: { N: text } })).image('after', 'lossless') ?? {}
        expect(row).toEqual({ n: integer })
        expect(marshal(row)).toEqual({ n: { N: text } })
        try {
          const { n } = changeTo(JSON.stringify({ n: { N: text } })).image('after', 'double') ?? {}
          expect(BigInt(JSON.stringify(n).includes('e') ? Number(n) : JSON.stringify(n))).toBe(integer)
        } catch (error) {
          expect(error).toMatchObject({ code: 'attributes' })
        }
      }),
    )
  })

  test('kept as a bigint is written back with all its digits', () => {
    const image = { n: { N: '12345678901234567890123456789012345678' } }
    const row = changeTo(JSON.stringify(image)).image('after', 'lossless')
    expect(marshal(row ?? {})).toEqual(image)
  })

  test('refused as a double is still kept for who asks without loss, and the other way round', () => {
    const change = changeTo('{"n":{"N":"9007199254740993"}}')
    expect(() => change.image('after')).toThrow(/'n' has 16 digits/)
    expect(change.image('after', 'lossless')).toEqual({ n: 9007199254740993n })
    expect(() => change.image('after')).toThrow(/'n' has 16 digits/)
  })

  test('that is no decimal is refused either way', () => {
    for (const text of ['', ' ', 'NaN', 'Infinity', '0x10', '1 ', '--1', '.', '-', '1e', '1.2.3'])
      for (const numbers of ['double', 'lossless'] as const)
        expect(() => as(text, numbers)).toThrow(/'n' is not a number/)
  })

  test('of more than 1,000 characters is none, however it is asked for: nobody waits for its digits', () => {
    for (const text of [
      '7'.repeat(1_001),
      `1${'0'.repeat(1_000)}`,
      `${'1'.repeat(80_000)}x`,
      `1e${'9'.repeat(999)}`,
    ])
      for (const numbers of ['double', 'lossless'] as const)
        expect(() => as(text, numbers)).toThrow(/'n' is not a number: DynamoDB writes none of \d+ characters/)
    expect(as('7'.repeat(1_000), 'lossless')).toMatchObject({ n: BigInt('7'.repeat(1_000)) })
  })
})

test('a refusal names a long path by its beginning: a message is kept with its record', () => {
  const change = changeTo(`{"${'n'.repeat(100_000)}":{"S":1}}`)
  expect(() => change.image('after')).toThrow(/^'n{200}…' is a number: expected a text$/)
})
