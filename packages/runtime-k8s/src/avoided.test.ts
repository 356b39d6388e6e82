import { virtualClock } from '@spaceship/core/memory'
import { expect, test } from 'vitest'
import { Avoided } from './avoided.ts'
import type { Lease } from './leases/index.ts'

const lease = (key: string, owner?: string) => ({ key, owner }) as Lease // a look asks for no more

test('what could not be opened here is forgotten once another worker has it, or it is there no more', () => {
  const clock = virtualClock()
  const forgotten: string[] = []
  const closed = new AbortController().signal
  const avoided = new Avoided(
    { clock, closed, failover: 10_000, maxStandstill: 120_000, me: 'me' },
    (key) => {
      forgotten.push(key)
    },
  )
  for (const key of ['a', 'b', 'c', 'd']) avoided.unopened(key)
  avoided.look([lease('a'), lease('b', 'me'), lease('c', 'peer')])
  expect(forgotten.sort()).toEqual(['c', 'd'])
  avoided.look([lease('a'), lease('b', 'me'), lease('c', 'peer')])
  expect(forgotten.length).toBe(2)
  // The next failure is the second one of these, and the first of those.
  for (const key of ['a', 'c']) avoided.unopened(key)
  clock.moveTo(clock.now() + 15_000)
  expect(['a', 'c'].map((key) => avoided.has(key))).toEqual([true, false])
})
