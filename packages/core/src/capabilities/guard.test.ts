/** Guards of keys whose events come from several clocks, or again. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { engineOf, inserted, record, worker } from '../../test/bench.ts'
import { entity, event, type Reactor, reactor } from '../index.ts'
import { memoryState, virtualClock } from '../memory/index.ts'
import type { StateStore } from '../ports/index.ts'

const START = Date.UTC(2026, 0, 1)

const priced = event('priced', { schema: z.object({ id: z.string(), n: z.number() }), key: ({ id }) => id })

/** One shard's owners, one after the other, on one store. */
function owners(make: (handled: (n: number) => void) => Reactor) {
  const clock = virtualClock()
  const memory = memoryState({ clock })
  const sizes: number[] = []
  const state: StateStore = {
    ...memory,
    set: (key, value, options) => {
      sizes.push(JSON.stringify(value).length)
      return memory.set(key, value, options)
    },
  }
  const effects: number[] = []
  return {
    effects,
    sizes,
    deliver: async (records: readonly ReturnType<typeof record>[]) => {
      const delivery = await engineOf(
        make((n) => void effects.push(n)),
        { clock, state },
      ).engine.open(worker)
      await delivery.push(records)
      await delivery.quiet()
      delivery.revoke(new Error('the owner died'))
    },
  }
}

const handling = () =>
  owners((handled) => reactor('r').on('see', priced, (e) => handled(e.payload.n), { stale: 'skip' }))

function published(n: number, source: string, time: number) {
  return record(n, {
    ...{ specversion: '1.0', id: String(n), source, type: 'priced', time: new Date(time).toISOString() },
    data: { id: 'a', n },
  })
}

test('publishers whose clocks differ: what comes again, however much of it, sets no target back', async () => {
  const events = fc.array(fc.record({ source: fc.nat(3), gap: fc.integer({ min: 1, max: 100 }) }), {
    minLength: 1,
    maxLength: 60,
  })
  const skews = fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: -900, max: 900 })))
  const replays = fc.array(fc.tuple(fc.nat(60), fc.nat(60)), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(events, skews, replays, async (given, ahead, again) => {
      let now = START
      const records = given.map(({ source, gap }, n) => {
        now += gap
        return published(n + 1, `s${source}`, now + (ahead[source] ?? 0))
      })
      const once = handling()
      await once.deliver(records)
      const repeated = handling()
      let reached = 0
      for (const [from, to] of again) {
        await repeated.deliver(records.slice(Math.min(from, reached), to))
        reached = Math.max(reached, to)
      }
      await repeated.deliver(records)
      // In the order of the stream, whoever has died on the way.
      expect(repeated.effects.at(-1)).toBe(once.effects.at(-1))
      expect(new Set(repeated.effects).size).toBe(repeated.effects.length)
    }),
    { numRuns: 150 },
  )
})

test('two publishers that alternate, a replay of all: nothing is handled again', async () => {
  const { effects, deliver } = handling()
  const records = Array.from({ length: 12 }, (_, n) =>
    published(n + 1, n % 2 === 0 ? 'slow' : 'fast', START + n * 10 + (n % 2 === 0 ? 0 : 150)),
  )
  await deliver(records)
  const before = [...effects]
  expect(before.at(-1)).toBe(12)
  await deliver(records)
  await deliver(records.slice(5))
  expect(effects).toEqual(before)
})

test('more publishers than a guard remembers: a replay ends with what ended the stream', async () => {
  const { effects, deliver } = handling()
  const records = Array.from({ length: 40 }, (_, n) => published(n + 1, `s${n % 20}`, START + n))
  await deliver(records)
  await deliver(records)
  expect(effects.at(-1)).toBe(40)
})

test('an entity that begins to count its versions is not older than its rows without them', async () => {
  const schema = z.object({ id: z.string(), n: z.number() })
  const plain = entity('client', { table: 'clients', key: 'id', schema })
  const counted = entity('client', { table: 'clients', key: 'id', schema, version: 'n' })
  let known = plain
  const { effects, deliver } = owners((handled) =>
    reactor('r').on('see', known.saved('client.saved'), (e) => handled(e.after.n), { stale: 'skip' }),
  )
  await deliver([inserted(1, 'a', { n: 1 })])
  known = counted
  await deliver([inserted(2, 'a', { n: 2 }), inserted(3, 'a', { n: 1 })])
  known = plain
  await deliver([inserted(4, 'a', { n: 4 })])
  expect(effects).toEqual([1, 2, 4])
})

test('a guard keeps one identity for a clock whose versions differ, and so many clocks at most', async () => {
  const { deliver, sizes } = handling()
  await deliver(Array.from({ length: 100 }, (_, n) => published(n + 1, `s${n % 8}`, START + n)))
  await deliver(Array.from({ length: 100 }, (_, n) => published(n + 1, `s${n % 30}`, START + 200 + n)))
  expect(Math.max(...sizes)).toBeLessThan(1_200)
})
