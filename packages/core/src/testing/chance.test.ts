import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chanceOf } from './chance.ts'

test('the same seed draws the same, each in its range', () =>
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 1_000 }), (seed, bound) => {
      const [chance, again] = [chanceOf(seed), chanceOf(seed)]
      for (let n = 0; n < 20; n += 1) {
        const drawn = chance.below(bound)
        expect(again.below(bound)).toBe(drawn)
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < bound).toBe(true)
      }
      expect(chance.random()).toBeGreaterThanOrEqual(0)
      expect(chance.random()).toBeLessThan(1)
    }),
  ))

test('seeds that follow one another draw differently from the first draw on: a run of many is as many runs', () => {
  const FACES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const
  for (const from of [0, 1, 78_200, 2 ** 31 - 100]) {
    const firsts = Array.from({ length: 80 }, (_, n) => chanceOf(from + n).pick(FACES))
    for (const face of FACES) expect(firsts.filter((each) => each === face).length).toBeGreaterThan(1)
  }
})
