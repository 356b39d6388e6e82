import { expect, test } from 'vitest'
import { faults } from './faults.ts'
import { liveOnce } from './judge.ts'

/** `npm run fuzz -- reminders` lives through as many more as you like. */
const WORLDS = 500
const MOST = 1_000

for (const part of [1, 2, 3, 4])
  test(`property: in every order of events, deaths, losses and repeats, who should be is reminded, and nobody else or twice (${part})`, async () => {
    const first = Math.floor(Math.random() * 2 ** 30)
    for (let seed = first; seed < first + WORLDS; seed += 1)
      expect(await liveOnce(seed), `npm run fuzz -- reminders --seed ${seed} --runs 1`).toEqual([])
  })

for (const [name, fault] of Object.entries(faults))
  test(`a fault is found: ${name}`, async () => {
    for (let seed = 1; seed <= MOST; seed += 1) if ((await liveOnce(seed, fault)).length > 0) return
    expect.unreachable(`${MOST} worlds have not shown it`)
  })
