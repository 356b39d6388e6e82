import { entity, event, Permanent, reactor } from '@spaceship/core'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { type FleetOptions, simulateFleet } from './index.ts'

const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({ id: z.string(), n: z.number() }),
})
const saved = Client.saved('client.saved')
const left = Client.removed('client.left')

/** Forty clients that are saved three times; every fourth one leaves. */
function save({ put, remove, random }: Parameters<FleetOptions['scenario']>[0]): number {
  const order = Array.from({ length: 40 }, (_, n) => n).sort(() => random() - 0.5)
  for (const n of [1, 2, 3]) for (const id of order) put(Client, { id: `c${id}`, n })
  for (const id of order) if (id % 4 === 0) remove(Client, `c${id}`)
  return 130
}

test('reactors of a user run in a fleet under faults: an index that follows them equals the table at the end', async () => {
  const report = await simulateFleet({
    seeds: 3,
    scenario: (saving) => {
      save(saving)
      const index = new Map<string, { version: number; n: number | undefined }>()
      const write = (id: string, version: number, n: number | undefined) => {
        if (version >= (index.get(id)?.version ?? 0)) index.set(id, { version, n })
      }
      return {
        reactors: ({ clock }) =>
          reactor('indexing')
            .on('index', saved, async (e) => {
              await clock.sleep(20)
              write(e.after.id, e.version.max, e.after.n)
            })
            .on('unindex', left, (e) => write(e.before.id, e.version.max, undefined)),
        check: () => {
          const living = [...index.values()].filter(({ n }) => n !== undefined)
          expect(living.map(({ n }) => n)).toEqual(Array.from({ length: 30 }, () => 3))
        },
      }
    },
  })
  expect(report).toMatchObject({ seeds: 3, records: 3 * 130 })
  expect(report.moves).toBeGreaterThan(3 * 4)
}, 60_000)

test('an effect that nothing protects happens twice where a worker is killed: the check that fails is told with its seed and a smaller run', async () => {
  const twice = simulateFleet({
    seeds: 30,
    scenario: (saving) => {
      save(saving)
      const posted: string[] = []
      return {
        reactors: () =>
          reactor('telling').on('tell', saved, (e) => void posted.push(`${e.after.id} ${e.after.n}`)),
        check: () => expect(posted.length).toBe(new Set(posted).size),
      }
    },
  })
  await expect(twice).rejects.toMatchObject({
    code: 'simulation',
    message: expect.stringMatching(/^\nseed \d+.*: check: (.|\n)*again: simulateFleet/),
  })
}, 120_000)

test('a handler that never ends is told as a shard that does not come to its end', async () => {
  await expect(
    simulateFleet({
      seeds: 1,
      workers: 1,
      shards: 1,
      scenario: ({ put }) => {
        put(Client, { id: 'a', n: 1 })
        return { reactors: () => reactor('deaf').on('hear', saved, () => new Promise<void>(() => {})) }
      },
    }),
  ).rejects.toMatchObject({
    code: 'simulation',
    message: expect.stringContaining('again: simulateFleet({ scenario, from: 1, seeds: 1, workers: 1'),
  })
}, 60_000)

test('what handlers publish is there at the end, and is no dead letter', async () => {
  const told = event('told', { schema: z.object({ id: z.string() }), key: (e) => e.id })
  await simulateFleet({
    seeds: 1,
    scenario: ({ put }) => {
      put(Client, { id: 'a', n: 1 })
      return {
        reactors: () =>
          reactor('telling').on('tell', saved, (e, { publish }) => publish(told, { id: e.after.id })),
        check: ({ letters, published }) => {
          expect(letters).toEqual([])
          expect(published.length).toBeGreaterThan(0)
        },
      }
    },
  })
})

test('what is given up on is a dead letter, and no violation', async () => {
  const kept: unknown[] = []
  await simulateFleet({
    seeds: 2,
    scenario: ({ put }) => {
      put(Client, { id: 'a', n: 1 })
      return {
        reactors: () =>
          reactor('picky').on('pick', saved, () => {
            throw new Permanent('not this one')
          }),
        check: ({ letters }) => void kept.push(...letters.map(({ reason }) => reason)),
      }
    },
  })
  expect(kept).toEqual(['permanent', 'permanent'])
})

test('options that make no sense are refused at once', async () => {
  const scenario = () => ({ reactors: () => [] })
  await expect(simulateFleet({ scenario, seeds: 0, workrs: 3 } as never)).rejects.toThrow(/2 problem/)
})

test('rows with a key of two attributes are simulated like others; what never ticks there, and what is no reactor, is refused', async () => {
  const Order = entity('order', {
    table: 'orders',
    key: { partition: 'pk', sort: 'sk' },
    schema: z.object({ pk: z.string(), sk: z.string() }),
  })
  const seen = new Set<string>()
  await simulateFleet({
    seeds: 1,
    scenario: ({ put }) => {
      for (let n = 0; n < 10; n += 1) put(Order, { pk: 'a', sk: String(n) })
      return {
        reactors: () => reactor('r').on('see', Order.saved('order.saved'), (e) => void seen.add(e.after.sk)),
      }
    },
  })
  expect(seen.size).toBe(10)
  const of = (reactors: () => never) =>
    simulateFleet({
      seeds: 1,
      scenario: ({ put }) => {
        put(Client, { id: 'a', n: 1 })
        return { reactors }
      },
    })
  await expect(of(() => undefined as never)).rejects.toThrow(/what 'reactors' returns is none/)
  const timed = () => reactor('r').every('tick', { each: '5m' }, () => {}) as never
  await expect(of(timed)).rejects.toThrow(/the route 'tick' is made with every\(\)/)
})
