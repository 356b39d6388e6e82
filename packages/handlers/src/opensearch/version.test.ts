import { setImmediate as turn } from 'node:timers/promises'
import { entity, reactor } from '@spaceship/core'
import { createBackfill } from '@spaceship/core/backfill'
import { memoryDeadLetters, memoryEntities, memoryState } from '@spaceship/core/memory'
import { type Clock, silent, systemClock } from '@spaceship/core/ports'
import { harness } from '@spaceship/core/testing'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { memorySearch } from '../testing/index.ts'
import { createRebuild, searchIndex } from './index.ts'

const schema = z.object({ id: z.string(), name: z.string(), rev: z.number(), other: z.number() })
const client = (version: { readonly version?: 'rev' | 'other' } = {}) =>
  entity('client', { table: 'clients', key: 'id', schema, ...version })

test('what counts the versions of an entity is part of its index; without one the index is what it was', () => {
  const hashOf = (of: Parameters<typeof searchIndex>[1]) => searchIndex('clients', of).hash
  const plain = hashOf(client())
  expect([plain, hashOf(schema)]).toEqual(['b37d63b2', 'b37d63b2'])
  expect(
    new Set([plain, hashOf(client({ version: 'rev' })), hashOf(client({ version: 'other' }))]).size,
  ).toBe(3)
  expect(hashOf(client({ version: 'rev' }))).toBe(hashOf(client({ version: 'rev' })))
})

test('an entity is given a version while its index stands: a rebuild makes an index that takes its changes', async () => {
  let ahead = 0
  const clock: Clock = {
    now: () => Date.now() + ahead,
    monotonic: () => performance.now() + ahead,
    sleep: async (ms) => {
      await turn()
      ahead += ms
    },
  }
  const search = memorySearch({ clock })
  const rows = memoryEntities()
  const deployed = (of: ReturnType<typeof client>) => {
    const index = searchIndex('clients', of)
    const indexing = reactor('r').on('index', of.saved('client.saved'), search.index(index))
    const ship = harness(() => indexing)
    const put = async (rev: number) => {
      const row = { id: 'a', name: `name ${rev}`, rev, other: 0 }
      rows.put('clients', { id: 'a' }, row)
      await ship.put(of, row)
    }
    return { index, indexing, put }
  }
  const found = async () =>
    (await search.query<{ name: string }>('clients', { match_all: {} })).hits.map(
      ({ document }) => document.name,
    )
  const before = deployed(client())
  await before.put(1)
  const { index, indexing, put } = deployed(client({ version: 'rev' }))
  // The index holds microseconds, of which a counter is an old one.
  await put(2)
  expect(await found()).toEqual(['name 1'])
  const keeper = search.keeper(index)
  expect((await keeper.list()).map(({ version }) => version)).toEqual([before.index.hash])
  const ports = { state: memoryState(), deadLetters: memoryDeadLetters(), logger: silent, clock: systemClock }
  const { state } = ports
  const backfill = (run: string) =>
    createBackfill({ application: 'app', reactor: indexing, run, scanner: rows, ...ports })
  const rebuild = createRebuild({ application: 'app', state, clock, keeper, backfill })
  // The old version lacks what came since the deploy, and that is told.
  await expect(rebuild.run()).rejects.toMatchObject({ code: 'rebuild-differs' })
  expect(await rebuild.run({ acceptDifferences: true })).toMatchObject({ version: index.hash, rows: 1 })
  expect(await found()).toEqual(['name 2'])
  await put(3)
  expect(await found()).toEqual(['name 3'])
})
