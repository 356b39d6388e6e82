import { expect, test } from 'vitest'
import { virtualClock } from '../memory/index.ts'
import { jsonLines } from './json-lines.ts'
import { forPeople, type PeopleOptions } from './people.ts'

const told = (log: (logger: ReturnType<typeof jsonLines>) => void, options?: PeopleOptions): string => {
  const lines: string[] = []
  log(
    jsonLines({
      service: 'app',
      process: 'pod-1',
      clock: virtualClock(new Date('2026-11-28T12:00:01.250Z')),
      write: (line) => lines.push(forPeople(line, options)),
    }),
  )
  return lines.join('\n')
}

test('a line says when, how urgent, what, and the fields that matter to a person', () => {
  expect(
    told((log) => log.info('lease taken', { shard: 'shardId-0', details: { from: 'nobody', n: 3 } })),
  ).toBe('12:00:01.250 INFO  lease taken  shard=shardId-0 from=nobody n=3')
  expect(told((log) => log.warn('drained'))).toBe('12:00:01.250 WARN  drained')
  expect(
    told((log) =>
      log.error('failed', {
        error: Object.assign(new Error('no "way"'), { code: 'x' }),
        details: { why: 'two words' },
      }),
    ),
  ).toBe('12:00:01.250 ERROR failed  why="two words" error="Error [x]: no \\"way\\""')
})

test('what is no line of ours stays as it is', () => {
  for (const line of ['', 'plain text', '{"a":1}', '{half', '[]', '{}', 'null'])
    expect(forPeople(line)).toBe(line)
})

test('with a width no line is wider: fields go to further lines, a list says how many items are left out', () => {
  const routes = ['onboarding/welcome', 'onboarding/announce-upgrade', 'onboarding/thank', 'onboarding/index']
  const details = { streams: ['clients-cdc'], routes, failoverMs: 2_000, migrate: false }
  expect(told((log) => log.info('worker started', { details }), { width: 60 })).toBe(
    [
      '12:00:01.250 INFO  worker started  streams=["clients-cdc"]',
      '  routes=["onboarding/welcome",… 3 more] failoverMs=2000',
      '  migrate=false',
    ].join('\n'),
  )
  const shard = 'shardId-000000000000'
  for (const width of [30, 40, 66, 80]) {
    const text = told((log) => log.info('lease taken', { shard, lease: 'x'.repeat(90), details }), { width })
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width)
  }
  expect(told((log) => log.info('worker started', { details }), { width: 20 })).toContain('routes=[… 4]')
})

test('an error is never shortened', () => {
  const error = new Error('w'.repeat(100))
  expect(told((log) => log.error('failed', { error }), { width: 40 })).toContain('w'.repeat(100))
})
