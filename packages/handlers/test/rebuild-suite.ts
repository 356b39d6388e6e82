/** Owns what a rebuild must do, to be run for each search there is. */

import { setImmediate as turn } from 'node:timers/promises'
import { type EventMeta, entity, reactor } from '@spaceship/core'
import { createBackfill } from '@spaceship/core/backfill'
import { createEngine, type Delivery } from '@spaceship/core/engine'
import { memoryDeadLetters, memoryEntities, memoryState } from '@spaceship/core/memory'
import { type Clock, type StateStore, silent, systemClock } from '@spaceship/core/ports'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as z from 'zod'
import {
  createRebuild,
  type IndexKeeper,
  type RebuildRun,
  type Search,
  searchIndex,
} from '../src/opensearch/index.ts'

const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({ id: z.string(), n: z.number() }),
})
const Kept = searchIndex('clients', Client)
/** The same index after a deploy. */
const changed = searchIndex('clients', Client, { fields: { n: { type: 'keyword' } } })

/** Two clocks of one time: on the first, waits are over at once; on the second they take what they take. */
function clocks(): readonly [hasty: Clock, patient: Clock] {
  let ahead = 0
  const time = { now: () => Date.now() + ahead, monotonic: () => performance.now() + ahead }
  const sleep = async (ms: number) => {
    await turn()
    ahead += ms
  }
  return [
    { ...time, sleep },
    { ...time, sleep: systemClock.sleep },
  ]
}

interface World {
  readonly search: Search
  readonly clock: Clock
  readonly put: (id: string, n: number) => void
  readonly remove: (id: string) => void
  /** Live traffic comes to its reactor. */
  readonly deliver: () => Promise<void>
  readonly rebuild: (
    options?: RebuildRun & {
      page?: () => Promise<void>
      state?: StateStore
      of?: typeof Kept
      keeper?: IndexKeeper
    },
  ) => Promise<unknown>
  readonly found: () => Promise<Record<string, number>>
  readonly table: () => Record<string, number>
}

async function world(makes: (clock: Clock) => Promise<Search>, index = Kept): Promise<World> {
  const [clock, patient] = clocks()
  const search = await makes(clock)
  const saved = Client.saved('client.saved')
  const left = Client.removed('client.left')
  const keeping = reactor('keeping')
    .on('index', saved, search.index(index))
    .on('unindex', left, search.remove(index))
  const rows = memoryEntities()
  const table: Record<string, number> = {}
  const stream: object[] = []
  const ports = { state: memoryState(), deadLetters: memoryDeadLetters(), logger: silent, clock: patient }
  const engine = createEngine({ application: 'live', reactors: [keeping], ...ports })
  const delivery: Delivery = await engine.open({ stream: 's', shard: '0', redelivers: 'none' })
  let sequence = 0
  let micros = 0
  const change = (eventName: string, id: string, images: object) => {
    micros = Math.max(micros + 1, clock.now() * 1_000)
    stream.push({
      eventName,
      tableName: 'clients',
      dynamodb: {
        ApproximateCreationDateTime: micros,
        ApproximateCreationDateTimePrecision: 'MICROSECOND',
        Keys: { id: { S: id } },
        ...images,
      },
    })
  }
  const imageOf = (id: string) => ({ id: { S: id }, n: { N: String(table[id]) } })
  return {
    search,
    clock,
    table: () => ({ ...table }),
    put: (id, n) => {
      const before = id in table ? { OldImage: imageOf(id) } : {}
      table[id] = n
      rows.put('clients', { id }, { id, n })
      change('OldImage' in before ? 'MODIFY' : 'INSERT', id, { ...before, NewImage: imageOf(id) })
    },
    remove: (id) => {
      if (!(id in table)) return
      const OldImage = imageOf(id)
      delete table[id]
      rows.remove('clients', { id })
      change('REMOVE', id, { OldImage })
    },
    deliver: async () => {
      const records = stream.splice(0).map((each) => {
        sequence += 1
        const data = Buffer.from(JSON.stringify(each))
        return { sequence: String(sequence), subSequence: 0, partitionKey: 'k', data, arrivedAt: new Date() }
      })
      if (records.length > 0) await delivery.push(records)
      await delivery.quiet()
    },
    rebuild: async ({
      page = async () => {},
      state = ports.state,
      of = index,
      keeper = search.keeper(of),
      ...run
    } = {}) =>
      createRebuild({
        application: 'app',
        state,
        clock,
        keeper,
        backfill: (name) =>
          createBackfill({
            application: 'app',
            reactor: keeping,
            run: name,
            segments: 2,
            scanner: {
              ...rows,
              page: async (...[name, options]) => {
                const found = await rows.page(name, { ...options, limit: 3 })
                await page()
                return found
              },
            },
            ...ports,
            state,
          }),
      }).run(run),
    found: async () => {
      const { hits } = await search.query(index, { match_all: {} }, { size: 1_000 })
      return Object.fromEntries(hits.map(({ id, document }) => [id, document.n]))
    },
  }
}

