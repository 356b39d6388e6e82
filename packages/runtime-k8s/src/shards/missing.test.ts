import { expect, test } from 'vitest'
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
