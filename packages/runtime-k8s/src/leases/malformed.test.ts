/** A row that is no lease as KCL writes leases changes nothing for the others, whatever somebody has written into it. */

import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { kclRows } from '../../test/kcl-fixtures.ts'
import { chooseLeases } from './choice.ts'
import { finishedLeases } from './finished.ts'
import { holeIn } from './holes.ts'
import { leadersOf } from './leader.ts'
import type { Item, Lease } from './lease.ts'
import { observeLeases } from './observer.ts'
import { readableLeases } from './readable.ts'
import { scanOf } from './scan.ts'
import { foreignLeases, isTakeable, layoutOf } from './whose.ts'

/** Each attribute that a lease has, and its type. */
const TYPES: Readonly<Record<string, string>> = {
  ...{ entityType: 'S', leaseKey: 'S', streamName: 'S', shardId: 'S', leaseOwner: 'S', leaseCounter: 'N' },
  ...{ checkpoint: 'S', checkpointSubSequenceNumber: 'N', ownerSwitchesSinceCheckpoint: 'N' },
  ...{ checkpointOwner: 'S', parentShardId: 'SS', childShardIds: 'SS', startingHashKey: 'S' },
  ...{
    endingHashKey: 'S',
    spaceshipProcess: 'S',
    spaceshipJournal: 'S',
    spaceshipJournalAt: 'S',
    spaceshipFirst: 'S',
  },
  ...{ application: 'S' },
}
const REQUIRED = ['leaseCounter', 'checkpoint', 'ownerSwitchesSinceCheckpoint'] as const

const value = fc.oneof(
  fc.string().map((S): AttributeValue => ({ S })),
  fc.integer().map((N): AttributeValue => ({ N: String(N) })),
  fc.uint8Array().map((B): AttributeValue => ({ B })),
  fc.array(fc.string(), { minLength: 1 }).map((SS): AttributeValue => ({ SS })),
  fc.array(fc.integer(), { minLength: 1 }).map((all): AttributeValue => ({ NS: all.map(String) })),
  fc.array(fc.uint8Array(), { minLength: 1 }).map((BS): AttributeValue => ({ BS })),
  fc.array(fc.string()).map((all): AttributeValue => ({ L: all.map((S) => ({ S })) })),
  fc.dictionary(fc.string(), fc.string()).map(
    (all): AttributeValue => ({
      M: Object.fromEntries(Object.entries(all).map(([name, S]) => [name, { S }])),
    }),
  ),
  fc.boolean().map((BOOL): AttributeValue => ({ BOOL })),
  fc.constant<AttributeValue>({ NULL: true }),
)

/** Of another type than the attribute has; DynamoDB keeps a key's type itself. */
const mistyped = fc
  .constantFrom(...Object.keys(TYPES).filter((name) => name !== 'leaseKey'))
  .chain((name) =>
    value.filter((each) => !((TYPES[name] ?? '') in each)).map((each): Item => ({ [name]: each })),
  )

const noNumber = fc.string().map((text) => `${text}!`)
const hostile = fc.oneof(
  fc
    .constantFrom('leaseCounter', 'ownerSwitchesSinceCheckpoint', 'checkpointSubSequenceNumber')
    .chain((name) =>
      fc
        .constantFrom('1.5', '9007199254740992', '-1e30', '1000000000000000000000')
        .map((N): Item => ({ [name]: { N } })),
    ),
  fc
    .constantFrom('checkpoint', 'startingHashKey', 'endingHashKey', 'spaceshipFirst')
    .chain((name) =>
      fc
        .oneof(noNumber, fc.constantFrom('12ab', '', '-1', 'shard_end', '9'.repeat(5_000)))
        .map((S): Item => ({ [name]: { S } })),
    ),
  fc.constantFrom('parentShardId').chain((name) => noNumber.map((S): Item => ({ [name]: { SS: [S] } }))),
  fc.constant<Item>({ parentShardId: { SS: ['shardId-000000000001'] } }),
  fc.constant<Item>({ startingHashKey: { S: '9' }, endingHashKey: { S: '8' } }),
  fc
    .constantFrom('a:b', 'a:b:1:', ':::', 'a:b:c:shardId-000000000001', ' ')
    .map((S): Item => ({ leaseKey: { S } })),
)
const missing = fc.constantFrom(...REQUIRED)

