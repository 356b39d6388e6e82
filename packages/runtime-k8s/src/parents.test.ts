/** Whose parents' rows somebody has deleted: what a scan shows may be a little old. */

import { expect, test } from 'vitest'
import { memoryLeases } from './leases/memory.ts'
import { freshShards, unsureLeases } from './parents.ts'
import type { Shard } from './shards/index.ts'

const STREAM = '123456789012:cdc:1'

const shard = (id: string, parents: readonly string[] = [], open = false): Shard => ({
  ...{ id, parents, open, hashRange: undefined },
})

/** `c` follows on `a` and `b`; `a` has no row. */
const SHARDS = [shard('a'), shard('b'), shard('c', ['a', 'b'], true)]

async function scene() {
  const table = memoryLeases()
  for (const { id, parents } of SHARDS.slice(1))
    await table.create({
      ...{ stream: STREAM, shard: id, checkpoint: 'TRIM_HORIZON', parents, hashRange: undefined },
    })
  const seen = await table.scan()
  const leased = new Set(seen.leases.map((lease) => lease.shard))
  const looking = { table, stream: STREAM, leases: seen.leases, shards: SHARDS, leased }
  return { table, seen, looking }
}

test('a shard at its oldest record with a parent that has no row is one to look at, and no other', async () => {
  const { seen } = await scene()
  const shards = () => [...unsureLeases(seen.leases, seen).values()].flat().map((lease) => lease.shard)
  expect(shards()).toEqual(['c'])
  const malformed = [{ key: `${STREAM}:a`, place: { stream: STREAM, shard: 'a' }, problems: ['spoilt'] }]
  expect(unsureLeases(seen.leases, { ...seen, malformed }).size).toBe(0)
  const begun = seen.leases.map((lease) => ({ ...lease, checkpoint: { sequence: '7', subSequence: 0 } }))
  expect(unsureLeases(begun, seen).size).toBe(0)
})

test('what was begun since the scan is fresh no more: the row of its parent was deleted in order', async () => {
  const { table, seen, looking } = await scene()
  expect(await freshShards({ ...looking, start: 'TRIM_HORIZON' })).toEqual(new Set(['b', 'c']))
  const lease = seen.leases.find((each) => each.shard === 'c')
  if (lease === undefined) throw new Error('the lease is not there')
  const held = await table.take(lease, 'w1')
  if (held === undefined) throw new Error('the lease was not taken')
  await table.checkpoint(held, { checkpoint: { sequence: '7', subSequence: 0 }, journal: undefined })
  expect(await freshShards({ ...looking, start: 'TRIM_HORIZON' })).toEqual(new Set(['b']))
})

test('a fleet that starts at the newest record asks for nothing', async () => {
  const { looking } = await scene()
  const table = { checkpointOf: () => Promise.reject(new Error('asked')) }
  expect(await freshShards({ ...looking, table, start: 'LATEST' })).toEqual(new Set())
})
