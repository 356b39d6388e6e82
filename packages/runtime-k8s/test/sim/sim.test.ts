/** A few small seeds of the simulation, so that a fault in the workers or in the simulation shows early. `npm run sim` is for many. */

import { chanceOf } from '@spaceship/core/testing'
import { expect, test } from 'vitest'
import { type Fault, planOf, type Sizes } from '../../src/testing/plan.ts'
import { simulate } from '../../src/testing/run.ts'
import { shrink } from '../../src/testing/shrink.ts'
import { commandOf, toldViolation } from '../../src/testing/tell.ts'
import { PLANTS } from './plants.ts'

test('nothing is lost, out of order or unowned, whatever comes over a small fleet', async () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const found = await simulate(planOf({ seed, workers: 3, shards: 4 }))
    expect([seed, found.violation]).toEqual([seed, undefined])
    expect(found.counts.records).toBe(300)
  }
})

test('nor in a fleet of which each worker has several shards', async () => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const found = await simulate(planOf({ seed, workers: 8, shards: 40 }))
    expect([seed, found.violation]).toEqual([seed, undefined])
  }
})

/** Each of these seeds has found a fault of ours. */
test.each([11, 23, 60, 183, 205, 222, 249, 256, 282])(
  'nor if somebody deletes rows of the lease table while shards split and merge, seed %i',
  async (seed) => {
    const found = await simulate({
      ...planOf({ seed, workers: 3, shards: 4 }),
      javas: 0,
      faults: deletions(seed),
    })
    expect(found.violation).toBeUndefined()
  },
)

function deletions(seed: number): readonly Fault[] {
  const chance = chanceOf(seed * 77)
  const kinds = ['delete', 'delete', 'delete', 'merge', 'merge', 'split', 'trim', 'kill'] as const
  const faults = Array.from({ length: 14 }, (): Fault => {
    const kind = chance.pick(kinds)
    const at = 1_000 + chance.below(28_000)
    if (kind === 'trim') return { kind, at }
    if (kind === 'kill') return { kind, at, slot: chance.below(3), back: chance.below(3_000), same: false }
    return { kind, at, pick: chance.below(1_000_000) }
  })
  return faults.sort((a, b) => a.at - b.at)
}

/** In these a worker reads the row of a shard that it holds at the end of another one: that is no word on whose it is. */
test.each([50_396, 101_119])(
  'nor where a lease is taken while its row is read for another reason, seed %i',
  async (seed) => {
    const found = await simulate(planOf({ seed, workers: 5, shards: 8 }))
    expect(found.violation).toBeUndefined()
  },
)

test('nor where a row that is made again soon has the counter that the former one had, seed 200091', async () => {
  const found = await simulate(planOf({ seed: 200_091, workers: 5, shards: 8 }))
  expect(found.violation).toBeUndefined()
})

test('a seed says all: its second run is the first one', async () => {
  const run = () => simulate(planOf({ seed: 7, workers: 3, shards: 4 }))
  const [first, second] = [await run(), await run()]
  expect(second).toEqual(first)
})

test.each(Object.keys(PLANTS))('a fault is found within a hundred small seeds: %s', async (name) => {
  let found = 0
  for (let seed = 1; seed <= 100 && found === 0; seed += 1)
    if (
      (await simulate(planOf({ seed, workers: 3, shards: 4 }), { plant: PLANTS[name]?.() })).violation !==
      undefined
    )
      found = seed
  expect(found).toBeGreaterThan(0)
})

test('a violation is told with a smaller run that has it, too', async () => {
  const plant = PLANTS['a reader that stops silently']
  const run = (sizes: Sizes) => simulate(planOf(sizes), { plant: plant?.() })
  const found = await run({ seed: 4, workers: 3, shards: 4 })
  const { sizes, found: smaller } = await shrink(found, run)
  expect(smaller.violation?.kind).toBe(found.violation?.kind)
  expect([sizes.workers, sizes.shards, sizes.only]).toEqual([1, 1, []])
  const told = toldViolation({ sizes, found: smaller }, commandOf)
  expect(told).toMatch(/VIOLATION/)
  expect(told).toMatch(/again: npm run sim -- --from 4 --seeds 1 --workers 1 --shards 1 --only none$/)
})
