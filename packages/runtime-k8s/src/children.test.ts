/** Which leases follow on a shard that has ended, and what is asked for them. */

import { expect, test } from 'vitest'
import { leasesAfter } from './children.ts'
import { memoryLeases } from './leases/memory.ts'
import type { Shard } from './shards/index.ts'

const id = '123456789012:cdc:1'

const shard = (name: string, parents: readonly string[] = [], open = false): Shard => ({
  ...{ id: name, parents, open, hashRange: ['0', '1'] },
})

/** `c` follows on `a` and `b`, and `b` on `o`. */
const SHARDS = [shard('o'), shard('a'), shard('b', ['o']), shard('c', ['a', 'b'], true)]
const C = shard('c', ['a', 'b'], true)

async function ending(shards: readonly Shard[], leased: readonly string[], named: readonly Shard[] = []) {
  const leases = memoryLeases()
  const lease = (name: string) =>
    leases.create({ stream: id, shard: name, checkpoint: 'TRIM_HORIZON', parents: [], hashRange: undefined })
  for (const name of leased) await lease(name)
  const asked = { lists: 0, rows: 0 }
  const counted = {
    checkpointOf: (key: string) => {
      asked.rows += 1
      return leases.checkpointOf(key)
    },
  }
  const list = async () => {
    asked.lists += 1
    return shards
  }
  const children = async () => {
    const after = await leasesAfter({ leases: counted, list, stream: id, shard: 'a', named })
    return after === 'later' ? after : after.map((each) => each.shard)
  }
  return { children, lease, asked }
}

test.each([
  ['listed', []],
  ['named by the last read', [C]],
])(
  'a child of two shards, %s, waits until both have leases: it could not wait for one that has none',
  async (_, named) => {
    const { children, lease } = await ending(SHARDS, ['o', 'a'], named)
    expect(await children()).toBe('later')
    await lease('b')
    expect(await children()).toEqual(['c'])
  },
)

test.each([
  ['listed', []],
  ['named by the last read', [C]],
])(
  'a shard that the stream has no more is not waited for, nor one whose child has a lease: %s',
  async (_, named) => {
    const gone = SHARDS.filter((each) => each.id !== 'b')
    expect(await (await ending(gone, ['o', 'a'], named)).children()).toEqual(['c'])
    expect(await (await ending(SHARDS, ['o', 'a', 'c'], named)).children()).toEqual(['c'])
  },
)

test('the end of a shard whose children are named asks for no list, and only for the rows of a merge', async () => {
  const split = [shard('d', ['a'], true), shard('e', ['a'], true)]
  const one = await ending(SHARDS, ['a'], split)
  expect([await one.children(), one.asked]).toEqual([['d', 'e'], { lists: 0, rows: 0 }])
  const other = await ending(SHARDS, ['o', 'a', 'b'], [C])
  expect([await other.children(), other.asked]).toEqual([['c'], { lists: 0, rows: 2 }])
})

test('children that are named without this shard as a parent are not believed: the stream is listed', async () => {
  const { children, asked } = await ending(SHARDS, ['a', 'b'], [shard('x', ['y'])])
  expect([await children(), asked.lists]).toEqual([['c'], 1])
})

test('a shard that the stream says is open has not ended, whatever a read has said', async () => {
  const { children } = await ending([shard('a', [], true), C], ['a'])
  await expect(children()).rejects.toMatchObject({ code: 'shard-open' })
})
