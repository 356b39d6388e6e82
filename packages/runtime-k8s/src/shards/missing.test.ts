import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { missingLeases } from './missing.ts'
import type { Shard } from './shard.ts'

const shard = (id: string, parents: string[] = [], open = true): Shard => ({
  id,
  parents,
  open,
  hashRange: undefined,
})

// 0 was split into 2 and 3; 3 and 1 were merged into 4.
const lineage = [
  shard('0', [], false),
  shard('1', [], false),
  shard('2', ['0']),
  shard('3', ['0'], false),
  shard('4', ['3', '1']),
]

const ids = (missing: ReturnType<typeof missingLeases>) =>
  missing.map(({ shard, checkpoint }) => `${shard.id}@${checkpoint}`)

test('from the beginning, the oldest shards are read first; their ends lead to the rest', () => {
  expect(ids(missingLeases(lineage, new Set(), 'TRIM_HORIZON'))).toEqual(['0@TRIM_HORIZON', '1@TRIM_HORIZON'])
})

test('a shard whose parents are gone is among the oldest', () => {
  expect(ids(missingLeases(lineage.slice(2), new Set(), 'TRIM_HORIZON'))).toEqual([
    '2@TRIM_HORIZON',
    '3@TRIM_HORIZON',
  ])
})

test('from the end, the open shards are read', () => {
  expect(ids(missingLeases(lineage, new Set(), 'LATEST'))).toEqual(['2@LATEST', '4@LATEST'])
})

test('what a leased shard leads to is left to its end', () => {
  expect(ids(missingLeases(lineage, new Set(['0', '1']), 'TRIM_HORIZON'))).toEqual([])
  expect(ids(missingLeases(lineage, new Set(['0', '1']), 'LATEST'))).toEqual([])
})

test('ancestors of what is leased are not read again', () => {
  expect(ids(missingLeases(lineage, new Set(['2', '4']), 'TRIM_HORIZON'))).toEqual([])
})

test('a row that somebody deletes is made again, as near to what was read as the stream still tells', () => {
  // 0 was read, since 2 follows it; of 3 and 1 nobody knows.
  expect(ids(missingLeases(lineage, new Set(['2']), 'TRIM_HORIZON'))).toEqual([
    '1@TRIM_HORIZON',
    '3@TRIM_HORIZON',
  ])
  expect(ids(missingLeases(lineage, new Set(['2']), 'LATEST'))).toEqual(['4@LATEST'])
  expect(ids(missingLeases(lineage, new Set(['2', '3']), 'TRIM_HORIZON'))).toEqual(['1@TRIM_HORIZON'])
})

// 0 and 1 were merged into 6, 2 and 3 into 7, those into 8; 5 was split into 9 and 10; 4 is as it was.
const documented = [
  ...['0', '1', '2', '3'].map((id) => shard(id, [], false)),
  shard('4'),
  shard('5', [], false),
  shard('6', ['0', '1'], false),
  shard('7', ['2', '3'], false),
  shard('8', ['6', '7']),
  shard('9', ['5']),
  shard('10', ['5']),
]

describe('statement 31: an empty and a non-empty table get the leases that the documents of KCL name', () => {
  test.each([
    ['none', [], 'LATEST', ['4@LATEST', '8@LATEST', '9@LATEST', '10@LATEST']],
    ['none', [], 'TRIM_HORIZON', ['0', '1', '2', '3', '4', '5'].map((id) => `${id}@TRIM_HORIZON`)],
    ['4, 5 and 7', ['4', '5', '7'], 'LATEST', ['6@TRIM_HORIZON']],
    ['4, 5 and 7', ['4', '5', '7'], 'TRIM_HORIZON', ['0@TRIM_HORIZON', '1@TRIM_HORIZON']],
  ] as const)('%s leased, from %s', (_, leased, start, expected) => {
    expect(ids(missingLeases(documented, new Set(leased), start))).toEqual(expected)
  })
})

/** Pairs that were merged, split, merged again and so on: 2^times ways lead from the last shard to the first ones. */
function merging(times: number): readonly Shard[] {
  const shards: Shard[] = [shard('a0', [], false), shard('b0', [], false)]
  for (let n = 1; n <= times; n += 1) {
    const [a, b] = [`a${n - 1}`, `b${n - 1}`]
    shards.push(shard(`m${n}`, [a, b], false), shard(`a${n}`, [`m${n}`], n === times))
    shards.push(shard(`b${n}`, [`m${n}`], n === times))
  }
  return shards
}

