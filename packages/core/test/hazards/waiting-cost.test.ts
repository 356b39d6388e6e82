/** F7 and F15: what a record costs does not grow with those that wait beside it, and what is read again costs nothing. */

import { getEventListeners } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { batch, type Context, reactor, Unavailable } from '../../src/index.ts'
import { virtualClock } from '../../src/memory/index.ts'
import { engineOf, idle, inserted, pass, saved, worker } from '../bench.ts'

const { addEventListener } = EventTarget.prototype
afterEach(() => {
  EventTarget.prototype.addEventListener = addEventListener
})

/** Until the test ends, tells of each listener that a signal gets. */
function watchSignals(told: (signal: AbortSignal) => void): void {
  EventTarget.prototype.addEventListener = function (this: EventTarget, ...given) {
    addEventListener.apply(this, given)
    if (this instanceof AbortSignal) told(this)
  }
}

type Event = { readonly after: { readonly id: string; readonly n: number } }

/** Routes on which many records wait for one thing, as handlers of all sorts leave it. */
const routes: Readonly<Record<string, (sleep: (ms: number) => Promise<void>) => ReturnType<typeof reactor>>> =
  {
    'one place, handlers of both kinds in turn': (sleep) =>
      reactor('r').on('see', saved, (e: Event) => (e.after.n % 2 === 0 ? undefined : sleep(1)), {
        concurrency: 1,
      }),
    'one place, and every third attempt fails': (sleep) =>
      reactor('r', { retry: { attempts: 3, base: '10ms', max: '10ms' } }).on(
        'see',
        saved,
        async (e: Event, { attempt }: Context) => {
          await sleep(1)
          if (e.after.n % 3 === 0 && attempt === 1) throw new Error('once')
        },
        { concurrency: 1 },
      ),
    'three places under a claim': (sleep) =>
      reactor('r').on('see', saved, () => sleep(1), { concurrency: 3, effect: 'claim' }),
    'batches of one, one at a time': (sleep) =>
      reactor('r').on(
        'see',
        saved,
        batch({ size: 1, within: 0 }, () => sleep(1)),
        { concurrency: 1 },
      ),
    'batches of one, of both kinds in turn': (sleep) =>
      reactor('r').on(
        'see',
        saved,
        batch({ size: 1, within: 0 }, ([e]: readonly Event[]) =>
          (e?.after.n ?? 0) % 2 === 0 ? undefined : sleep(1),
        ),
        { concurrency: 1 },
      ),
    'batches of three that fail, at a rate': (sleep) =>
      reactor('r', { retry: { attempts: 1 } }).on(
        'see',
        saved,
        batch({ size: 3, within: 1 }, async (events: readonly Event[]) => {
          await sleep(1)
          if (events.some(({ after }) => after.n % 9 === 0)) throw new Error('poison')
        }),
        { concurrency: 2, rate: '500/s' },
      ),
    'a rate': () => reactor('r').on('see', saved, () => {}, { rate: '500/s' }),
  }

for (const [what, make] of Object.entries(routes))
  test(`F7: ${what}: a record takes as many steps among thousands as among few`, async () => {
    const costs: number[] = []
    for (const count of [100, 2_000]) {
      const clock = virtualClock()
      let steps = 0
      const sleep: typeof clock.sleep = (ms, signal) => {
        steps += 1
        return clock.sleep(ms, signal)
      }
      // Who waits in vain listens again.
      watchSignals(() => {
        steps += 1
      })
      // Each task that asks whether it may start looks at the clock.
      const monotonic = () => {
        steps += 1
        return clock.monotonic()
      }
      const now = () => {
        steps += 1
        return clock.now()
      }
      const { engine } = engineOf(make(clock.sleep), {
        clock: { ...clock, sleep, monotonic, now, next: undefined },
        concurrency: 4_000,
        observe: ({ step }) => {
          if (step === 'waiting') steps += 1
        },
      })
      const delivery = await engine.open(worker)
      void delivery.push(Array.from({ length: count }, (_, i) => inserted(i + 1, `k${i}`)))
      for (let i = 0; i < count * 4 && !delivery.complete; i += 1) await pass(clock, 2)
      expect(delivery.complete).toBe(true)
      costs.push(steps / count)
      delivery.revoke(new Error('the end'))
    }
    expect(costs[1]).toBeLessThanOrEqual((costs[0] ?? 0) * 1.25)
  })

