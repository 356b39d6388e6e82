import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cron } from './cron.ts'
import { lastEnd, nextEnd } from './declare/index.ts'

/** The next times after a moment. */
function times(expression: string, zone: string, after: string, count: number): string[] {
  const { next } = cron(expression, { zone })
  const found: string[] = []
  for (let at = next(Date.parse(after)); at !== undefined && found.length < count; at = next(at))
    found.push(new Date(at).toISOString().replace('.000Z', 'Z'))
  return found
}

describe('on the days on which clocks change', () => {
  test.each([
    [
      '30 2 * * *',
      'America/New_York',
      '2026-03-07T12:00:00Z',
      ['2026-03-08T07:00:00Z', '2026-03-09T06:30:00Z'],
    ],
    [
      '30 1 * * *',
      'America/New_York',
      '2026-10-31T12:00:00Z',
      ['2026-11-01T05:30:00Z', '2026-11-02T06:30:00Z'],
    ],
    [
      '15 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-03T00:00:00Z',
      ['2026-10-03T15:30:00Z', '2026-10-04T15:15:00Z'],
    ],
    ['0 1 30 3 *', 'Europe/Lisbon', '2025-06-01T00:00:00Z', ['2026-03-30T00:00:00Z', '2027-03-30T00:00:00Z']],
  ])('a fixed time comes once: %s in %s', (expression, zone, after, expected) => {
    expect(times(expression, zone, after, expected.length)).toEqual(expected)
  })

  test('an interval stays one: each quarter of the repeated hour comes', () => {
    const expected = ['05:00', '05:15', '05:30', '05:45', '06:00', '06:15', '06:30', '06:45', '07:00']
    expect(times('*/15 * * * *', 'America/New_York', '2026-11-01T04:59:00Z', 9)).toEqual(
      expected.map((time) => `2026-11-01T${time}:00Z`),
    )
  })
})

test('the ends of months for four years: the 31st skips the short months, L does not', () => {
  const ends = times('0 0 L * *', 'UTC', '2026-01-01T00:00:00Z', 48)
  const expected = Array.from({ length: 48 }, (_, n) =>
    new Date(Date.UTC(2026, n + 1, 0)).toISOString().replace('.000Z', 'Z'),
  )
  expect(ends).toEqual(expected)
  expect(times('0 0 31 * *', 'UTC', '2026-01-01T00:00:00Z', 28)).toEqual(
    expected.filter((end) => end.slice(8, 10) === '31'),
  )
})

test.each([
  ['0 0 31 * *', 31],
  ['0 0 1,30 * *', 30],
  ['0 0 29 FEB *', 29],
  ['0 0 30 1,2 *', 30],
  ['0 0 29 */2 *', 29],
])('a day that some months do not have is warned about: %s', (expression, day) => {
  expect(cron(expression).note).toBe(
    `the cron '${expression}' leaves out each month without a day ${day}: 'L' is the last day of every month`,
  )
})

test.each(['0 0 28 * *', '0 0 L * *', '0 0 * * *', '0 1 30 3 *', '0 0 31 jan,12 *', '*/31 0 * * 5#2'])(
  'there is nothing to say of %s',
  (expression) => expect(cron(expression)).not.toHaveProperty('note'),
)

test.each([
  ['61 * * * *', /Invalid value for minute/],
  ['* * *', /another number of fields/],
  ['* * * * * *', /another number of fields/],
  ['0 0 30 2 *', /there is no such day/],
  ['0 9 * * MONDAYS', /expected five fields/],
  ['', /'expression' is empty/],
])('the expression "%s" is refused when it is declared', (expression, problem) => {
  expect(() => cron(expression)).toThrow(problem)
})

test.each([
  ['0 2,14 * * *', 'Europe/Berlin', '2026-03-29', ['01:00', '12:00']],
  ['0 2,14 * * *', 'Europe/Berlin', '2026-10-25', ['00:00', '13:00']],
  ['0,30 2 * * *', 'Europe/Berlin', '2026-03-29', ['01:00']],
  ['30 1,13 * * *', 'America/New_York', '2026-11-01', ['05:30', '18:30']],
])(
  'lists are fixed times on the days on which clocks change, too: %s in %s on %s',
  (expression, zone, day, times) => {
    const { next } = cron(expression, { zone })
    const [from, to] = [Date.parse(`${day}T00:00:00Z`), Date.parse(`${day}T23:00:00Z`)]
    const seen: string[] = []
    for (let at = next(from - 1); at !== undefined && at < to; at = next(at))
      seen.push(new Date(at).toISOString().slice(11, 16))
    expect(seen).toEqual(times)
  },
)

test('a zone that nobody knows is refused', () => {
  expect(() => cron('0 9 * * *', { zone: 'Europe/Atlantis' })).toThrow(
    /'zone' is a text: expected an IANA time zone/,
  )
})

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'Europe/Lisbon',
  'America/New_York',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'Africa/Casablanca',
  'America/Sao_Paulo',
  'Africa/Cairo',
  'America/Anchorage',
  'America/Asuncion',
  'America/Caracas',
  'America/Havana',
  'America/Los_Angeles',
  'America/Mexico_City',
  'America/Nuuk',
  'America/Santiago',
  'Antarctica/Troll',
  'Asia/Almaty',
  'Asia/Amman',
  'Asia/Beirut',
  'Asia/Gaza',
  'Asia/Kolkata',
  'Asia/Tehran',
  'Asia/Tokyo',
  'Atlantic/Azores',
  'Europe/London',
  'Pacific/Chatham',
]
const EXPRESSIONS = [
  '0 1 30 3 *',
  '30 2 * * *',
  '0 0 29 2 *',
  '*/7 * * * *',
  '0 0 * * 5#2',
  '59 23 L * *',
  '0 0,12 1 */2 *',
  '15 2 * 3,10 0',
  '0 0 1 1 *',
]

test('property: the next time is later, and the last one at a time is that time, in every zone over ten years', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...EXPRESSIONS),
      fc.constantFrom(...ZONES),
      fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2030, 0) }),
      (expression, zone, moment) => {
        const times = cron(expression, { zone })
        const next = nextEnd(times, moment)
        expect(next).toBeGreaterThan(moment)
        expect(lastEnd(times, next)).toBe(next)
        const last = lastEnd(times, moment)
        expect(last).toBeLessThanOrEqual(moment)
        expect(nextEnd(times, last)).toBe(next)
      },
    ),
    { numRuns: 300 },
  )
})

test('the last time is found in few looks, however many times there were before it, and however long ago it was', () => {
  for (const [expression, moment, last] of [
    ['* * * * *', '2026-12-10T12:00:30Z', '2026-12-10T12:00:00Z'],
    ['*/5 * * 6-8 *', '2026-12-10T12:00:30Z', '2026-08-31T23:55:00Z'],
    ['* * * 1 *', '2026-12-10T12:00:30Z', '2026-01-31T23:59:00Z'],
    ['* * 29 2 *', '2103-12-10T12:00:30Z', '2096-02-29T23:59:00Z'],
  ] as const) {
    const times = cron(expression)
    let looks = 0
    const counted = {
      ...times,
      next: (after: number) => {
        looks += 1
        return times.next(after)
      },
    }
    const found = lastEnd(counted, Date.parse(moment))
    expect([expression, new Date(found)]).toEqual([expression, new Date(last)])
    expect(looks, expression).toBeLessThan(50)
  }
})
