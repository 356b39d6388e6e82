/** F8: what parking costs, and the order of a lane whatever dies in between. */

import { expect, test } from 'vitest'
import {
  arrived,
  engineOf,
  inserted,
  lambda,
  parkedLane,
  pass,
  saved,
  settled,
  worker,
} from '../../test/bench.ts'
import { createRedrive } from '../engine.ts'
import { reactor } from '../index.ts'
import { memoryDeadLetters, memoryEvents, memoryState, virtualClock } from '../memory/index.ts'
import type { StateStore } from '../ports/index.ts'

/** A route that parks, on a store that counts what it is asked. */
function parking(given: { readonly lists?: boolean; readonly page?: number } = {}) {
  const clock = virtualClock()
  const memory = memoryState({ clock })
  const counts = { get: 0, write: 0, bytes: 0, list: 0 }
  const state: StateStore = {
    get: (key) => {
      counts.get += 1
      return memory.get(key)
    },
    set: (key, value, options) => {
      counts.write += 1
      counts.bytes += key.length + JSON.stringify(value).length
      return memory.set(key, value, options)
    },
    delete: (key, version) => {
      counts.write += 1
      return memory.delete(key, version)
    },
    ...(given.lists === false || memory.list === undefined
      ? {}
      : {
          list: async (prefix, cursor) => {
            counts.list += 1
            if (memory.list === undefined) throw new Error('the memory store lists')
            const { items, cursor: next } = await memory.list(prefix, cursor)
            const { page = items.length } = given
            return { items: items.slice(0, page), cursor: items.length > page ? items[page - 1]?.key : next }
          },
        }),
  }
  const deadLetters = memoryDeadLetters()
  const sink = memoryEvents()
  const broken = { is: true }
  const seen: string[] = []
  const app = () =>
    reactor('r', { retry: { attempts: 1 }, whenExhausted: 'park' }).on('post', saved, (e) => {
      if (broken.is) throw new Error('no')
      seen.push(`${e.after.id}${e.after.n}`)
    })
  const owner = () =>
    engineOf(app(), { clock, state, deadLetters, maxAhead: { records: 100_000, bytes: 2 ** 30 } })
  const redrive = createRedrive({ application: 'app', deadLetters, events: sink, clock })
  return { clock, memory, counts, deadLetters, sink, broken, seen, owner, redrive }
}

/** The requests for each record, and the bytes written for each, as many lanes are parked. */
async function parked(count: number, keyOf: (n: number) => string) {
  const { counts, owner, clock } = parking()
  const delivery = await owner().engine.open(worker)
  const before = { ...counts }
  void delivery.push(Array.from({ length: count }, (_, i) => inserted(i + 1, keyOf(i + 1))))
  for (let i = 0; i < 20 && !delivery.complete; i += 1) await pass(clock, 250)
  expect(delivery.complete).toBe(true)
  return [
    (counts.write - before.write) / count,
    (counts.bytes - before.bytes) / count,
    (counts.get - before.get) / count,
  ]
}

for (const [what, keyOf] of Object.entries({
  'a lane for each record': (n: number) => `k${n}`,
  'one lane for all': () => 'one',
}))
  test(`F8: a record costs as much to park among thousands as among few: ${what}`, async () => {
    const [few, many] = [await parked(100, keyOf), await parked(3_000, keyOf)]
    for (const [i, cost] of many.entries()) expect(cost).toBeLessThanOrEqual((few[i] ?? 0) * 1.1)
    expect(many[0], 'writes').toBeLessThanOrEqual(3)
    expect(many[1], 'bytes').toBeLessThan(2_000)
  })

test('F8: a letter costs as much to drain from a long lane as from a short one', async () => {
  const costs: number[] = []
  for (const count of [50, 1_000]) {
    const { counts, owner, clock, broken, seen, sink, redrive, deadLetters } = parking()
    const delivery = await owner().engine.open(worker)
    void delivery.push(Array.from({ length: count }, (_, i) => inserted(i + 1, 'a')))
    while (!delivery.complete) await pass(clock, 250)
    broken.is = false
    await redrive.lane(deadLetters.letters[0]?.id ?? '')
    const before = { ...counts }
    await delivery.push([arrived(count + 1, sink.records[0])])
    while (!delivery.complete) await pass(clock, 250)
    expect([seen.length, deadLetters.letters]).toEqual([count, []])
    costs.push((counts.get + counts.write - before.get - before.write) / count)
  }
  expect(costs[1]).toBeLessThanOrEqual((costs[0] ?? 0) * 1.1)
})

