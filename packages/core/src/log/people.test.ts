import { expect, test } from 'vitest'
import { virtualClock } from '../memory/index.ts'
import { jsonLines } from './json-lines.ts'
import { forPeople } from './people.ts'

const told = (log: (logger: ReturnType<typeof jsonLines>) => void): string => {
  const lines: string[] = []
  log(
    jsonLines({
      service: 'app',
      process: 'pod-1',
      clock: virtualClock(new Date('2026-11-28T12:00:01.250Z')),
      write: (line) => lines.push(forPeople(line)),
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
