import { expect, test } from 'vitest'
import { momentOf } from './moment.ts'

const NOW = Date.parse('2026-11-24T09:00:00Z')
const since = (given: string) => momentOf('--since', given, 'ago')?.(NOW)

test.each([
  ['2026-11-23', '2026-11-23T00:00:00Z'],
  ['2026-11-23T09:00:00Z', '2026-11-23T09:00:00Z'],
  ['2026-11-23T09:00:00.5+02:00', '2026-11-23T07:00:00.500Z'],
  ['2h', '2026-11-24T07:00:00Z'],
])('%s is a time', (given, expected) => {
  expect(since(given)).toBe(Date.parse(expected))
})

test('a length of time lies back or ahead', () => {
  expect(momentOf('--to', '2h', 'ahead')?.(NOW)).toBe(Date.parse('2026-11-24T11:00:00Z'))
})

test.each([
  '1',
  '5',
  '7.5',
  '30',
  '-1',
  '2026',
  '2026-11',
  '24/11/2026',
  'Nov 24 2026',
  '2026-13-01',
  '2026-11-24T25:00',
])('%s is no time: JavaScript would read a date of its own into some of these', (given) => {
  expect(() => since(given)).toThrow(
    `--since is '${given}': expected an ISO time such as '2026-11-24' or '2026-11-24T09:00:00Z', or '2h' for two hours ago`,
  )
})
