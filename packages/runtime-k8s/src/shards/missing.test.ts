import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { missingLeases, orphansIn } from './missing.ts'
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
  expect(ids(missingLeases(lineage, { all: new Set() }, 'TRIM_HORIZON'))).toEqual([
    '0@TRIM_HORIZON',
    '1@TRIM_HORIZON',
  ])
})

test('a shard whose parents are gone is among the oldest', () => {
  expect(ids(missingLeases(lineage.slice(2), { all: new Set() }, 'TRIM_HORIZON'))).toEqual([
    '2@TRIM_HORIZON',
    '3@TRIM_HORIZON',
  ])
})

test('from the end, the open shards are read', () => {
  expect(ids(missingLeases(lineage, { all: new Set() }, 'LATEST'))).toEqual(['2@LATEST', '4@LATEST'])
})

test('what a leased shard leads to is left to its end', () => {
  expect(ids(missingLeases(lineage, { all: new Set(['0', '1']) }, 'TRIM_HORIZON'))).toEqual([])
  expect(ids(missingLeases(lineage, { all: new Set(['0', '1']) }, 'LATEST'))).toEqual([])
})

test('ancestors of what is leased are not read again', () => {
  expect(ids(missingLeases(lineage, { all: new Set(['2', '4']) }, 'TRIM_HORIZON'))).toEqual([])
})

test('a row that somebody deletes is made again, as near to what was read as the stream still tells', () => {
  // 0 was read, since 2 follows it; of 3 and 1 nobody knows.
  expect(ids(missingLeases(lineage, { all: new Set(['2']) }, 'TRIM_HORIZON'))).toEqual([
    '1@TRIM_HORIZON',
    '3@TRIM_HORIZON',
  ])
  expect(ids(missingLeases(lineage, { all: new Set(['2']) }, 'LATEST'))).toEqual(['4@LATEST'])
  expect(ids(missingLeases(lineage, { all: new Set(['2', '3']) }, 'TRIM_HORIZON'))).toEqual([
    '1@TRIM_HORIZON',
  ])
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
    expect(ids(missingLeases(documented, { all: new Set(leased) }, start))).toEqual(expected)
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
    expect(ids(missingLeases(shards, { all: new Set() }, 'TRIM_HORIZON'))).toEqual([
      'a0@TRIM_HORIZON',
      'b0@TRIM_HORIZON',
    ])
    expect(ids(missingLeases(shards, { all: new Set(['a0']) }, 'TRIM_HORIZON'))).toEqual(['b0@TRIM_HORIZON'])
    expect(ids(missingLeases(shards, { all: new Set(['a0']) }, 'LATEST'))).toEqual(['b0@TRIM_HORIZON'])
    expect(ids(missingLeases(shards, { all: new Set(['a20000']) }, 'LATEST'))).toEqual(['b20000@LATEST'])
    expect(ids(missingLeases(shards, { all: new Set() }, 'LATEST'))).toEqual([
      'a20000@LATEST',
      'b20000@LATEST',
    ])
  })
})

/** A stream after some splits and merges. */
const lineages = fc.array(fc.tuple(fc.boolean(), fc.nat(), fc.nat()), { maxLength: 12 }).map((reshards) => {
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
  return shards
})

test('property: whatever rows are left of whatever lineage, every open shard is leased or led to, and no row is made twice', () => {
  fc.assert(
    fc.property(lineages, fc.infiniteStream(fc.boolean()), fc.boolean(), (shards, keeps, latest) => {
      const drawn = keeps[Symbol.iterator]()
      const leased = new Set(shards.filter(() => drawn.next().value).map(({ id }) => id))
      const missing = missingLeases(shards, { all: leased }, latest ? 'LATEST' : 'TRIM_HORIZON')
      const after = new Set([...leased, ...missing.map((one) => one.shard.id)])
      expect(after.size).toBe(leased.size + missing.length)
      const byId = new Map(shards.map((each) => [each.id, each]))
      const isLed = (id: string): boolean =>
        after.has(id) || (byId.get(id)?.parents ?? []).some((parent) => isLed(parent))
      for (const { id, open } of shards) if (open) expect([id, isLed(id)]).toEqual([id, true])
      // A second look finds nothing to do.
      expect(missingLeases(shards, { all: after }, latest ? 'LATEST' : 'TRIM_HORIZON')).toEqual([])
    }),
  )
})

type State = 'none' | 'fresh' | 'begun' | 'ended'

