import { expect, test } from 'vitest'
import { virtualClock } from '../memory/index.ts'
import { createPace } from './pace.ts'

test.each([
  ['of 1 KB', 0.25],
  ['of 400 KB', 100],
])('the pace follows the capacity that was taken, for items %s', async (_, each) => {
  let now = 0
  const sleep = async (ms: number) => {
    now += ms
  }
  const pace = createPace(50, { monotonic: () => now, sleep })
  const { signal } = new AbortController()
  let units = 0
  let largest = 0
  for (let left = 4_000; left > 0; ) {
    const { limit, took } = await pace.turn(signal)
    const items = Math.min(left, limit)
    largest = units === 0 ? 0 : Math.max(largest, items * each)
    left -= items
    units += items * each
    took(items * each, items)
  }
  await pace.turn(signal)
  expect(now).toBeCloseTo((units / 50) * 1_000, 0)
  // About a second's worth a page, or a single item.
  expect(largest).toBeLessThanOrEqual(Math.max(50, each))
})

test('segments that read at the same time stay within the pace together', async () => {
  const clock = virtualClock(0)
  const pace = createPace(50, clock)
  const { signal } = new AbortController()
  const taken: { readonly at: number; readonly units: number }[] = []
  for (let segment = 0; segment < 32; segment += 1)
    void (async () => {
      for (;;) {
        const { limit, took } = await pace.turn(signal)
        const at = clock.now()
        // A page takes a moment.
        await clock.sleep(20)
        taken.push({ at, units: limit * 0.5 })
        took(limit * 0.5, limit)
      }
    })()
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
  for (let seconds = 1; seconds <= 60; seconds += 1) {
    await clock.moveTo(seconds * 1_000, turn)
    const within = taken.filter(({ at }) => at >= (seconds - 1) * 1_000 && at < seconds * 1_000)
    const units = within.reduce((sum, one) => sum + one.units, 0)
    // What one page takes more than its second is taken off the next.
    expect([seconds, units <= 100]).toEqual([seconds, true])
  }
  const all = taken.reduce((sum, { units }) => sum + units, 0)
  expect(all).toBeGreaterThan(55 * 50)
  expect(all).toBeLessThanOrEqual(62 * 50)
})
