import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matches } from './wildcard.ts'

test.each([
  ['a', 'a', true],
  ['a', 'ab', false],
  ['*', '', true],
  ['a*', 'a', true],
  ['a*b*', 'acbd', true],
  ['ab*ba', 'aba', false],
  ['*a*a', 'a', false],
  ['logs-*-11', 'logs-2026-11', true],
])('%s stands for %s: %s', (pattern, text, is) => {
  expect(matches(pattern, text)).toBe(is)
})

test('a path stands for what lies below it, too', () => {
  expect(matches('a', 'a.b', '.')).toBe(true)
  expect(matches('a', 'ab', '.')).toBe(false)
  expect(matches('a.*c', 'a.bc.d', '.')).toBe(true)
  expect(matches('a.*c', 'a.bcd', '.')).toBe(false)
})

test('it agrees with a regular expression', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 12 })
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 8 })
  const expressionOf = (given: string, end: string) =>
    new RegExp(`^${given.replaceAll('.', '\\.').replaceAll('*', '.*')}${end}`)
  fc.assert(
    fc.property(pattern, text, (given, name) => {
      expect(matches(given, name)).toBe(expressionOf(given, '$').test(name))
      expect(matches(given, name, '.')).toBe(expressionOf(given, '(\\.|$)').test(name))
    }),
    { numRuns: 500 },
  )
})

test('thousands of stars cost no more than their length', () => {
  expect(matches(`${'a*'.repeat(20_000)}b`, 'a'.repeat(50_000))).toBe(false)
})
