import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decide, type Rules } from './decide.ts'
import { type Item, itemIn, type Standing, stateOf } from './item.ts'

const MINUTE = 60_000
const window = (n: number) => ({
  id: `tick/watch/errors/${n}`,
  from: new Date((n - 1) * MINUTE),
  to: new Date(n * MINUTE),
})
const rules = (more: Partial<Rules> = {}): Rules => ({
  isHigh: (value) => value > 100,
  onNoData: 'keep',
  realert: Number.POSITIVE_INFINITY,
  ...more,
})

/** What is told of each window, the first one being number 1. */
function told(values: readonly (number | undefined)[], more: Partial<Rules> = {}) {
  let standing: Standing | undefined
  return values.map((value, n) => {
    const item: Item = decide(standing, window(n + 1), value, rules(more))
    // What is read back is what was written.
    expect(itemIn(stateOf(item))).toEqual(item)
    standing = item.standing
    return item.pending
  })
}
const statuses = (...args: Parameters<typeof told>) => told(...args).map((alert) => alert?.status ?? '-')

test('a value that becomes too high is told once, and the next quiet window says how long it lasted', () => {
  expect(statuses([3, 101, 500, 100, 0])).toEqual(['-', 'firing', '-', 'over', '-'])
  expect(told([3, 101, 500, 100])[3]).toEqual({
    id: 'tick/watch/errors/4/over',
    status: 'over',
    value: 100,
    from: new Date(3 * MINUTE),
    to: new Date(4 * MINUTE),
    since: new Date(1 * MINUTE),
    lasted: 2 * MINUTE,
  })
})

test('without data nothing changes, unless it was asked for', () => {
  const values = [undefined, 101, undefined, undefined, 101, 0]
  expect(statuses(values)).toEqual(['-', 'firing', '-', '-', '-', 'over'])
  expect(statuses(values, { onNoData: 'recover' })).toEqual(['-', 'firing', 'over', '-', 'firing', 'over'])
  expect(statuses(values, { onNoData: 'alert' })).toEqual([
    'no-data',
    'firing',
    'no-data',
    '-',
    'firing',
    'over',
  ])
})

test('the time without data belongs to what lasted, if it was told as such', () => {
  const values = [undefined, 101, undefined, 0]
  expect(told(values, { onNoData: 'alert' })[3]).toMatchObject({ since: new Date(0), lasted: 3 * MINUTE })
  expect(told(values)[3]).toMatchObject({ since: new Date(MINUTE), lasted: MINUTE })
})

test('while it lasts it is told again after so long, counted from what was told last', () => {
  const high = [101, 101, 101, 101, 101, 0, 101]
  expect(statuses(high, { realert: 2 * MINUTE })).toEqual([
    'firing',
    '-',
    'firing',
    '-',
    'firing',
    'over',
    'firing',
  ])
})

test('property: firing and over alternate, and the last one tells how things stand', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.constantFrom(0, 100, 101, 999), { nil: undefined })), (values) => {
      const all = statuses(values).filter((status) => status !== '-')
      expect(all).toEqual(all.map((_, n) => (n % 2 === 0 ? 'firing' : 'over')))
      const last = values.findLast((value) => value !== undefined) ?? 0
      expect(all.at(-1) === 'firing').toBe(last > 100)
    }),
  )
})

test('property: ids are unique, and what lasted is at least a window and ends no later than the window', () => {
  const values = fc.array(fc.option(fc.constantFrom(0, 101), { nil: undefined }))
  const onNoData = fc.constantFrom<Rules['onNoData'][]>('keep', 'alert', 'recover')
  fc.assert(
    fc.property(values, onNoData, (values, onNoData) => {
      const alerts = told(values, { onNoData, realert: 3 * MINUTE }).filter((alert) => alert !== undefined)
      expect(new Set(alerts.map(({ id }) => id)).size).toBe(alerts.length)
      for (const { since, lasted, to } of alerts) {
        expect(lasted).toBeGreaterThanOrEqual(MINUTE)
        expect(since.getTime() + lasted).toBeLessThanOrEqual(to.getTime())
      }
    }),
  )
})
