/** The statements about what a worker makes of rows: who is elected, what is expired, taken, deleted and covered. */

import { virtualClock } from '@spaceship/core/memory'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { kclOrdering, kclRows } from '../../test/kcl-fixtures.ts'
import { chooseLeases } from './choice.ts'
import { finishedLeases } from './finished.ts'
import { holeIn } from './holes.ts'
import { leadersOf } from './leader.ts'
import { type Lease, leaseOf } from './lease.ts'
import { movedOn } from './moved-on.ts'
import { observeLeases } from './observer.ts'
import { compareCheckpoints, isCheckpoint } from './order.ts'

const leasesIn = (file: string): readonly Lease[] => kclRows(file).flatMap((row) => leaseOf(row) ?? [])

describe('statement 9: an expiry depends on counters alone; jumps of the wall clock have no effect', () => {
  test('a counter that stands still for longer than its life is expired, whatever time the rows were written', () => {
    const clock = virtualClock()
    const observer = observeLeases(10_000)
    const leases = leasesIn('2.7.2/05-two-workers.json')
    observer.free(leases, clock.monotonic())
    // Rows hold no times, so nobody's clock is asked.
    expect(JSON.stringify(kclRows('2.7.2/05-two-workers.json'))).not.toMatch(/"(at|time|until|expires)/i)
    const beaten = leases.map((lease, n) => (n === 0 ? { ...lease, counter: lease.counter + 1 } : lease))
    expect(observer.free(beaten, clock.monotonic() + 10_001)).toEqual(beaten.slice(1))
  })
})

test('statement 10: an owned lease that is seen for the first time is not expired before one whole life', () => {
  const observer = observeLeases(10_000)
  const leases = leasesIn('2.7.2/11-after-kill9.json')
  expect(observer.free(leases, 5_000_000)).toEqual([])
  expect(observer.free(leases, 5_010_000)).toEqual([])
  expect(observer.free(leases, 5_010_001).length).toBe(leases.length)
})

test('statement 11: an unowned lease is free at once', () => {
  const leases = leasesIn('2.7.2/02-leases-owned.json').map((lease) => ({ ...lease, owner: undefined }))
  expect(observeLeases(10_000).free(leases, 0)).toEqual(leases)
})

describe('statement 12: the share, what is long forgotten, and steals are those of KCL 2.x', () => {
  const owned = leasesIn('2.7.2/10-merge-child-running.json')
  test('ended shards count: of seven leases of one worker a second one steals three, one by one', () => {
    const all = owned.map((lease) => ({ ...lease, owner: 'w1' }))
    let leases: readonly Lease[] = all
    let steals = 0
    for (; steals < 20; steals += 1) {
      const [stolen] = chooseLeases({ leases, free: [], me: 'w9', random: () => 0.3 })
      if (stolen === undefined) break
      leases = leases.map((lease) => (lease === stolen ? { ...lease, owner: 'w9' } : lease))
    }
    expect([all.length, steals]).toEqual([7, 3])
  })
  test('as many workers as leases: one for each', () => {
    const leases = owned.slice(0, 3).map((lease, n) => ({ ...lease, owner: `w${n}` }))
    expect(chooseLeases({ leases, free: [], me: 'w9', random: () => 0 })).toEqual([])
  })
  test('what nobody has renewed for three lives is taken whatever the share is', () => {
    const leases = owned.map((lease) => ({ ...lease, owner: 'w9' }))
    const forgotten = leases.slice(0, 2)
    const chosen = chooseLeases({ leases, free: forgotten, forgotten, me: 'w9', random: () => 0 })
    expect(new Set(chosen)).toEqual(new Set(forgotten))
  })
  test('a shard that waits for its parent counts, and is not stolen', () => {
    const leases = owned.map((lease) => ({ ...lease, owner: 'w1' }))
    expect(chooseLeases({ leases, readable: [], free: [], me: 'w9', random: () => 0 })).toEqual([])
  })
})

test('statement 13: nothing is stolen while something is free, and one lease at a time', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(undefined, 'w1', 'w2', 'w3'), { minLength: 1, maxLength: 20 }),
      fc.nat(),
      (owners, salt) => {
        const leases = owners.map((owner, n): Lease => {
          const [lease] = leasesIn('2.7.2/01-leases-created.json')
          if (lease === undefined) throw new Error('the dump has leases')
          return { ...lease, key: `s${n}`, shard: `s${n}`, owner }
        })
        const free = leases.filter(({ owner }) => owner === undefined)
        const chosen = chooseLeases({ leases, free, me: 'w1', random: () => (salt % 89) / 89 })
        const steals = chosen.filter(({ owner }) => owner !== undefined)
        expect(steals.length).toBeLessThanOrEqual(free.length > 0 ? 0 : 1)
      },
    ),
  )
})

test('statement 16: the leader is the one that KCL names', () => {
  const { rows } = kclOrdering().leaderShuffle
  expect(rows.length).toBeGreaterThan(60)
  for (const { owners, leader } of rows)
    expect([owners.length, leadersOf(owners.map((owner) => ({ owner })))[0]]).toEqual([owners.length, leader])
  expect(leadersOf([{ owner: undefined }])).toEqual([])
})

test('statement 26: checkpoints have the order of KCL', () => {
  const { rows } = kclOrdering().compare
  expect(rows.length).toBeGreaterThan(400)
  for (const [[a, subA], [b, subB], sign] of rows) {
    if (typeof sign === 'string') {
      expect([a, b, isCheckpoint(a) && isCheckpoint(b)]).toEqual([a, b, false])
      continue
    }
    // Java takes digits of every script; Kinesis writes those of ASCII.
    if (!isCheckpoint(a) || !isCheckpoint(b)) continue
    const compared = compareCheckpoints(
      { sequence: a, subSequence: subA },
      { sequence: b, subSequence: subB },
    )
    expect([a, subA, b, subB, Math.sign(compared)]).toEqual([a, subA, b, subB, sign])
  }
})

