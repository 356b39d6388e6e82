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
