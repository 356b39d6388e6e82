import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parsed } from './index.ts'

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

test('JSON of any depth up to 1,000 is read', () => {
  expect(JSON.stringify(parsed(nested(1_000)))).toBe(nested(1_000))
  expect(() => parsed(nested(1_001))).toThrow(/1000 levels/)
  expect(() => parsed(nested(1_000_000))).toThrow(SyntaxError)
})

test('what stands in strings does not count', () => {
  const text = JSON.stringify({ a: `"\\${'['.repeat(5_000)}`, b: '\\' })
  expect(parsed(text)).toEqual(JSON.parse(text))
})

test('it reads all that JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(parsed(text)).toEqual(JSON.parse(text))
    }),
  )
})