/** @param makes a search on a cluster without this index */
export function rebuildSuite(makes: (clock: Clock) => Promise<Search>, runs: number): void {
  const index = Kept

  test('a version is made from the table, shown when it is whole, and the old one is written until it is removed', async () => {
    const { search, put, remove, deliver, rebuild, found, table } = await world(makes)
    for (let n = 0; n < 12; n += 1) put(`c${n}`, n)
    await deliver()
    remove('c0')
    await deliver()
    const steps: string[] = []
    expect(
      await rebuild({ onProgress: ({ step }) => void (steps.at(-1) === step || steps.push(step)) }),
    ).toMatchObject({ complete: true, rows: 11, comparison: { counts: [11, 11], differing: [] } })
    expect(steps).toEqual(['made', 'filling', 'compared', 'shown'])
    expect(await found()).toEqual(table())
    put('later', 99)
    await deliver()
    const keeper = search.keeper(index)
    const [old, young] = [index.hash, `${index.hash}-2`]
    expect(await keeper.list()).toMatchObject([
      { version: old, live: false, writable: true },
      { version: young, live: true, writable: true },
    ])
    expect((await keeper.compare(old, young)).counts).toEqual([12, 12])
    // Back, and forth.
    await keeper.show(old)
    expect(await found()).toEqual(table())
    await keeper.show(young)
    await keeper.remove(old)
    put('last', 100)
    await deliver()
    expect(await keeper.list()).toMatchObject([{ version: young }])
    expect(await found()).toEqual(table())
    // Once more, from the start.
    expect(await rebuild()).toMatchObject({ version: old, rows: 13 })
  })

  test('what the table does not hold makes the versions differ: it is told, and shown only if somebody accepts that', async () => {
    const { search, put, deliver, rebuild, found, table } = await world(makes)
    put('a', 1)
    await deliver()
    const stray = { key: 'stray', after: { id: 'stray', n: 0 }, version: { min: 1, max: 1 } }
    const write = search.index(index)
    await write(
      stray as unknown as EventMeta & { after: { id: string; n: number } },
      { signal: new AbortController().signal } as never,
    )
    await expect(rebuild()).rejects.toMatchObject({
      code: 'rebuild-differs',
      message: expect.stringContaining('has 1 documents and the old one 2'),
    })
    expect(Object.keys(await found()).length).toBe(2)
    expect(await rebuild({ acceptDifferences: true })).toMatchObject({ complete: true })
    expect(await found()).toEqual(table())
  })

  test('killed between the scan and the swap, a second run swaps', async () => {
    const { put, deliver, rebuild, found, table, search } = await world(makes)
    for (let n = 0; n < 8; n += 1) put(`c${n}`, n)
    await deliver()
    const stop = new AbortController()
    let pages = 0
    const page = async () => {
      pages += 1
    }
    const killed = rebuild({
      onProgress: ({ step }) => {
        if (step === 'compared') throw new Error('killed')
      },
      page,
    })
    await expect(killed).rejects.toThrow('killed')
    expect((await search.keeper(index).list()).filter(({ live }) => live)).toMatchObject([
      { version: index.hash },
    ])
    const before = pages
    expect(await rebuild({ page, signal: stop.signal })).toMatchObject({
      version: `${index.hash}-2`,
      rows: 8,
    })
    expect(pages).toBe(before)
    expect(await found()).toEqual(table())
  })

  test('a version that was begun with another definition is given up: the rebuild after a deploy shows the new one', async () => {
    const { search, put, deliver, rebuild, found, table } = await world(makes)
    for (let n = 0; n < 8; n += 1) put(`c${n}`, n)
    await deliver()
    const stop = new AbortController()
    const page = async () => stop.abort(new Error('killed'))
    expect(await rebuild({ page, signal: stop.signal })).toMatchObject({ complete: false })
    expect(await rebuild({ of: changed })).toMatchObject({ complete: true, version: changed.hash })
    expect(await found()).toEqual(table())
    expect(await search.keeper(changed).list()).toMatchObject(
      [
        { version: index.hash, live: false },
        { version: changed.hash, live: true },
      ].sort((a, b) => (a.version < b.version ? -1 : 1)),
    )
  })

  test('versions that live changes come to one after the other are the same; of one that lacks documents all is told', async () => {
    const { search, put, deliver, rebuild, found, table } = await world(makes)
    for (let n = 0; n < 30; n += 1) put(`c${n}`, n)
    await deliver()
    const real = search.keeper(index)
    let more = 0
    // Between the counts of one comparison there is always another change.
    const keeper: IndexKeeper = {
      ...real,
      compare: async (before, after, sample) => {
        const busy = setInterval(() => {
          put(`more${more++}`, more)
          void deliver()
        }, 1)
        try {
          return await real.compare(before, after, sample)
        } finally {
          clearInterval(busy)
          await deliver()
        }
      },
    }
    expect(await rebuild({ keeper })).toMatchObject({ complete: true })
    await deliver()
    expect(await found()).toEqual(table())
    await real.make('0badc0de')
    const { counts, moved, sampled, differing } = await real.compare(index.hash, '0badc0de')
    expect([counts[0] - counts[1], moved]).toEqual([Object.keys(table()).length, 0])
    expect([sampled > 20, differing.length >= 20]).toEqual([true, true])
  })

  test('property: pages interleaved with puts and deletes, deliveries and kills: the new version equals the table', async () => {
    const step = fc.record({
      kind: fc.constantFrom('put', 'put', 'remove', 'deliver', 'page', 'kill'),
      id: fc.nat(7),
    })
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        // The version that is searched stays, so each run has an index of its own.
        run += 1
        const own = searchIndex(`run-${run}`, Client)
        const { search, put, remove, deliver, rebuild, found, table } = await world(makes, own)
        const script = [...steps]
        let n = 0
        async function between(): Promise<boolean> {
          for (let next = script.shift(); next !== undefined; next = script.shift()) {
            n += 1
            if (next.kind === 'put') put(`c${next.id}`, n)
            if (next.kind === 'remove') remove(`c${next.id}`)
            if (next.kind === 'deliver') await deliver()
            if (next.kind === 'page') return false
            if (next.kind === 'kill') return true
          }
          return false
        }
        put('first', 0)
        await between()
        await deliver()
        for (let complete = false; !complete; ) {
          const stop = new AbortController()
          const page = async () => {
            if (await between()) stop.abort(new Error('killed'))
          }
          const result = await rebuild({ page, signal: stop.signal, acceptDifferences: true })
          complete = Object(result).complete
        }
        await deliver()
        expect(await found()).toEqual(table())
        const keeper = search.keeper(own)
        for (const { version } of await keeper.list()) {
          await keeper.show(version)
          expect(await found()).toEqual(table())
        }
        for (const { version, live } of await keeper.list()) if (!live) await keeper.remove(version)
        expect(await found()).toEqual(table())
      }),
      { numRuns: runs },
    )
  }, 120_000)
}