describe('a stream that was resharded all year long', () => {
  test('is looked at in steps as many as it has shards, however many ways lead through them', () => {
    const shards = merging(20_000)
    expect(ids(missingLeases(shards, new Set(), 'TRIM_HORIZON'))).toEqual([
      'a0@TRIM_HORIZON',
      'b0@TRIM_HORIZON',
    ])
    expect(ids(missingLeases(shards, new Set(['a0']), 'TRIM_HORIZON'))).toEqual(['b0@TRIM_HORIZON'])
    expect(ids(missingLeases(shards, new Set(['a0']), 'LATEST'))).toEqual(['b0@TRIM_HORIZON'])
    expect(ids(missingLeases(shards, new Set(['a20000']), 'LATEST'))).toEqual(['b20000@LATEST'])
    expect(ids(missingLeases(shards, new Set(), 'LATEST'))).toEqual(['a20000@LATEST', 'b20000@LATEST'])
  })
})

test('property: whatever rows are left of whatever lineage, every open shard is leased or led to, and no row is made twice', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(), fc.nat()), { maxLength: 12 })
  fc.assert(
    fc.property(steps, fc.infiniteStream(fc.boolean()), fc.boolean(), (reshards, keeps, latest) => {
      let shards = [shard('0'), shard('1')]
      const close = (one: Shard) => {
        shards = shards.map((each) => (each === one ? { ...each, open: false } : each))
      }
      for (const [splits, a, b] of reshards) {
        const open = shards.filter((each) => each.open)
        const [first, second] = [open[a % open.length], open[b % open.length]]
        if (first === undefined || second === undefined) continue
        const id = String(shards.length)
        if (splits) {
          close(first)
          shards = [...shards, shard(id, [first.id]), shard(`${id}'`, [first.id])]
        } else if (first !== second) {
          close(first)
          close(second)
          shards = [...shards, shard(id, [first.id, second.id])]
        }
      }
      const drawn = keeps[Symbol.iterator]()
      const leased = new Set(shards.filter(() => drawn.next().value).map(({ id }) => id))
      const missing = missingLeases(shards, leased, latest ? 'LATEST' : 'TRIM_HORIZON')
      const after = new Set([...leased, ...missing.map((one) => one.shard.id)])
      expect(after.size).toBe(leased.size + missing.length)
      const byId = new Map(shards.map((each) => [each.id, each]))
      const isLed = (id: string): boolean =>
        after.has(id) || (byId.get(id)?.parents ?? []).some((parent) => isLed(parent))
      for (const { id, open } of shards) if (open) expect([id, isLed(id)]).toEqual([id, true])
      // A second look finds nothing to do.
      expect(missingLeases(shards, after, latest ? 'LATEST' : 'TRIM_HORIZON')).toEqual([])
    }),
  )
})

test('a row that is left leads to nothing through a shard that was read, and whose row somebody has deleted', () => {
  // 0 has ended, and 1, which follows it; of the two that follow 1 one has a row.
  const split = [shard('0', [], false), shard('1', ['0'], false), shard('2', ['1']), shard('3', ['1'])]
  expect(ids(missingLeases(split, new Set(['0', '2']), 'TRIM_HORIZON', new Set(['0'])))).toEqual([
    '3@TRIM_HORIZON',
  ])
  // 2 follows 0 and 1: it was read, and so was 1.
  const merge = [
    ...[shard('0', [], false), shard('1', [], false), shard('2', ['0', '1'], false)],
    ...[shard('3', ['2']), shard('4', ['2'])],
  ]
  expect(ids(missingLeases(merge, new Set(['0', '3']), 'TRIM_HORIZON', new Set(['0'])))).toEqual([
    '4@TRIM_HORIZON',
  ])
})

test('a shard that has expired and has a row still leads to what follows it: that is not passed over', () => {
  const left = [shard('1', ['0'], false), shard('2', ['1'])]
  for (const start of ['TRIM_HORIZON', 'LATEST'] as const) {
    expect(ids(missingLeases(left, new Set(['0']), start))).toEqual([])
    expect(ids(missingLeases(left, new Set(['0']), start, new Set(['0'])))).toEqual(['1@TRIM_HORIZON'])
  }
})

test('a shard whose parent has ended, and which has no row, is made: nothing leads to it any more', () => {
  const split = [shard('0', [], false), shard('1', ['0']), shard('2', ['0'])]
  for (const start of ['TRIM_HORIZON', 'LATEST'] as const) {
    expect(ids(missingLeases(split, new Set(['0', '1']), start, new Set(['0'])))).toEqual(['2@TRIM_HORIZON'])
    expect(ids(missingLeases(split, new Set(['0', '1']), start))).toEqual([])
  }
  // Of a merge whose other parent has no row, that one first; of one that was read, and whose row is deleted, none.
  const merge = [shard('0', [], false), shard('1', [], false), shard('2', ['0', '1'])]
  expect(ids(missingLeases(merge, new Set(['0']), 'LATEST', new Set(['0'])))).toEqual(['1@TRIM_HORIZON'])
  const passed = [shard('0', [], false), shard('1', ['0'], false), shard('2', ['1'])]
  expect(ids(missingLeases(passed, new Set(['0', '2']), 'TRIM_HORIZON', new Set(['0'])))).toEqual([])
})