describe('statement 30: the lease of an ended shard is deleted when its children are being read and its parents are gone', () => {
  const split = leasesIn('2.7.2/07-split-children-running.json')
  const children = new Map([['shardId-000000000000', ['shardId-000000000004', 'shardId-000000000005']]])
  const finished = (leases: readonly Lease[], of = children) =>
    finishedLeases(leases, of).map(({ shard }) => shard)
  test('both children have read something', () => {
    expect(finished(split)).toEqual(['shardId-000000000000'])
  })
  test('a child that has read nothing, or has no lease, keeps it', () => {
    for (const sequence of ['TRIM_HORIZON', 'AT_TIMESTAMP', 'LATEST']) {
      const waiting = split.map((lease) =>
        lease.shard === 'shardId-000000000005'
          ? { ...lease, checkpoint: { sequence, subSequence: 0 } }
          : lease,
      )
      expect(finished(waiting)).toEqual([])
    }
    expect(finished(split.filter(({ shard }) => shard !== 'shardId-000000000005'))).toEqual([])
  })
  test('a child whose row was deleted by hand keeps it no longer than until a child of that has read something', () => {
    const [first, second] = ['shardId-000000000004', 'shardId-000000000005']
    const [child] = split.filter(({ shard }) => shard === second)
    if (child === undefined) throw new Error('the dump has leases')
    const grandchild = { ...child, key: 'grandchild', shard: 'grandchild', parents: [second] }
    const unread = { ...grandchild, checkpoint: { sequence: 'TRIM_HORIZON', subSequence: 0 } }
    const left = split.filter((lease) => lease !== child)
    const of = new Map([...children, [first, []], [second, ['grandchild']], ['grandchild', []]])
    expect(finished([...left, grandchild], of)).toEqual(['shardId-000000000000'])
    expect(finished([...left, unread], of)).toEqual([])
    expect(finished(left, of)).toEqual([])
    // A year of splits that were merged again, all of whose rows were deleted: each way down is another one.
    const year = Array.from({ length: 365 }, (_, day) => day)
    const below = new Map<string, string[]>([
      ...year.flatMap((day): [string, string[]][] => [
        [`m${day}`, [`a${day}`, `b${day}`]],
        [`a${day}`, [`m${day + 1}`]],
        [`b${day}`, [`m${day + 1}`]],
      ]),
      ['m365', []],
    ])
    const [eldest] = split
    if (eldest === undefined) throw new Error('the dump has leases')
    const [old, newest] = [
      { ...eldest, shard: 'm0', parents: [] },
      { ...child, shard: 'm365', parents: ['a364', 'b364'] },
    ]
    expect(finished([old], below)).toEqual([])
    expect(finished([old, newest], below)).toEqual(['m0'])
  })
  test('the lease of its own parent keeps it', () => {
    const [parent] = split
    if (parent === undefined) throw new Error('the dump has leases')
    const older = { ...parent, key: 'older', shard: 'older', parents: [] }
    const chained = split.map((lease) =>
      lease.shard === 'shardId-000000000000' ? { ...lease, parents: ['older'] } : lease,
    )
    expect(finished([older, ...chained])).toEqual(['older'])
  })
  test('a shard that the stream has no more is deleted, unless a child of it waits', () => {
    expect(finished(split, new Map())).toEqual(['shardId-000000000000'])
    const waiting = split.map((lease) => ({
      ...lease,
      ...(lease.parents.length > 0 && { checkpoint: { sequence: 'TRIM_HORIZON', subSequence: 0 } }),
    }))
    expect(finished(waiting, new Map())).toEqual([])
  })
})

describe('statement 32: a hole in what the leases cover is seen', () => {
  test('the tables of real fleets have none', () => {
    for (const file of ['02-leases-owned', '06-split-parent-shard-end', '10-merge-child-running'])
      expect([file, holeIn(leasesIn(`2.7.2/${file}.json`))]).toEqual([file, undefined])
  })
  test('without one of the leases there is one, with its bounds', () => {
    const leases = leasesIn('2.7.2/02-leases-owned.json')
    for (const gone of leases) {
      const { startingHashKey: start, endingHashKey: end } = gone.hashRange ?? {}
      expect(holeIn(leases.filter((lease) => lease !== gone))).toEqual({ start, end })
    }
    expect(holeIn([])).toEqual({ start: '0', end: String(2n ** 128n - 1n) })
  })
})

test('a table that has moved on from 2.x is told by what shows it; one that was rolled back is not', () => {
  const shown = (file: string) => movedOn(kclRows(file))
  for (const file of ['2.7.2/10-merge-child-running.json', 'mixed-2.7.2-3.5.1-phase1/02-both.json'])
    expect([file, shown(file)]).toEqual([file, undefined])
  expect(shown('3.5.1/04-during-handoff.json')).toMatch(/has a 'checkpointOwner'/)
  expect(shown('3.4.2/04-during-handoff.json')).toMatch(/has a 'checkpointOwner'/)
  expect(shown('mixed-2.7.2-3.5.1-compatible/02-both.json')).toMatch(/'CLIENT_VERSION_UPGRADE_FROM_2X'/)
  expect(shown('3.5.1/03-after-checkpoint.json')).toMatch(/'CLIENT_VERSION_3X'/)
  const back = kclRows('mixed-2.7.2-3.5.1-compatible/02-both.json').map((row) =>
    row.leaseKey?.S === 'Migration3.0' ? { ...row, cv: { S: 'CLIENT_VERSION_2X' } } : row,
  )
  expect(movedOn(back)).toBeUndefined()
})
