import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { matcher, same } from './pattern.ts'

const rules: Readonly<
  Record<string, [pattern: object, matches: [unknown, unknown][], misses: [unknown, unknown][]]>
> = {
  'anything else': [
    { f: {} },
    [
      [1, 2],
      [undefined, 1],
      [1, null],
    ],
    [
      [1, 1],
      [null, undefined],
    ],
  ],
  'away from a value': [
    { f: { from: 'a' } },
    [['a', 'b']],
    [
      ['b', 'a'],
      ['a', 'a'],
    ],
  ],
  'to one of a list': [
    { f: { to: ['a', 'b'] } },
    [
      ['c', 'a'],
      [undefined, 'b'],
    ],
    [
      ['a', 'c'],
      ['a', 'a'],
    ],
  ],
  'from one to another': [
    { f: { from: 'a', to: 'b' } },
    [['a', 'b']],
    [
      ['a', 'c'],
      ['c', 'b'],
    ],
  ],
  'from nothing': [
    { f: { from: undefined } },
    [
      [undefined, 1],
      [null, 1],
    ],
    [
      [1, 2],
      [null, undefined],
    ],
  ],
  'to nothing': [
    { f: { to: undefined } },
    [
      [1, undefined],
      [1, null],
    ],
    [
      [1, 2],
      [undefined, null],
    ],
  ],
  'as a predicate says': [
    { f: (a: number, b: number) => b > a },
    [[1, 2]],
    [
      [2, 1],
      [1, 1],
    ],
  ],
}
for (const [what, [pattern, matches, misses]] of Object.entries(rules)) {
  test(`a rule matches a change ${what}`, () => {
    const match = matcher(pattern as Record<string, unknown>, 'e')
    for (const [before, after] of matches) expect(match({ f: before }, { f: after })).toBe(true)
    for (const [before, after] of misses) expect(match({ f: before }, { f: after })).toBe(false)
  })
}

test('every rule of a pattern has to hold', () => {
  const match = matcher({ a: { to: 1 }, b: { to: 2 } }, 'e')
  expect(match({ a: 0, b: 0 }, { a: 1, b: 2 })).toBe(true)
  expect(match({ a: 0, b: 2 }, { a: 1, b: 2 })).toBe(false)
})

test('rows are compared by what they hold: sets, binary, dates, nested', () => {
  const bytes = (...items: number[]) => new Uint8Array(items)
  const equal: [unknown, unknown][] = [
    [null, undefined],
    [Number.NaN, Number.NaN],
    [new Set(['a', 'b']), new Set(['b', 'a'])],
    [new Set([bytes(1)]), new Set([bytes(1)])],
    [bytes(1, 2), bytes(1, 2)],
    [new Set([new Date(5), { a: 1 }, null]), new Set([null, { a: 1 }, new Date(5)])],
    [new Date(5), new Date(5)],
    [Object.create(null), Object.create(null)],
    [new URL('https://a.example'), new URL('https://a.example/')],
    [{ a: [1, { b: null }] }, { a: [1, { b: undefined }] }],
    [new Map([['a', 1]]), new Map([['a', 1]])],
  ]
  const different: [unknown, unknown][] = [
    [1, '1'],
    [0, null],
    ['', undefined],
    [new Set(['a']), new Set(['a', 'b'])],
    [bytes(1, 2), bytes(1, 3)],
    [bytes(1), [1]],
    [new Date(5), new Date(6)],
    [new URL('https://a.example'), new URL('https://b.example')],
    [[], {}],
    [{ a: 1 }, { a: 1, b: 1 }],
    [new Set(['a']), ['a']],
    [new Set([bytes(1), bytes(1)]), new Set([bytes(1), bytes(2)])],
    [new Set([bytes(65)]), new Set(['A'])],
    [new Set([1]), new Set(['1'])],
    [new Date(5), {}],
    [new Set(), {}],
    [new Map(), {}],
  ]
  for (const [a, b] of equal) expect([same(a, b), same(b, a)], JSON.stringify([a, b])).toEqual([true, true])
  for (const [a, b] of different)
    expect([same(a, b), same(b, a)], JSON.stringify([a, b])).toEqual([false, false])
})

test('property: a value is the same as its copy, and a copy that differs somewhere is not', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(same(a, structuredClone(a))).toBe(true)
      expect(same([a, 'x'], [structuredClone(a), 'y'])).toBe(false)
      expect(same(a, b)).toBe(same(b, a))
    }),
  )
})
