import { expect, test } from 'vitest'
import { judge, latestAround } from './ledger.ts'

const effect = (key: string, n: number, at: number, byKcl = false) => ({ key, n, at, byKcl })

test('a version without an effect, and one whose first effect came after that of a later one, are findings; a repeat is none', () => {
  const puts = new Map([
    ['a', [0, 10, 20]],
    ['b', [5, 15]],
  ])
  const effects = [
    effect('a', 1, 1),
    effect('a', 3, 30),
    effect('a', 2, 31),
    effect('a', 1, 40),
    effect('b', 1, 6, true),
  ]
  expect(judge(puts, effects)).toEqual({
    missing: ['b 2'],
    disordered: ['a 3 before 2'],
    effects: 5,
    repeated: 1,
    byKcl: 1,
  })
})

test('the latest effect is that of what was put around the moment, by its first effect', () => {
  const puts = new Map([['a', [0, 100, 200, 900]]])
  const effects = [
    effect('a', 1, 90),
    effect('a', 2, 150),
    effect('a', 3, 220),
    effect('a', 4, 5_000),
    effect('a', 2, 4_000),
  ]
  expect(latestAround(puts, effects, { from: 50, to: 250 })).toBe(50)
  expect(latestAround(puts, effects, { from: 0, to: 250 })).toBe(90)
  expect(latestAround(puts, effects, { from: 300, to: 1_000 })).toBe(4_100)
})
