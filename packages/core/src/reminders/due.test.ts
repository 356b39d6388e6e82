import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { zoneOf } from '../zone.ts'
import { dueFor, dueProblems, instantFrom, type WhenOf } from './due.ts'

const JOINED = Date.parse('2026-03-01T12:00:00Z')
const at = (when: WhenOf<{ readonly due?: unknown }>, event = {}, since = JOINED) => {
  const due = dueFor(when, event, since, 'schedule')
  return due === undefined ? undefined : new Date(due).toISOString()
}
// What a row holds is known at run time only.
const held = (due: unknown): [WhenOf<{ readonly due?: unknown }>, object] => [
  { at: (e) => e.due as Date },
  { due },
]

test('after the event, for as long as the event says', () => {
  expect(at({ in: '3d' })).toBe('2026-03-04T12:00:00.000Z')
  expect(at({ in: () => '90s' })).toBe('2026-03-01T12:01:30.000Z')
  expect(at({ in: () => undefined })).toBe(undefined)
  expect(() => at({ in: (() => 'soon') as never })).toThrow(
    "'in' of schedule is a text: expected a duration such as '3d'",
  )
})

test('at the instant that a row holds: a Date, or a text with an offset', () => {
  for (const due of [
    new Date('2026-05-01T00:00:00Z'),
    '2026-05-01T00:00:00Z',
    '2026-05-01T02:00:00.000+02:00',
    '2026-05-01T00:00Z',
  ])
    expect(at(...held(due))).toBe('2026-05-01T00:00:00.000Z')
  for (const due of [undefined, null]) expect(at(...held(due))).toBe(undefined)
})

test.each([
  ['a text without an offset', '2026-05-01T00:00:00'],
  ['a day', '2026-05-01'],
  ['a day that does not exist', '2026-02-30T00:00:00Z'],
  ['seconds since 1970', 1_777_777_777],
  ['a Date that is none', new Date('never')],
  ['a zone that nobody knows', { local: '2026-05-01T09:00', zone: 'Europe/Atlantis' }],
  ['a local time with an offset', { local: '2026-05-01T09:00Z', zone: 'Europe/Berlin' }],
  ['a promise', Promise.resolve(new Date())],
])('%s is refused by its schema, with what was expected', (_, due) => {
  expect(() => at(...held(due))).toThrow(/'at' of schedule/)
})

describe('local times', () => {
  const local = (time: string, zone: string) => at(...held({ local: time, zone }))

  test('are what the clocks of the zone show', () => {
    expect(local('2026-01-15T09:00', 'Europe/Berlin')).toBe('2026-01-15T08:00:00.000Z')
    expect(local('2026-07-15T09:00:30', 'Europe/Berlin')).toBe('2026-07-15T07:00:30.000Z')
    expect(local('2026-07-15T09:00', 'Asia/Kathmandu')).toBe('2026-07-15T03:15:00.000Z')
  })

  test.each([
    ['America/New_York', '2026-03-08T02:30', '2026-03-08T07:00:00.000Z'],
    ['Australia/Lord_Howe', '2026-10-04T02:15', '2026-10-03T15:30:00.000Z'],
    ['Europe/Berlin', '2026-03-29T02:00', '2026-03-29T01:00:00.000Z'],
    // A whole day that the zone left out.
    ['Pacific/Apia', '2011-12-30T12:00', '2011-12-30T10:00:00.000Z'],
  ])('one that %s leaves out is the first instant after the gap', (zone, time, instant) => {
    expect(local(time, zone)).toBe(instant)
  })

  test.each([
    ['America/New_York', '2026-11-01T01:30', '2026-11-01T05:30:00.000Z'],
    ['Europe/Berlin', '2026-10-25T02:30', '2026-10-25T00:30:00.000Z'],
  ])('of one that exists twice in %s the first is meant', (zone, time, instant) => {
    expect(local(time, zone)).toBe(instant)
  })

  test('a time of the day is the next one after the event, or so long after it', () => {
    const zone = 'Europe/Berlin'
    expect(at({ local: '14:00', zone })).toBe('2026-03-01T13:00:00.000Z')
    expect(at({ local: '13:00', zone }), 'the event is at 13:00 there').toBe('2026-03-01T12:00:00.000Z')
    expect(at({ local: '12:59', zone: () => zone })).toBe('2026-03-02T11:59:00.000Z')
    expect(at({ in: '3d', local: '09:00', zone })).toBe('2026-03-05T08:00:00.000Z')
    expect(at({ in: '28d', local: '02:30', zone }, {}, Date.parse('2026-02-28T20:00:00Z'))).toBe(
      '2026-03-29T01:00:00.000Z',
    )
    expect(at({ local: () => undefined, zone })).toBe(undefined)
    expect(() => at({ local: '9:00', zone })).toThrow(
      /'local' of schedule is a text: expected a time of the day/,
    )
    expect(() => at({ local: '09:00', zone: () => 'Mars/Olympus' })).toThrow(
      /'zone' of schedule is a text: expected an IANA/,
    )
  })

  test('property: it is never before the earliest moment, and its clocks show the time unless they leave it out', () => {
    const zones = [
      'America/New_York',
      'Europe/Berlin',
      'Australia/Lord_Howe',
      'Asia/Kathmandu',
      'Pacific/Apia',
      'America/St_Johns',
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: Date.UTC(2005, 0), max: Date.UTC(2036, 0) }),
        fc.integer({ min: 0, max: 24 * 60 - 1 }),
        (zone, since, minutes) => {
          const time = new Date(minutes * 60_000).toISOString().slice(11, 16)
          const due = instantFrom({ local: time, zone }, since, 'schedule') ?? Number.NaN
          expect(due).toBeGreaterThanOrEqual(since)
          const clocks = zoneOf(zone)
          const shown = new Date(clocks?.localAt(due) ?? 0).toISOString().slice(11, 16)
          if (shown === time) {
            expect(due - since).toBeLessThan(50 * 3_600_000)
            return
          }
          // The clocks skip it: a minute before they showed less, and now they show more.
          const before = clocks?.localAt(due - 60_000) ?? 0
          expect((clocks?.localAt(due) ?? 0) - before).toBeGreaterThan(60_000)
        },
      ),
    )
  })
})

test('what no single field can tell is told: which of them exclude each other', () => {
  const all: readonly (readonly [object, RegExp | undefined])[] = [
    [{}, /expected 'in', 'at', or 'local' with 'zone'/],
    [{ at: () => 1, in: '3d' }, /'at' says all/],
    [{ local: '09:00' }, /'local' has no 'zone'/],
    [{ zone: 'UTC' }, /'zone' has no 'local'/],
    [{ in: '1d', local: '09:00', zone: 'UTC' }, undefined],
  ]
  for (const [when, problem] of all) {
    const problems = dueProblems(when)
    if (problem === undefined) expect(problems).toEqual([])
    else expect(problems).toEqual([expect.stringMatching(problem)])
  }
})