for (const lists of [true, false])
  test(`F8: on a store that can${lists ? '' : 'not'} list, another owner of any shard finds the parked lanes`, async () => {
    const { counts, owner, clock, broken, seen, deadLetters } = parking({ lists })
    const first = owner()
    const one = await first.engine.open(worker)
    await one.push(Array.from({ length: 30 }, (_, i) => inserted(i + 1, `k${i}`)))
    await pass(clock, 1_000)
    broken.is = false
    const before = { ...counts }
    // A child of the shard, after a split.
    const child = await owner().engine.open({ ...worker, shard: 'shardId-7' })
    const listed = counts.list - before.list
    await child.push([inserted(100, 'k3'), inserted(101, 'fresh'), inserted(102, 'fresh')])
    await pass(clock, 1_000)
    expect([seen, deadLetters.letters.length]).toEqual([['fresh101', 'fresh102'], 31])
    expect(listed > 0).toBe(lists)
    // Each lane that is met is asked for once, and then known.
    if (!lists) {
      const limits = first.logged.filter(
        ({ level, message }) => level === 'warn' && /cannot list/.test(message),
      )
      expect(limits).toHaveLength(1)
      const gets = counts.get
      await child.push([inserted(103, 'fresh')])
      await pass(clock, 1_000)
      expect(counts.get).toBe(gets)
    }
  })

test('F8: the names of the parked lanes are listed in pages as a delivery opens, and no lane is asked for afterwards', async () => {
  const { counts, owner, clock, broken, seen, deadLetters } = parking({ page: 2 })
  const one = await owner().engine.open(worker)
  await one.push(Array.from({ length: 60 }, (_, i) => inserted(i + 1, `k${i}`)))
  await pass(clock, 1_000)
  one.revoke(new Error('lost'))
  broken.is = false
  const before = counts.list
  const next = await owner().engine.open({ ...worker, shard: 'shardId-7' })
  const [listed, gets] = [counts.list - before, counts.get]
  await next.push(Array.from({ length: 100 }, (_, i) => inserted(i + 101, `k${i}`)))
  await pass(clock, 1_000)
  expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => `k${i + 60}${i + 161}`))
  expect([deadLetters.letters.length, next.complete]).toEqual([120, true])
  expect(listed, 'sixty names, two to a page').toBeGreaterThanOrEqual(30)
  // Only what is kept behind a parked lane looks at that lane.
  expect(counts.get - gets).toBeLessThanOrEqual(60 * 4)
})

test('F8: on Lambda only the lanes of the batch are asked for', async () => {
  const { counts, owner, clock, broken, seen } = parking()
  const one = await owner().engine.open(worker)
  await one.push(Array.from({ length: 500 }, (_, i) => inserted(i + 1, `k${i}`)))
  await pass(clock, 1_000)
  broken.is = false
  const before = { ...counts }
  const delivery = await owner().engine.open(lambda)
  await delivery.push([inserted(600, 'k7'), inserted(601, 'fresh')])
  expect(await settled(delivery, clock, 5_000)).toEqual([])
  expect([counts.list - before.list, seen]).toEqual([0, ['fresh601']])
  expect(counts.get - before.get).toBeLessThan(10)
})

test('F8: a record that comes again is not kept twice, and one that had been done is put where it stood', async () => {
  const { owner, clock, memory, broken, seen, deadLetters, sink, redrive } = parking()
  broken.is = false
  const records = [1, 2, 3, 4].map((n) => inserted(n, 'a'))
  const one = await owner().engine.open(worker)
  await one.push(records.slice(0, 1))
  await pass(clock, 100)
  expect(seen.splice(0)).toEqual(['a1'])
  broken.is = true
  await one.push(records.slice(1, 3))
  await pass(clock, 1_000)
  one.revoke(new Error('died before its checkpoint'))
  // All of it comes again, twice; the first one fails this time.
  for (let again = 0; again < 2; again += 1) {
    const next = await owner().engine.open(worker)
    await next.push(records)
    await pass(clock, 1_000)
    expect(next.complete).toBe(true)
    next.revoke(new Error('died'))
  }
  expect(deadLetters.letters.map(({ sequence }) => sequence).sort()).toEqual(['1', '2', '3', '4'])
  broken.is = false
  await redrive.lane(deadLetters.letters[0]?.id ?? '')
  const last = await owner().engine.open(worker)
  await last.push([arrived(5, sink.records[0])])
  await pass(clock, 10_000)
  expect(seen).toEqual(['a1', 'a2', 'a3', 'a4'])
  expect([deadLetters.letters, await parkedLane(memory, 'a')]).toEqual([[], undefined])
})
