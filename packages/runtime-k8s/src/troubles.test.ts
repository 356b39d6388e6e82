import { Unavailable } from '@spaceship/core'
import type { Log } from '@spaceship/core/log'
import { expect, test } from 'vitest'
import { Troubles } from './troubles.ts'

function listening() {
  const lines: string[] = []
  const at = (level: string) => (message: string) =>
    void (level !== 'debug' && lines.push(`${level} ${message}`))
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  return { lines, troubles: new Troubles(log) }
}

const denied = new Unavailable('dynamodb', 'no', {
  setup: { reason: 'denied', resource: "table 'app'", advice: 'grant dynamodb:UpdateItem' },
})

test('a wrong set-up is one line for all leases, and one when the last of them has recovered', () => {
  const { lines, troubles } = listening()
  for (let turn = 0; turn < 10; turn += 1)
    for (let n = 0; n < 20; n += 1) troubles.failed('renewing leases', `lease-${n}`, denied)
  for (let n = 0; n < 19; n += 1) troubles.over('renewing leases', `lease-${n}`)
  expect(lines).toEqual(['error renewing leases fails: the set-up is wrong, and is tried until it is mended'])
  troubles.over('renewing leases', 'lease-19')
  expect(lines.slice(1)).toEqual(['info renewing leases works again'])
})

test('what fails once and then works is not told; what fails twice in a row is', () => {
  const { lines, troubles } = listening()
  for (let n = 0; n < 5; n += 1) {
    troubles.failed('reading shards', `shard-${n}`, new Error('throttled'))
    troubles.over('reading shards', `shard-${n}`)
  }
  expect(lines).toEqual([])
  for (let turn = 0; turn < 3; turn += 1) troubles.failed('reading shards', 'shard-1', new Error('throttled'))
  troubles.over('reading shards', 'shard-1')
  troubles.over('reading shards', 'shard-1')
  expect(lines).toEqual([
    'warn reading shards fails: will try again until it works',
    'info reading shards works again',
  ])
})

test('leases that are lost while they fail are not told as recovered', () => {
  const { lines, troubles } = listening()
  troubles.failed('renewing leases', 'a', denied)
  troubles.forget('renewing leases', 'a')
  troubles.failed('renewing leases', 'b', denied)
  expect(lines.map((line) => line.slice(0, 5))).toEqual(['error', 'error'])
})

test('one work says nothing of another', () => {
  const { lines, troubles } = listening()
  troubles.failed('renewing leases', 'a', denied)
  troubles.over('taking leases', 'a')
  troubles.failed('taking leases', 'a', denied)
  expect(lines).toHaveLength(2)
})

test('a set-up that becomes wrong is told also while something else of the work fails', () => {
  const { lines, troubles } = listening()
  for (let turn = 0; turn < 3; turn += 1) troubles.failed('reading shards', 'a', new Error('throttled'))
  for (let turn = 0; turn < 3; turn += 1)
    for (const shard of ['a', 'b']) troubles.failed('reading shards', shard, denied)
  expect(lines.map((line) => line.slice(0, 5))).toEqual(['warn ', 'error'])
})