test('F7: no signal gathers listeners, whatever hundreds of records wait for', async () => {
  let most = 0
  watchSignals((signal) => {
    most = Math.max(most, getEventListeners(signal, 'abort').length)
  })
  const clock = virtualClock()
  let down = true
  const app = reactor('r', { retry: { attempts: 2, base: '1s', max: '1s' } })
    .on('fails', saved, (_: Event, { attempt }: Context) => {
      if (attempt === 1) throw new Error('once')
    })
    .on('down', saved, () => {
      if (down) throw new Unavailable('index')
    })
    .on('paused', saved, () => {})
    .on('spaced', saved, () => {}, { rate: '100/s' })
    .on('single', saved, (_: Event, { signal }: Context) => clock.sleep(5, signal), { concurrency: 1 })
    .on('claimed', saved, (_: Event, { signal }: Context) => clock.sleep(5, signal), { effect: 'claim' })
    .on(
      'gathered',
      saved,
      batch({ size: 2, within: 10 }, (_events, { signal }) => clock.sleep(5, signal)),
      { concurrency: 1 },
    )
    .on(
      'alone',
      saved,
      batch({ size: 1, within: 0 }, (_events, { signal }) => clock.sleep(5, signal)),
      { rate: '100/s' },
    )
  const { engine } = engineOf(app, { clock, concurrency: 5_000 })
  engine.pause('r/paused')
  const delivery = await engine.open(worker)
  void delivery.push(Array.from({ length: 400 }, (_, i) => inserted(i + 1, `k${i}`)))
  await pass(clock, 1_000)
  engine.resume('r/paused')
  down = false
  for (let i = 0; i < 100 && !delivery.complete; i += 1) await pass(clock, 1_000)
  expect(delivery.complete).toBe(true)
  expect(most).toBeLessThanOrEqual(10)
  expect(most, 'it was looked').toBeGreaterThan(0)
  await delivery.settle(new Date(clock.now()))
})

test('F15: a journal that is read again although nothing has changed is not made again', async () => {
  const reading = async (count: number) => {
    const { engine } = engineOf(
      reactor('r').on('see', saved, (e) =>
        e.after.id === 'stuck' ? new Promise<void>(() => {}) : undefined,
      ),
      { maxAhead: { records: 100_000 } },
    )
    const delivery = await engine.open(worker)
    await delivery.push([
      inserted(1, 'stuck'),
      ...Array.from({ length: count }, (_, i) => inserted(i + 2, `k${i}`)),
    ])
    await idle()
    const first = delivery.journal
    expect([typeof first, delivery.watermark]).toEqual(['string', undefined])
    return () => {
      const start = performance.now()
      for (let read = 0; read < 300; read += 1)
        if (delivery.journal !== first) throw new Error('the journal changed')
      return performance.now() - start
    }
  }
  const [few, many] = [await reading(1_000), await reading(20_000)]
  // The quickest of several rounds: noise only adds.
  let [least, most] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let round = 0; round < 10 && !(most < least * 4); round += 1) {
    least = Math.min(least, few())
    most = Math.min(most, many())
  }
  expect(most / least).toBeLessThan(4)
})

test('F15: a journal that is read after each record grows with what is stuck, not with what is done', async () => {
  const { engine } = engineOf(
    reactor('r').on('see', saved, (e) => (e.after.id === 'stuck' ? new Promise<void>(() => {}) : undefined)),
    { maxAhead: { records: 100_000 } },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'stuck')])
  const sizes = new Set<number>()
  let last: string | undefined
  for (let n = 2; n < 3_000; n += 1) {
    await delivery.push([inserted(n, `k${n}`)])
    const { journal } = delivery
    expect(journal === last, 'it tells what was done').toBe(false)
    last = journal
    sizes.add((journal?.length ?? 0) - String(n).length)
  }
  expect(sizes.size, 'all are of one size').toBe(1)
})
