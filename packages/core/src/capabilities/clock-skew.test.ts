/** Claims and guards of owners whose clocks are wrong: none runs beside another, and none waits longer than the lease and the skew. */

import { expect, test } from 'vitest'
import { engineOf, inserted, pass, saved, worker } from '../../test/bench.ts'
import type { Duration } from '../duration.ts'
import { type RouteOptions, reactor } from '../index.ts'
import { memoryState, type VirtualClock, virtualClock } from '../memory/index.ts'
import type { StateStore } from '../ports/index.ts'

const START = Date.UTC(2026, 0, 1)
const FIVE_MINUTES = 300_000
const SKEW = 2_000
const LEASE = 10_000

/** The clock of a machine whose wall clock is ahead of the time. */
function ahead(clock: VirtualClock, ms: number): VirtualClock {
  return {
    now: () => clock.now() + ms,
    monotonic: clock.monotonic,
    sleep: clock.sleep,
    moveTo: clock.moveTo,
    get next() {
      return clock.next
    },
  }
}

/** The store as a process sees it whose wall clock is ahead: from its first answer on it knows by how much. */
function tellingTime(store: StateStore, ms: number): StateStore {
  let answers = 0
  const answered = async <T>(answer: Promise<T>) => {
    const result = await answer
    answers += 1
    return result
  }
  return {
    get: (key) => answered(store.get(key)),
    set: (key, value, options) => answered(store.set(key, value, options)),
    delete: (key, version) => answered(store.delete(key, version)),
    clockOffset: () => (answers === 0 ? 0 : -ms),
  }
}

interface Given {
  readonly options: RouteOptions
  readonly tells: boolean
  readonly maxClockSkew?: Duration
}

/** Owners of one shard on one store, each with a clock of its own. */
function owners({ options, tells, maxClockSkew }: Given) {
  const clock = virtualClock(START)
  const memory = memoryState({ clock })
  let runs = 0
  let live = 0
  let most = 0
  return {
    clock,
    runs: () => runs,
    most: () => most,
    /** @param takes milliseconds of its handler; for ever if it is undefined */
    open: async (ms: number, takes: number | undefined, hold: { readonly hardEnd?: Date } = {}) => {
      const handle = async () => {
        runs += 1
        live += 1
        most = Math.max(most, live)
        await (takes === undefined ? new Promise(() => {}) : clock.sleep(takes))
        live -= 1
      }
      const { engine } = engineOf(reactor('r').on('pay', saved, handle, { ...options, timeout: LEASE }), {
        clock: ahead(clock, ms),
        state: tells ? tellingTime(memory, ms) : memory,
        ...(maxClockSkew === undefined ? {} : { maxClockSkew }),
      })
      const delivery = await engine.open(worker, hold)
      await delivery.push([inserted(1, 'a')])
      await pass(clock, 0)
      return delivery
    },
  }
}

const protections = [{ effect: 'claim' }, { stale: 'skip' }] satisfies RouteOptions[]
const wrong = [-FIVE_MINUTES, 0, FIVE_MINUTES]
const pairs = wrong.flatMap((first) => wrong.map((second) => [first, second] as const))

for (const options of protections)
  for (const [first, second] of pairs) {
    const about = `${JSON.stringify(options)}, clocks ${first} and ${second} ms ahead`

    test(`${about}: on a store that tells the time no two owners run at once, and what is done stays done`, async () => {
      const { clock, runs, most, open } = owners({ options, tells: true })
      const one = await open(first, LEASE - 1)
      const other = await open(second, LEASE - 1)
      await pass(clock, 60_000)
      expect([most(), runs(), one.complete, other.complete]).toEqual([1, 1, true, true])
    })

    test(`${about}: on a store that tells the time a dead owner is followed once its lease and the skew are over`, async () => {
      const { clock, runs, open } = owners({ options, tells: true })
      await open(first, undefined, { hardEnd: new Date(START + first + 3_000) })
      const heir = await open(second, 0)
      await pass(clock, 3_000 + SKEW - 1)
      expect(runs()).toBe(1)
      await pass(clock, 251)
      expect([runs(), heir.complete]).toEqual([2, true])
    })
  }

for (const options of protections)
  for (const [first, second] of pairs.filter(([a, b]) => Math.abs(a - b) <= FIVE_MINUTES)) {
    const about = `${JSON.stringify(options)}, clocks ${first} and ${second} ms ahead`

    test(`${about}: on a store that tells no time 'maxClockSkew' is the bound: no two at once, and twice it to wait at most`, async () => {
      const { clock, runs, most, open } = owners({ options, tells: false, maxClockSkew: FIVE_MINUTES })
      await open(first, LEASE - 1)
      await open(second, LEASE - 1)
      await pass(clock, LEASE)
      expect([most(), runs()]).toEqual([1, 1])

      const dying = owners({ options, tells: false, maxClockSkew: FIVE_MINUTES })
      await dying.open(first, undefined, { hardEnd: new Date(START + first + 3_000) })
      const heir = await dying.open(second, 0)
      await pass(dying.clock, 2_999)
      expect(dying.runs()).toBe(1)
      await pass(dying.clock, 2 * FIVE_MINUTES + 251)
      expect([dying.runs(), heir.complete]).toEqual([2, true])
    })
  }

test('an owner whose first claim ended in the past by its wrong clock, and was followed before it knew, does not run beside its heir', async () => {
  const clock = virtualClock(START)
  const memory = memoryState({ clock })
  const gate = Promise.withResolvers<void>()
  const told = tellingTime(memory, -FIVE_MINUTES)
  let slow = true
  const late: StateStore = {
    ...told,
    set: async (...args) => {
      const result = await told.set(...args)
      if (slow) {
        slow = false
        await gate.promise
      }
      return result
    },
  }
  const ran: string[] = []
  const owner = async (name: string, ms: number, state: StateStore) => {
    const handle = async () => {
      ran.push(name)
      await clock.sleep(LEASE - 1)
    }
    const app = reactor('r').on('pay', saved, handle, { effect: 'claim', timeout: LEASE })
    const delivery = await engineOf(app, { clock: ahead(clock, ms), state }).engine.open(worker)
    await delivery.push([inserted(1, 'a')])
    await pass(clock, 0)
    return delivery
  }
  const first = await owner('first', -FIVE_MINUTES, late)
  const heir = await owner('heir', 0, tellingTime(memory, 0))
  gate.resolve()
  await pass(clock, 60_000)
  expect([ran, first.complete, heir.complete]).toEqual([['heir'], true, true])
})