test('property: whatever rows are left in whatever state, each open shard is read at last, and none before what it follows', () => {
  const states = fc.infiniteStream(fc.constantFrom<State>('none', 'fresh', 'begun', 'ended'))
  fc.assert(
    fc.property(lineages, states, (shards, drawn) => {
      const draw = drawn[Symbol.iterator]()
      const rows = new Map<string, State>()
      for (const { id, open } of shards) {
        const state: State = draw.next().value
        if (state !== 'none') rows.set(id, open && state === 'ended' ? 'begun' : state)
      }
      const those = (state: State) => new Set([...rows].flatMap(([id, its]) => (its === state ? id : [])))
      const leases = () => ({ all: new Set(rows.keys()), ended: those('ended'), fresh: those('fresh') })
      const read = new Set([...those('begun'), ...those('ended')])
      /** Of a merge a child is made only when the row of its other parent is there, as in `children.ts`. */
      const mayBeMade = (child: Shard) => child.parents.every((id) => rows.has(id))
      function turn(): boolean {
        const before = JSON.stringify([...rows])
        for (const one of missingLeases(shards, leases(), 'TRIM_HORIZON')) rows.set(one.shard.id, 'fresh')
        const orphans = orphansIn(shards, leases())
        for (const each of shards) {
          const state = rows.get(each.id)
          const waits = each.parents.some((id) => rows.has(id) && rows.get(id) !== 'ended')
          if (state === undefined || state === 'ended' || waits || orphans.includes(each.id)) continue
          if (state === 'fresh') {
            const line = shards.filter((other) => isBefore(shards, other.id, each.id))
            const isPassed = (other: Shard) =>
              read.has(other.id) || shards.some(({ id }) => read.has(id) && isBefore(shards, other.id, id))
            expect(line.filter((other) => !isPassed(other))).toEqual([])
          }
          const children = shards.filter(({ id, parents }) => parents.includes(each.id) && !rows.has(id))
          const isOver = !each.open && children.every(mayBeMade)
          rows.set(each.id, isOver ? 'ended' : 'begun')
          read.add(each.id)
          if (isOver) for (const { id } of children) rows.set(id, 'fresh')
        }
        return JSON.stringify([...rows]) !== before
      }
      while (turn());
      const unread = shards.filter(({ id, open }) => open && rows.get(id) !== 'begun')
      expect(unread).toEqual([])
    }),
    { numRuns: 1_000 },
  )
})

function isBefore(shards: readonly Shard[], first: string, id: string): boolean {
  const parents = shards.find((each) => each.id === id)?.parents ?? []
  return parents.some((parent) => parent === first || isBefore(shards, first, parent))
}

test('a parent without a row is made again while nothing is read of what follows it, and that waits', () => {
  // 0 and 1 were merged into 2, and 0 was read to its end.
  const merge = [shard('0', [], false), shard('1', [], false), shard('2', ['0', '1'])]
  const leased = { all: new Set(['0', '2']), ended: new Set(['0']) }
  for (const start of ['TRIM_HORIZON', 'AT_TIMESTAMP'] as const) {
    const fresh = new Set(['2'])
    expect(ids(missingLeases(merge, { ...leased, fresh }, start))).toEqual([`1@${start}`])
    expect(orphansIn(merge, { ...leased, fresh })).toEqual(['2'])
    // Something was read of it: its parents had ended.
    expect(ids(missingLeases(merge, leased, start))).toEqual([])
    expect(orphansIn(merge, leased)).toEqual([])
  }
  // A parent that has expired is waited for by nobody.
  expect(orphansIn(merge.slice(2), { all: new Set(['2']), fresh: new Set(['2']) })).toEqual([])
})

test('a parent without a row is passed where a sibling of the shard was begun', () => {
  const split = [shard('0', [], false), shard('1', ['0']), shard('2', ['0'])]
  const fresh = new Set(['2'])
  expect(orphansIn(split, { all: new Set(['1', '2']), fresh })).toEqual([])
  expect(ids(missingLeases(split, { all: new Set(['1', '2']), fresh }, 'TRIM_HORIZON'))).toEqual([])
})

test('a row that is left leads to nothing through a shard that was read, and whose row somebody has deleted', () => {
  // 0 has ended, and 1, which follows it; of the two that follow 1 one has a row.
  const split = [shard('0', [], false), shard('1', ['0'], false), shard('2', ['1']), shard('3', ['1'])]
  expect(
    ids(missingLeases(split, { all: new Set(['0', '2']), ended: new Set(['0']) }, 'TRIM_HORIZON')),
  ).toEqual(['3@TRIM_HORIZON'])
  // 2 follows 0 and 1: it was read, and so was 1.
  const merge = [
    ...[shard('0', [], false), shard('1', [], false), shard('2', ['0', '1'], false)],
    ...[shard('3', ['2']), shard('4', ['2'])],
  ]
  expect(
    ids(missingLeases(merge, { all: new Set(['0', '3']), ended: new Set(['0']) }, 'TRIM_HORIZON')),
  ).toEqual(['4@TRIM_HORIZON'])
})

test('a shard that has expired and has a row still leads to what follows it: that is not passed over', () => {
  const left = [shard('1', ['0'], false), shard('2', ['1'])]
  for (const start of ['TRIM_HORIZON', 'LATEST'] as const) {
    expect(ids(missingLeases(left, { all: new Set(['0']) }, start))).toEqual([])
    expect(ids(missingLeases(left, { all: new Set(['0']), ended: new Set(['0']) }, start))).toEqual([
      '1@TRIM_HORIZON',
    ])
  }
})

test('a shard whose parent has ended, and which has no row, is made: nothing leads to it any more', () => {
  const split = [shard('0', [], false), shard('1', ['0']), shard('2', ['0'])]
  for (const start of ['TRIM_HORIZON', 'LATEST'] as const) {
    expect(ids(missingLeases(split, { all: new Set(['0', '1']), ended: new Set(['0']) }, start))).toEqual([
      '2@TRIM_HORIZON',
    ])
    expect(ids(missingLeases(split, { all: new Set(['0', '1']) }, start))).toEqual([])
  }
  // Of a merge whose other parent has no row, that one first; of one that was read, and whose row is deleted, none.
  const merge = [shard('0', [], false), shard('1', [], false), shard('2', ['0', '1'])]
  expect(ids(missingLeases(merge, { all: new Set(['0']), ended: new Set(['0']) }, 'LATEST'))).toEqual([
    '1@TRIM_HORIZON',
  ])
  const passed = [shard('0', [], false), shard('1', ['0'], false), shard('2', ['1'])]
  expect(
    ids(missingLeases(passed, { all: new Set(['0', '2']), ended: new Set(['0']) }, 'TRIM_HORIZON')),
  ).toEqual([])
})
