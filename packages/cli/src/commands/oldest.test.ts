import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createOldest } from './oldest.ts'

test('property: the oldest are kept, in order, and of one moment the first that came', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(50), { maxLength: 300 }),
      fc.integer({ min: 1, max: 20 }),
      (moments, limit) => {
        const oldest = createOldest<{ at: number; n: number }>(limit, ({ at }) => at)
        const all = moments.map((at, n) => ({ at, n }))
        for (const one of all) oldest.add(one)
        expect(oldest.all()).toEqual(all.toSorted((a, b) => a.at - b.at).slice(0, limit))
      },
    ),
  )
})

test('of 100,000 no more than twice as many are held as are shown', () => {
  const held = new Set<number>()
  const oldest = createOldest<number>(50, (at) => {
    held.add(at)
    return at
  })
  // Each is older than all before it, so that none is turned away.
  for (let at = 100_000; at > 0; at -= 1) oldest.add(at)
  held.clear()
  expect(oldest.all()).toEqual(Array.from({ length: 50 }, (_, n) => n + 1))
  expect(held.size).toBeLessThanOrEqual(100)
})
