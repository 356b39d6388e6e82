import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeCbor, encodeCbor } from './cbor.ts'

const require = createRequire(import.meta.url)
/** An implementation by somebody else: the one that kinesalite has. */
const { Encoder, Decoder } = createRequire(require.resolve('kinesalite'))('cbor')

const hex = (text: string) => Buffer.from(text, 'hex')

describe('CBOR', () => {
  it('is read as another implementation writes it, and the other way round', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (given) => {
        // What JSON carries: of zeros it has one, CBOR two.
        const value = JSON.parse(JSON.stringify(given))
        expect(decodeCbor(Encoder.encodeOne(value))).toEqual(value)
        expect(decodeCbor(encodeCbor(value))).toEqual(value)
        // The other one takes this name for the prototype.
        if (JSON.stringify(value).includes('__proto__')) return
        expect(Decoder.decodeFirstSync(encodeCbor(value))).toEqual(value)
      }),
    )
  })

  it.each([0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32, -1, -500, 1.5, 2 ** 53 - 1])(
    'has the number %d',
    (number) => {
      expect(decodeCbor(encodeCbor(number))).toBe(number)
      expect(decodeCbor(Encoder.encodeOne(number))).toBe(number)
    },
  )

  it.each([
    ['a map and a list without lengths', 'bf61619f0203ffff', { a: [2, 3] }],
    ['bytes in parts', '5f42010243030405ff', Buffer.from([1, 2, 3, 4, 5])],
    ['a text in parts', '7f657374726561646d696e67ff', 'streaming'],
    ['a time with its tag', 'c11a514b67b0', 1_363_896_240],
    ['half a float', 'f93c00', 1],
    ['a small half', 'f90001', 2 ** -24],
    ['a float', 'fa47c35000', 100_000],
    ['undefined', 'f7', null],
  ])('has %s', (_, text, value) => {
    expect(decodeCbor(hex(text))).toEqual(value)
  })

  it.each([
    ['nothing', ''],
    ['too little', '6261'],
    ['too much', '0101'],
    ['a length that is none', '1c'],
    ['a break alone', 'ff'],
    ['a break in a list of a length', '82ff'],
    ['a number without an end', '1f'],
    ['a key that is no text', 'a10101'],
    ['a key without a value', 'bf6161ff'],
    ['a text of bytes', '7f4161ff'],
    ['a value that is none', 'e0'],
    ['more levels than anybody needs', '81'.repeat(100_000)],
    ['a list longer than its bytes', '9b00ffffffffffffff'],
  ])('is refused with %s', (_, text) => {
    expect(() => decodeCbor(hex(text))).toThrow(SyntaxError)
  })

  it('is read or refused, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decodeCbor(Buffer.from(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError)
        }
      }),
    )
  })
})
