/** How much the readers of a worker fetch together. */

import { virtualClock } from '@spaceship/core/memory'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Appetite, type Fetch, Fetches } from './fetches.ts'

const MIB = 1024 * 1024
const idle = () => new Promise<void>((resolve) => setImmediate(resolve))
const never = new AbortController().signal
const UNKNOWN: Appetite = { limit: 1_000, average: undefined, isBehind: true }

test('first reads, whose pages may be of any size, follow on one another as far as there is room; the others get a small page in the end', async () => {
  const clock = virtualClock()
  const fetches = new Fetches(clock, () => 64 * MIB)
  const given: Fetch[] = []
  for (let reader = 0; reader < 100; reader += 1)
    void fetches.next(UNKNOWN, never).then((fetch) => given.push(fetch))
  await idle()
  expect(given.map(({ limit }) => limit)).toEqual(Array(6).fill(1_000))
  for (const fetch of given.slice(0, 3)) fetch.over()
  await clock.moveTo(clock.now() + 100, idle)
  expect(given.length).toBe(9)
  await clock.moveTo(clock.now() + 1_000, idle)
  expect(given.length).toBe(100)
  expect(given.slice(9).every(({ limit }) => limit === 1)).toBe(true)
})

test('a bound that is smaller than a page lets one reader at a time ask', async () => {
  const clock = virtualClock()
  const fetches = new Fetches(clock, () => 1_000)
  const one = await fetches.next(UNKNOWN, never)
  let isSecond = false
  void fetches.next(UNKNOWN, never).then(() => {
    isSecond = true
  })
  await clock.moveTo(clock.now() + 900, idle)
  expect(isSecond).toBe(false)
  one.over()
  one.over()
  await clock.moveTo(clock.now() + 100, idle)
  expect(isSecond).toBe(true)
})

test('shards that are caught up and had no record yet ask at once, for one record each: a thousand idle ones hold nobody up', async () => {
  const clock = virtualClock()
  const fetches = new Fetches(clock, () => 64 * MIB)
  const given: Fetch[] = []
  for (let reader = 0; reader < 1_000; reader += 1)
    void fetches.next({ ...UNKNOWN, isBehind: false }, never).then((fetch) => given.push(fetch))
  await idle()
  expect(given.map(({ limit }) => limit)).toEqual(Array(1_000).fill(1))
})

test('a stop ends the wait', async () => {
  const clock = virtualClock()
  const fetches = new Fetches(clock, () => 0)
  const stop = new AbortController()
  const asked = fetches.next(UNKNOWN, stop.signal)
  stop.abort()
  await asked
})

test('property: what is asked for stays within the room, but for a small page of whoever has waited', async () => {
  const reader = fc.record({
    limit: fc.integer({ min: 1, max: 10_000 }),
    average: fc.option(fc.integer({ min: 0, max: 4 * MIB }), { nil: undefined }),
    isBehind: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(reader, { maxLength: 60 }), fc.nat(64 * MIB), async (readers, room) => {
      const clock = virtualClock()
      const fetches = new Fetches(clock, () => room)
      const given: number[] = []
      const all = readers.map(async (appetite) => {
        const { limit } = await fetches.next(appetite, never)
        expect(limit).toBeGreaterThanOrEqual(1)
        expect(limit).toBeLessThanOrEqual(appetite.limit)
        given.push(limit * (appetite.average ?? 0))
      })
      await idle()
      const total = given.reduce((sum, bytes) => sum + bytes, 0)
      // One alone may ask for a page that is larger than the room.
      if (given.filter((bytes) => bytes > 0).length > 1) expect(total).toBeLessThanOrEqual(room)
      await clock.moveTo(clock.now() + 1_100, idle)
      await Promise.all(all)
    }),
    { numRuns: 100 },
  )
})
