import fc from 'fast-check'
import { expect, test } from 'vitest'
import { enveloped, expiryOf, itemKey, opened } from './item.ts'

const keys = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 1_024 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 300 }),
  fc.stringMatching(/^~[!-~]{0,50}$/),
)
const prefixes = fc.stringMatching(/^[!-~]{0,200}$/)

test('the key of an item is one that Memcached takes, whatever the key is', () => {
  fc.assert(
    fc.property(prefixes, keys, (prefix, key) => {
      expect(itemKey(prefix, key)).toMatch(/^[\x21-\x7e]{1,250}$/)
    }),
  )
})

test('two keys have two items, also one that looks like the digest of the other', () => {
  fc.assert(
    fc.property(keys, keys, (one, other) => {
      const item = itemKey('p:', one)
      if (one !== other) expect(itemKey('p:', other)).not.toBe(item)
      // A digest is no item's plain key.
      if (item !== `p:${one}`) expect(itemKey('p:', item.slice(2))).not.toBe(item)
    }),
  )
})

test('a value comes back as it was under its own key, and under no other', () => {
  fc.assert(
    fc.property(keys, keys, fc.string({ unit: 'grapheme', maxLength: 2_048 }), (one, other, value) => {
      const [mine, theirs] = [itemKey('', one || 'a'), itemKey('', other || 'b')]
      const data = enveloped(mine, value)
      expect(opened(mine, data)).toBe(value)
      if (mine !== theirs) expect(() => opened(theirs, data)).toThrow('belongs to another key')
    }),
  )
})

test('an expiry is seconds up to 30 days, then a date, and never one that is over or does not fit into 32 bits', () => {
  const now = Date.UTC(2026, 0)
  const day = 86_400_000
  expect([0, 1, 1_000, 1_001, 30 * day].map((ttl) => expiryOf(ttl, now))).toEqual([1, 1, 1, 2, 2_592_000])
  expect(expiryOf(30 * day + 1, now)).toBe(now / 1_000 + 2_592_001)
  expect(expiryOf(100 * 365 * day, now)).toBe(2_147_483_647)
  for (const year of [2038, 2039, 2100]) expect(expiryOf(40 * day, Date.UTC(year, 1))).toBe(2_592_000)
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e16, noNaN: true }), fc.nat(4e12), (ttl, moment) => {
      const expiry = expiryOf(ttl, moment)
      expect(expiry).toBeLessThanOrEqual(2_147_483_647)
      if (expiry > 2_592_000) expect(expiry).toBeGreaterThan(moment / 1_000)
      expect(expiry).toBeGreaterThanOrEqual(1)
    }),
  )
})
