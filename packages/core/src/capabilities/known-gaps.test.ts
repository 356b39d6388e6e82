/** What makers of idempotency are known to leave open, each as a gap that claims and guards close. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { engineOf, idle, inserted, pass, record, saved, worker } from '../../test/bench.ts'
import { event, type RouteOptions, reactor } from '../index.ts'
import { memoryState, virtualClock } from '../memory/index.ts'

const START = Date.UTC(2026, 0, 1)
const SKEW = 2_000
const LEASE = 10_000

const protections = [{ effect: 'claim' }, { stale: 'skip' }] satisfies RouteOptions[]

/** Owners of one shard, on one store and one clock. */
function owners(options: RouteOptions, start = START) {
  const clock = virtualClock(start)
  const state = memoryState({ clock })
  return {
    clock,
    state,
    open: async (handle: (id: string) => unknown, more: RouteOptions = {}, records = [inserted(1, 'a')]) => {
      const app = reactor('r', { retry: { attempts: 3, base: '1s', max: '1s' } })
      const route = { ...options, timeout: LEASE, ...more }
      const { engine } = engineOf(
        app.on('pay', saved, ({ key }) => handle(key), route),
        { clock, state },
      )
      const delivery = await engine.open(worker)
      await delivery.push(records)
      await pass(clock, 0)
      return delivery
    },
  }
}

for (const options of protections) {
  const about = JSON.stringify(options)

  test(`gap 'no Lambda context': ${about}: a second caller on a worker waits for the first one, and does not run at once or fail`, async () => {
    const { clock, open } = owners(options)
    const gate = Promise.withResolvers<void>()
    let runs = 0
    const handle = () => {
      runs += 1
      return gate.promise
    }
    const first = await open(handle)
    const second = await open(handle)
    await pass(clock, LEASE - 1)
    expect([runs, second.complete]).toEqual([1, false])
    gate.resolve()
    await pass(clock, 60_000)
    expect([runs, first.complete, second.complete]).toEqual([1, true, true])
  })

  test(`gap 'no Lambda context': ${about}: what an owner left that died is followed after its own lease and the skew, not after the retention`, async () => {
    const { clock, open } = owners(options)
    let runs = 0
    await open(() => {
      runs += 1
      return new Promise(() => {})
    })
    const heir = await open(() => void runs++)
    await pass(clock, LEASE + SKEW - 1)
    expect(runs).toBe(1)
    await pass(clock, 251)
    expect([runs, heir.complete]).toEqual([2, true])
  })

  test(`gap 'orphan takeover': ${about}: of many that wait for what a dead owner left one runs it, and the others skip it`, async () => {
    const { clock, open } = owners(options)
    await open(() => new Promise(() => {}))
    let [runs, live, most] = [0, 0, 0]
    const heirs = await Promise.all(
      Array.from({ length: 8 }, () =>
        open(async () => {
          runs += 1
          live += 1
          most = Math.max(most, live)
          await clock.sleep(5_000)
          live -= 1
        }),
      ),
    )
    await pass(clock, 120_000)
    expect([runs, most, heirs.every(({ complete }) => complete)]).toEqual([1, 1, true])
  })

  for (const how of ['returns', 'throws', 'runs on'] as const)
    test(`gap 'no fencing token': ${about}: a zombie that ${how} after its lease neither ends nor frees what its successor holds`, async () => {
      const { clock, open } = owners(options)
      const [zombie, heir] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      let runs = 0
      await open(() => {
        runs += 1
        return zombie.promise
      })
      await open(() => {
        runs += 1
        return heir.promise
      })
      await pass(clock, LEASE + SKEW + 250)
      expect(runs).toBe(2)
      if (how === 'returns') zombie.resolve()
      if (how === 'throws') zombie.reject(new Error('too late'))
      await idle()
      // A third owner still finds it held.
      const third = await open(() => void runs++)
      await pass(clock, 5_000)
      expect([runs, third.complete]).toEqual([2, false])
      heir.resolve()
      await pass(clock, 60_000)
      expect([runs, third.complete]).toEqual([2, true])
    })

  test(`gap 'the first configuration wins': ${about}: routes on one store each have the lease that they declare`, async () => {
    const { clock, state } = owners(options)
    const lasting = async (timeout: number) => {
      const started: number[] = []
      const handle = () => {
        started.push(clock.now())
        return started.length === 1 ? new Promise(() => {}) : undefined
      }
      for (let n = 0; n < 2; n += 1) {
        const { engine } = engineOf(
          reactor(`r${timeout}`).on('pay', saved, handle, { ...options, timeout }),
          { clock, state },
        )
        const delivery = await engine.open(worker)
        await delivery.push([inserted(1, 'a')])
        await pass(clock, 0)
      }
      return started
    }
    const both = [await lasting(5_000), await lasting(20_000)]
    await pass(clock, 60_000)
    const waited = both.map(([first = 0, second = 0]) => second - first)
    expect(waited.map((ms) => Math.floor(ms / 1_000))).toEqual([5 + 2, 20 + 2])
  })

  test(`gap 'the clock's milliseconds': ${about}: whether a lease is over is told by the whole time, at every part of a second`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(999), async (millis) => {
        const { clock, open } = owners(options, START + millis)
        await open(() => new Promise(() => {}))
        let runs = 0
        const heir = await open(() => void runs++)
        await pass(clock, LEASE + SKEW - 1)
        expect(runs).toBe(0)
        await pass(clock, 251)
        expect([runs, heir.complete]).toEqual([1, true])
      }),
      { numRuns: 50 },
    )
  })

  test(`gap 'identical replay': ${about}: what is done is skipped when it comes again, and is no error`, async () => {
    const { clock, open } = owners(options)
    const handled: string[] = []
    const handle = (id: string) => void handled.push(id)
    const deliveries = [await open(handle), await open(handle), await open(handle)]
    await pass(clock, 60_000)
    expect([handled, deliveries.every(({ complete }) => complete)]).toEqual([['a'], true])
  })
}

test("gap 'identical replay': an event that its producer repeats under its id is skipped also with another content, and is no error", async () => {
  const paid = event('paid', { schema: z.object({ sum: z.number() }), key: () => 'k' })
  const handled: number[] = []
  const app = reactor('r').on('pay', paid, (e) => void handled.push(e.payload.sum), { effect: 'claim' })
  const { engine, clock, deadLetters } = engineOf(app)
  const delivery = await engine.open(worker)
  const of = (sum: number) => ({ specversion: '1.0', id: '1', source: 's', type: 'paid', data: { sum } })
  await delivery.push([record(1, of(1)), record(2, of(1)), record(3, of(2))])
  await pass(clock, 60_000)
  expect([handled, delivery.complete, deadLetters.letters]).toEqual([[1], true, []])
})

test("gap 'expiry is never checked': a claim that is done runs again once its retention is over, and not before", async () => {
  const clock = virtualClock(START)
  const state = memoryState({ clock })
  let runs = 0
  const again = async () => {
    const app = reactor('r').on('pay', saved, () => void runs++, { effect: 'claim' })
    const delivery = await engineOf(app, { clock, state, retention: '1d' }).engine.open(worker)
    await delivery.push([inserted(1, 'a')])
    await pass(clock, 1)
  }
  await again()
  await clock.moveTo(START + 86_400_000 - 10)
  await again()
  expect(runs).toBe(1)
  await clock.moveTo(START + 86_400_000 + 10)
  await again()
  expect(runs).toBe(2)
})
