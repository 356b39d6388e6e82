import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ringOf } from './ring.ts'

const names = (count: number) => Array.from({ length: count }, (_, n) => `nodes.000${n}.cache.test:11211`)
const keys = Array.from({ length: 10_000 }, (_, n) => `spaceship:k${n}`)

test('without nodes a key belongs to none, with one to it', () => {
  expect(ringOf([])('a')).toBeUndefined()
  fc.assert(fc.property(fc.string(), (key) => void expect(ringOf(['n:1'])(key)).toBe('n:1')))
})

test('the order in which nodes are listed does not matter', () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray(names(6), { minLength: 6 }),
      fc.string(),
      (shuffled, key) => void expect(ringOf(shuffled)(key)).toBe(ringOf(names(6))(key)),
    ),
    { numRuns: 30 },
  )
})

test('no node of ten has less than half or more than one and a half of its share', () => {
  const ring = ringOf(names(10))
  const shares = new Map<string | undefined, number>()
  for (const key of keys) shares.set(ring(key), (shares.get(ring(key)) ?? 0) + 1)
  for (const name of names(10)) {
    expect(shares.get(name)).toBeGreaterThan(500)
    expect(shares.get(name)).toBeLessThan(1_500)
  }
})

test('a node that goes takes no key of another one with it', () => {
  const [before, after] = [ringOf(names(5)), ringOf(names(4))]
  const gone = names(5)[4]
  for (const key of keys) if (before(key) !== gone) expect(after(key)).toBe(before(key))
})
