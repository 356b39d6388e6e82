import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dueAt } from './expression.ts'

test.each([
  ['at(2026-11-24T09:00:00)', undefined, '2026-11-24T09:00:00.000Z'],
  ['at(2026-11-24T09:00:00)', 'UTC', '2026-11-24T09:00:00.000Z'],
  ['at(2026-11-24T09:00:00)', 'Europe/Berlin', '2026-11-24T08:00:00.000Z'],
  ['at(2026-07-01T09:00:00)', 'Europe/Berlin', '2026-07-01T07:00:00.000Z'],
  ['at(2026-07-01T00:00:00)', 'Pacific/Auckland', '2026-06-30T12:00:00.000Z'],
  ['at(2026-07-01T00:00:00)', 'Asia/Kolkata', '2026-06-30T18:30:00.000Z'],
  // Berlin's clocks go from 02:00 to 03:00 on 29 March and from 03:00 back to 02:00 on 25 October.
  ['at(2026-03-29T02:30:00)', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'],
  ['at(2026-10-25T02:30:00)', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
])('%s in %s is %s', (expression, zone, instant) => {
  const due = dueAt(expression, zone)
  expect(typeof due === 'number' ? new Date(due).toISOString() : due).toBe(instant)
})

test.each([
  ['at(2026-02-30T00:00:00)', 'UTC', 'Invalid Schedule Expression'],
  ['at(2026-11-24T25:00:00)', 'UTC', 'Invalid Schedule Expression'],
  ['at(2026-11-24)', 'UTC', 'Invalid Schedule Expression'],
  ['2026-11-24T09:00:00', 'UTC', 'Invalid Schedule Expression'],
  ['rate(5 minutes)', 'UTC', 'stand-in'],
  ['cron(0 9 * * ? *)', 'UTC', 'stand-in'],
  ['at(2026-11-24T09:00:00)', 'Mars/Olympus', 'ScheduleExpressionTimezone'],
])('%s in %s is refused', (expression, zone, why) => {
  expect(dueAt(expression, zone)).toEqual({ problem: expect.stringContaining(why) })
})

test('any instant comes back from its own local time, or an hour earlier where that time exists twice', () => {
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Asia/Kolkata',
    'Australia/Sydney',
    'America/St_Johns',
  ]
  fc.assert(
    fc.property(
      fc.integer({ min: 1_700_000_000, max: 1_900_000_000 }),
      fc.constantFrom(...zones),
      (second, zone) => {
        const local = new Date(second * 1000).toLocaleString('sv-SE', { timeZone: zone }).replace(' ', 'T')
        expect([second * 1000, (second - 3600) * 1000]).toContain(dueAt(`at(${local})`, zone))
      },
    ),
  )
})
