import fc from 'fast-check'
import { expect, test } from 'vitest'
import { timesOf } from './expression.ts'

const FROM = Date.parse('2026-11-24T09:00:00Z')
const dueAt = (expression: string, timeZone = 'UTC') => {
  const times = timesOf(expression, { timeZone, from: FROM })
  return 'problem' in times ? times : times.first
}
/** The first times, in full. */
function due(
  expression: string,
  count: number,
  frame: { timeZone?: string; from?: string; start?: string; end?: string } = {},
) {
  const { timeZone = 'UTC', from, start, end } = frame
  const times = timesOf(expression, {
    timeZone,
    from: from === undefined ? FROM : Date.parse(from),
    ...(start !== undefined && { start: Date.parse(start) }),
    ...(end !== undefined && { end: Date.parse(end) }),
  })
  if ('problem' in times) return [times.problem]
  const found: string[] = []
  for (let at = times.first; at !== undefined && found.length < count; at = times.next(at))
    found.push(new Date(at).toISOString().slice(0, 16))
  return found
}

test('the next time of a rate follows from any instant, as that of cron does', () => {
  const start = Date.parse('2026-11-24T09:02:00Z')
  const year = 60 * 24 * 365
  for (const expression of ['rate(5 minutes)', 'cron(2/5 * * * ? *)']) {
    const times = timesOf(expression, { timeZone: 'UTC', from: start, start })
    if ('problem' in times) expect.unreachable()
    const next = [0, 1, 4.9, 5, 7, year + 1].map((after) => times.next(start + after * 60_000) ?? 0)
    expect(next.map((instant) => (instant - start) / 60_000)).toEqual([5, 5, 5, 10, 10, year + 5])
  }
})

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
  const first = dueAt(expression, zone)
  expect(typeof first === 'number' ? new Date(first).toISOString() : first).toBe(instant)
})

