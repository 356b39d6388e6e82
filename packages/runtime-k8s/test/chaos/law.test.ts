/** The observer of chaos finds a lease that lies, and no other. */

import { expect, test } from 'vitest'
import type { Item } from '../../src/leases/lease.ts'
import { watchLaw } from './law.ts'

const BOUND = 10_000
const LAST = String(2n ** 128n - 1n)

interface Row {
  readonly owner?: string
  readonly counter: number
  readonly checkpoint?: string
  readonly end?: string
}

function row({ owner, counter, checkpoint = '7', end = LAST }: Row): Item {
  return {
    leaseKey: { S: 'shard' },
    ...(owner === undefined ? {} : { leaseOwner: { S: owner } }),
    leaseCounter: { N: String(counter) },
    checkpoint: { S: checkpoint },
    startingHashKey: { S: '0' },
    endingHashKey: { S: end },
  }
}

function broken(at: (n: number) => Row): readonly string[] {
  const law = watchLaw(['a', 'b'], BOUND)
  for (let n = 0; n < 30; n += 1) law.look([row(at(n))], n * 1_000)
  return law.broken
}

test('a lease that is renewed while its checkpoint stands still is found', () => {
  expect(broken((counter) => ({ owner: 'one', counter }))).toEqual(['shard of one'])
})

test('one that moves, that nobody renews, that changes its owner, that has ended or that no key belongs to is none', () => {
  expect(broken((counter) => ({ owner: 'one', counter, checkpoint: String(counter) }))).toEqual([])
  expect(broken(() => ({ owner: 'one', counter: 1 }))).toEqual([])
  expect(broken((counter) => ({ owner: `w${Math.floor(counter / 9)}`, counter }))).toEqual([])
  expect(broken((counter) => ({ counter }))).toEqual([])
  expect(broken((counter) => ({ owner: 'one', counter, checkpoint: 'SHARD_END' }))).toEqual([])
  expect(broken((counter) => ({ owner: 'one', counter, end: '1' }))).toEqual([])
})
