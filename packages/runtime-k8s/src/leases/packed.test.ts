import { deflateRawSync } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { packed, unpacked } from './packed.ts'

/** As the engine writes them. */
function journalOf(open: number): string {
  const first = 49_680_688_485_286_253_967_331_158_940_732_061_955_746_461_032_986_443_794n
  const at = (n: number) => String(first + BigInt(n) * 1_208_925_819_614_629_174_706_176n)
  const listed = Array.from({ length: open }, (_, n) => [
    at(n),
    'orders/notify',
    1 + (n % 5),
    1_796_000_000_000,
  ])
  return JSON.stringify({ version: 1, highest: at(open), routes: ['orders/notify'], open: listed })
}

test('a short journal stays as it is; a long one takes a third of the room or less', () => {
  expect([packed(undefined), packed(journalOf(3))]).toEqual([undefined, journalOf(3)])
  const long = journalOf(2_000)
  const kept = packed(long) ?? ''
  expect(kept.length).toBeLessThan(long.length / 3)
  expect(unpacked(kept)).toBe(long)
})

test('property: what was packed is unpacked as it was', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 200 })
  fc.assert(
    fc.property(text, fc.integer({ min: 0, max: 3_000 }), (some, times) => {
      const journal = some.repeat(1 + times / 10)
      // Nothing of ours begins like a packed one: a journal is an object in JSON.
      fc.pre(!journal.startsWith('deflate:'))
      expect(unpacked(packed(journal))).toBe(journal)
    }),
  )
})

test('what somebody has edited is no journal, and one that would fill the memory is not opened', () => {
  expect(unpacked('deflate:no such thing')).toBeUndefined()
  expect(unpacked('deflate:')).toBeUndefined()
  const bomb = deflateRawSync(Buffer.alloc(64 * 1_024 * 1_024)).toString('base64')
  expect(unpacked(`deflate:${bomb}`)).toBeUndefined()
})
