import { expect, test } from 'vitest'
import { saved } from '../../../test/bench.ts'
import { reactor } from '../../domain/reactor.ts'
import { memoryState } from '../../memory/index.ts'
import { planRoutes } from '../plan.ts'
import { createParks } from './parks.ts'

const [plan] = planRoutes([reactor('r').on('post', saved, () => {}, { whenExhausted: 'park' })]).routes
if (plan === undefined) throw new Error('no plan')

/** Appends until there is no room. @returns how many fitted */
async function fill(append: (i: number) => Promise<boolean>): Promise<number> {
  for (let i = 0; ; i += 1) if (!(await append(i))) return i
}

test('neither the letters of a lane nor the lanes of a route outgrow what a store must take', async () => {
  const state = memoryState()
  const parks = createParks('app', state)
  const letters = await fill((i) => parks.append(plan, 'lane', `${i}`.padEnd(4_000, 'x')))
  const lanes = await fill((i) => parks.append(plan, `lane-${i}`.padEnd(200, 'x'), 'letter'))
  expect([letters > 50, lanes > 1_000]).toEqual([true, true])
  for (const key of ['app/park/r/post/lane', 'app/park/r/post'])
    expect(JSON.stringify((await state.get(key))?.value).length).toBeLessThan(300_000)

  // What found no room is not taken for parked; one place that is free is enough.
  const next = `lane-${lanes}`.padEnd(200, 'x')
  expect(parks.has(plan, next)).toBe(false)
  await parks.remove(plan, 'lane-0'.padEnd(200, 'x'), 'letter')
  expect([await parks.append(plan, next, 'letter'), parks.has(plan, next)]).toEqual([true, true])
})