const SPOILT = 'shardId-000000000001'
const rows = kclRows('2.7.2/03-after-checkpoint.json')
const others = rows.filter(({ leaseKey }) => leaseKey?.S !== SPOILT)

/** The rows of a fleet, one of them spoilt. */
const spoilt = fc
  .oneof(
    mistyped.map((wrong) => ({ wrong, gone: undefined })),
    hostile.map((wrong) => ({ wrong, gone: undefined })),
    missing.map((gone) => ({ wrong: {}, gone })),
  )
  .map(({ wrong, gone }) => {
    const row = { ...rows.find(({ leaseKey }) => leaseKey?.S === SPOILT), ...wrong }
    const item: Item = Object.fromEntries(Object.entries(row).filter(([name]) => name !== gone))
    return { item, items: [...others, item] }
  })

/** All that a worker asks of a table, as one that has nothing looks at it for longer than anybody's life. */
function lookedAt(items: readonly Item[]) {
  const { leases, malformed, movedOn } = scanOf(items)
  const whose = { application: 'app', migrate: true, layout: undefined, streams: ['orders'] }
  const open = leases.filter((lease) => isTakeable(lease, whose))
  const observer = observeLeases(10_000)
  observer.free(open, 0)
  const free = observer.free(open, 40_000)
  const about = { leases: open, readable: readableLeases(open, malformed), me: 'w9', random: () => 0.5 }
  const keys = (some: readonly Lease[]) => some.map(({ key }) => key).sort()
  return {
    malformed,
    said: {
      ...{ movedOn, leaders: leadersOf(leases), layout: layoutOf(leases, undefined) },
      ...{ foreign: foreignLeases(leases, whose), hole: holeIn(leases) },
      ...{ finished: keys(finishedLeases(leases, new Map())), readable: keys(about.readable) },
      taken: keys(chooseLeases({ ...about, free, forgotten: free })),
      balanced: chooseLeases({ ...about, free: [] }).length,
    },
  }
}

test('property: a row with any attribute of another type, with a hostile text, or without one that it needs, is as if it were not there', () => {
  const without = lookedAt(others).said
  expect(without.taken.length).toBe(others.length)
  fc.assert(
    fc.property(spoilt, ({ item, items }) => {
      const { said, malformed } = lookedAt(items)
      expect(said).toEqual(without)
      expect(malformed.map(({ key }) => key)).toEqual([item.leaseKey?.S])
      expect(malformed[0]?.problems.length).toBeGreaterThan(0)
    }),
    { numRuns: 2_000 },
  )
})

test('property: what is said of a row holds none of its values', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(TYPES)), (name) => {
      const item: Item = { ...rows[0], [name]: { L: [{ S: 'ada@example.com' }] } }
      expect(JSON.stringify(scanOf([item]).malformed[0]?.problems)).not.toContain('ada')
    }),
  )
  const [found] = scanOf([{ ...rows[0], checkpoint: { S: 'ada@example.com' } }]).malformed
  expect(found?.problems).toEqual([
    "'checkpoint' is S (15 characters): expected S, a sequence number, TRIM_HORIZON, LATEST, AT_TIMESTAMP or SHARD_END",
  ])
})

test('a shard whose parent has a malformed row is not read: nobody knows that the parent has ended', () => {
  const split = kclRows('2.7.2/07-split-children-running.json')
  const broken = split.map((row) =>
    row.leaseKey?.S === 'shardId-000000000000' ? { ...row, leaseCounter: { S: '1' } } : row,
  )
  const readable = (items: readonly Item[]) => {
    const { leases, malformed } = scanOf(items)
    return readableLeases(leases, malformed).map(({ shard }) => shard.at(-1))
  }
  expect(readable(split).sort()).toEqual(['1', '2', '3', '4', '5'])
  expect(readable(broken).sort()).toEqual(['1', '2', '3'])
})

test('no row of a real fleet is malformed, in any version of KCL', () => {
  for (const version of ['2.7.2', '3.4.2', '3.5.1'])
    for (const dump of ['02-leases-owned', '06-split-parent-shard-end', '10-merge-child-running'])
      expect([dump, scanOf(kclRows(`${version}/${dump}.json`)).malformed]).toEqual([dump, []])
})
