import { chanceOf } from '@spaceship/core/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseLeases } from './choice.ts'
import { finishedLeases } from './finished.ts'
import type { Lease } from './lease.ts'
import { observeLeases } from './observer.ts'

function leaseOf(n: number, owner?: string, counter = 0): Lease {
  const shard = `shardId-${String(n).padStart(12, '0')}`
  return {
    key: `a:s:1:${shard}`,
    stream: 'a:s:1',
    shard,
    owner,
    checkpointOwner: undefined,
    counter,
    checkpoint: { sequence: 'TRIM_HORIZON', subSequence: 0 },
    ownerSwitches: 0,
    parents: [],
    hashRange: undefined,
    journal: undefined,
    application: 'app',
  }
}

test('an expired lease is one whose counter stood still for longer than the failover time, seen twice', () => {
  const observer = observeLeases(10_000)
  const old = leaseOf(1, 'w1', 7)
  expect(observer.free([old, leaseOf(2)], 1_000_000)).toEqual([leaseOf(2)])
  expect(observer.free([old], 1_010_000)).toEqual([])
  expect(observer.free([old], 1_010_001)).toEqual([old])
  expect(observer.free([{ ...old, counter: 8 }], 1_010_002)).toEqual([])
})

test('nothing is stolen while something is free', () => {
  const leases = [leaseOf(1, 'w1'), leaseOf(2, 'w1'), leaseOf(3, 'w1'), leaseOf(4)]
  const free = [leases[3]].filter((lease) => lease !== undefined)
  expect(chooseLeases({ leases, free, me: 'w2', random: () => 0 })).toEqual(free)
})

test('of many who have as much, those who look at one moment turn to one each, as chance has it', () => {
  const leases = Array.from({ length: 100 }, (_, n) => leaseOf(n, `w${Math.floor(n / 10)}`))
  const chance = chanceOf(1)
  const random = () => chance.below(1_000_000) / 1_000_000
  const whose = Array.from(
    { length: 5 },
    () => chooseLeases({ leases, free: [], me: 'new', random })[0]?.owner,
  )
  expect(new Set(whose).size).toBeGreaterThan(2)
})

test('property: workers that choose in turn end up balanced, and then nobody takes any more', () => {
  const fleet = fc.record({
    shards: fc.integer({ min: 1, max: 20 }),
    workers: fc.integer({ min: 1, max: 6 }),
    turns: fc.infiniteStream(fc.nat()),
  })
  fc.assert(
    fc.property(fleet, ({ shards, workers, turns }) => {
      const names = Array.from({ length: workers }, (_, i) => `w${i}`)
      let leases = Array.from({ length: shards }, (_, n) => leaseOf(n))
      const turn = (me: string, salt: number) => {
        const taken = new Set(
          chooseLeases({
            leases,
            free: leases.filter((lease) => lease.owner === undefined),
            me,
            random: () => (salt % 97) / 97,
          }),
        )
        leases = leases.map((lease) => (taken.has(lease) ? { ...lease, owner: me } : lease))
        return taken.size
      }
      const drawn = turns[Symbol.iterator]()
      for (let round = 0; round < shards + 2; round += 1)
        for (const me of names) turn(me, drawn.next().value ?? 0)
      const loads = names.map((me) => leases.filter((lease) => lease.owner === me).length)
      expect(loads.reduce((sum, load) => sum + load, 0)).toBe(shards)
      expect(Math.max(...loads)).toBeLessThanOrEqual(Math.max(1, Math.ceil(shards / workers)))
      for (const me of names) expect(turn(me, 0)).toBe(0)
    }),
  )
})

test('a look at two hundred thousand leases costs what two hundred thousand do: of one owner, and of shards that are gone', () => {
  const many = Array.from({ length: 200_000 }, (_, n) => leaseOf(n, 'w1'))
  expect(chooseLeases({ leases: many, free: [], me: 'w2', random: () => 0.5 }).length).toBe(1)
  const ended = many.map((lease, n) => ({
    ...lease,
    checkpoint: { ...lease.checkpoint, sequence: 'SHARD_END' },
    parents: n === 0 ? [] : [`${lease.shard}-parent`],
  }))
  expect(finishedLeases(ended, new Map()).length).toBe(200_000)
})