test.each([
  ['at(2026-02-30T00:00:00)', 'UTC', 'Invalid Schedule Expression'],
  ['at(2026-11-24T25:00:00)', 'UTC', 'Invalid Schedule Expression'],
  ['at(2026-11-24)', 'UTC', 'Invalid Schedule Expression'],
  ['2026-11-24T09:00:00', 'UTC', 'Invalid Schedule Expression'],
  ['rate(0 minutes)', 'UTC', 'Invalid Schedule Expression'],
  ['rate(5)', 'UTC', 'Invalid Schedule Expression'],
  ['rate(5 weeks)', 'UTC', 'Invalid Schedule Expression'],
  ['cron(0 9 * * *)', 'UTC', 'fields'],
  ['cron(0 9 * * * *)', 'UTC', 'must be ?'],
  ['cron(0 9 ? * ? *)', 'UTC', 'must be ?'],
  ['cron(0 0 31 2 ? *)', 'UTC', 'no such day'],
  ['cron(0 0 29 2 ? 2027,2100)', 'UTC', 'no such day'],
  ['cron(0 0 ? 2 2#5 2027)', 'UTC', 'no such day'],
  ['cron(60 0 * * ? *)', 'UTC', 'minutes'],
  ['cron(0 24 * * ? *)', 'UTC', 'hours'],
  ['cron(5-1 0 * * ? *)', 'UTC', 'minutes'],
  ['cron(0/0 0 * * ? *)', 'UTC', 'minutes'],
  ['cron(0 0 32 * ? *)', 'UTC', 'day'],
  ['cron(0 0 0W * ? *)', 'UTC', 'day'],
  ['cron(0 0 ? * 8 *)', 'UTC', 'day'],
  ['cron(0 0 ? * MON#6 *)', 'UTC', 'day'],
  ['cron(0 0 * 13 ? *)', 'UTC', 'month'],
  ['cron(0 0 * FOO ? *)', 'UTC', 'month'],
  ['cron(0 0 * * ? 1969)', 'UTC', 'year'],
  ['cron()', 'UTC', 'fields'],
  [`cron(${'0,'.repeat(200)}0 9 * * ? *)`, 'UTC', 'Invalid Schedule Expression'],
  ['cron(0 9 * * ? *)', 'Mars/Olympus', 'ScheduleExpressionTimezone'],
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

test.each<[string, string[], Parameters<typeof due>[2]?]>([
  ['rate(5 minutes)', ['2026-11-24T09:00', '2026-11-24T09:05', '2026-11-24T09:10']],
  ['rate(1 hour)', ['2026-11-25T00:00', '2026-11-25T01:00'], { start: '2026-11-25T00:00:00Z' }],
  ['rate(2 days)', ['2026-11-25T00:00', '2026-11-27T00:00'], { start: '2026-11-01T00:00:00Z' }],
  ['rate(1 day)', ['2026-11-24T09:00', '2026-11-25T09:00'], { end: '2026-11-26T08:59:00Z' }],
  ['rate(1 day)', [], { start: '2026-12-01T00:00:00Z', end: '2026-11-30T00:00:00Z' }],
  ['cron(0 9 * * ? *)', ['2026-11-24T09:00', '2026-11-25T09:00']],
  [
    'cron(0/20 9-10,12 24 11 ? *)',
    ['2026-11-24T09:00', '2026-11-24T09:20', '2026-11-24T09:40', '2026-11-24T10:00'],
  ],
  ['cron(59 23 31 12 ? *)', ['2026-12-31T23:59', '2027-12-31T23:59']],
  ['cron(0 0 29 FEB ? *)', ['2028-02-29T00:00', '2032-02-29T00:00']],
  [
    'cron(0 0 ? * MON-FRI *)',
    ['2026-11-25T00:00', '2026-11-26T00:00', '2026-11-27T00:00', '2026-11-30T00:00'],
  ],
  ['cron(0 0 ? * 1,7 *)', ['2026-11-28T00:00', '2026-11-29T00:00']],
  ['cron(0 0 ? * L *)', ['2026-11-28T00:00', '2026-12-05T00:00']],
  ['cron(0 0 ? * 6L *)', ['2026-11-27T00:00', '2026-12-25T00:00', '2027-01-29T00:00']],
  ['cron(0 0 ? * FRI#3 *)', ['2026-12-18T00:00', '2027-01-15T00:00']],
  ['cron(0 0 ? * 3#5 *)', ['2026-12-29T00:00', '2027-03-30T00:00']],
  ['cron(0 0 L * ? *)', ['2026-11-30T00:00', '2026-12-31T00:00', '2027-01-31T00:00', '2027-02-28T00:00']],
  ['cron(0 0 LW * ? *)', ['2026-11-30T00:00', '2026-12-31T00:00', '2027-01-29T00:00', '2027-02-26T00:00']],
  // 1 August 2027 is a Sunday, 31 October 2027 too, 15 May 2027 a Saturday.
  ['cron(0 0 1W 8 ? 2027)', ['2027-08-02T00:00']],
  ['cron(0 0 31W 10 ? 2027)', ['2027-10-29T00:00']],
  ['cron(0 0 15W 5 ? 2027)', ['2027-05-14T00:00']],
  ['cron(0 0 31W 2,3 ? 2027)', ['2027-03-31T00:00']],
  ['cron(0 9 1 1 ? 2028/2)', ['2028-01-01T09:00', '2030-01-01T09:00']],
  ['cron(0 9 * * ? 2020)', []],
  ['cron(0 9 * * ? *)', ['2026-12-24T09:00'], { start: '2026-12-24T09:00:00Z', end: '2026-12-25T08:00:00Z' }],
  ['cron(0 9 * * ? *)', ['2026-11-24T17:00', '2026-11-25T17:00'], { timeZone: 'America/Los_Angeles' }],
  // Berlin's clocks go from 02:00 to 03:00 on 29 March and from 03:00 back to 02:00 on 25 October.
  [
    'cron(30 2 * * ? *)',
    ['2026-03-28T01:30', '2026-03-30T00:30'],
    { timeZone: 'Europe/Berlin', from: '2026-03-28T00:00:00Z' },
  ],
  [
    'cron(30 2 * * ? *)',
    ['2026-10-25T00:30', '2026-10-26T01:30'],
    { timeZone: 'Europe/Berlin', from: '2026-10-25T00:00:00Z' },
  ],
  [
    'cron(30 2 * * ? *)',
    ['2026-10-26T01:30'],
    { timeZone: 'Europe/Berlin', from: '2026-10-25T01:00:00Z', end: '2026-10-27T00:00:00Z' },
  ],
])('%s is due at %j %j', (expression, expected, frame) => {
  expect(due(expression, Math.max(expected.length, 2), frame).slice(0, expected.length || 2)).toEqual(
    expected,
  )
})

test('a cron is due at what its fields say, and at nothing in between', () => {
  const number = (min: number, max: number) => fc.integer({ min, max })
  fc.assert(
    fc.property(
      number(0, 59),
      number(0, 23),
      fc.uniqueArray(number(1, 7), { minLength: 1 }),
      number(0, 400 * 86_400),
      (minute, hour, weekdays, later) => {
        const from = FROM + later * 1_000
        const times = timesOf(`cron(${minute} ${hour} ? * ${weekdays.join()} *)`, { timeZone: 'UTC', from })
        const isDue = (at: number) => {
          const date = new Date(at)
          return (
            date.getUTCMinutes() === minute &&
            date.getUTCHours() === hour &&
            weekdays.includes(date.getUTCDay() + 1)
          )
        }
        let expected = Math.ceil(from / 60_000) * 60_000
        while (!isDue(expected)) expected += 60_000
        expect('first' in times && times.first).toBe(expected)
      },
    ),
    { numRuns: 50 },
  )
})
