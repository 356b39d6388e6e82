/** F15: the system's clock is set back or forward while records wait; only the clock that nobody sets says how long they do. */

import { expect, test } from 'vitest'
import { batch, type Context, RetryAfter, type RouteOptions, reactor, Unavailable } from '../../src/index.ts'
import { memoryState, virtualClock } from '../../src/memory/index.ts'
import { engineOf, idle, inserted, lambda, pass, saved, worker } from '../bench.ts'

type Handle = (e: { readonly after: { readonly id: string } }, context: Context) => unknown

/** A clock whose `now` can be set; `monotonic` and sleepers go on as if nothing had happened. */
function settable() {
  const steady = virtualClock()
  let set = 0
  const clock = {
    now: () => steady.now() + set,
    monotonic: steady.monotonic,
    sleep: steady.sleep,
    next: undefined,
    moveTo: (moment: number, settle?: () => Promise<void>) => steady.moveTo(moment - set, settle),
  }
  return {
    steady,
    clock,
    setBy: (ms: number) => {
      set += ms
    },
  }
}

const untilSecond =
  (): Handle =>
  (_, { attempt, signal }) => {
    if (attempt > 1) return undefined
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  }
const once =
  (error: () => unknown): (() => Handle) =>
  () => {
    const told = new Set<string>()
    return (e) => {
      if (told.has(e.after.id)) return
      told.add(e.after.id)
      throw error()
    }
  }

const downTwice = (): Handle => {
  let calls = 0
  return () => {
    calls += 1
    if (calls <= 2) throw new Unavailable('index')
  }
}

/** What waits, how long it may take on a clock that is right, and the route. */
const waits: Readonly<Record<string, readonly [ms: number, () => Parameters<typeof route>]>> = {
  'a retry': [2_000, () => [once(() => new Error('once'))()]],
  'an answer to come back': [30_000, () => [once(() => new RetryAfter('30s'))()]],
  'an outage': [2_500, () => [downTwice()]],
  'an outage under a claim': [2_500, () => [downTwice(), { effect: 'claim' }]],
  'a rate': [2_000, () => [() => {}, { rate: '10/s' }]],
  'a timeout': [6_000, () => [untilSecond(), { timeout: '3s' }]],
  'a timeout under a claim': [6_000, () => [untilSecond(), { timeout: '3s', effect: 'claim' }]],
  'a guard': [2_000, () => [once(() => new Error('once'))(), { stale: 'skip' }]],
}
function route(handle: Handle, options: RouteOptions = {}) {
  return reactor('r', { retry: { attempts: 3, base: '1s', max: '1s' } }).on('see', saved, handle, options)
}

for (const [what, [ms, make]] of Object.entries(waits))
  for (const minutes of [-60, 60])
    test(`F15: ${what} takes no longer when the clock is set ${minutes < 0 ? 'back' : 'forward'} by an hour`, async () => {
      const { steady, clock, setBy } = settable()
      const { engine, deadLetters } = engineOf(route(...make()), { clock })
      const delivery = await engine.open(worker)
      void delivery.push(Array.from({ length: 10 }, (_, i) => inserted(i + 1, `k${i}`)))
      await pass(steady, 50)
      setBy(minutes * 60_000)
      await pass(steady, ms)
      expect([delivery.complete, deadLetters.letters]).toEqual([true, []])
      delivery.revoke(new Error('the end'))
    })

for (const minutes of [-60, 60])
  test(`F15: a batch that fills takes no longer when the clock is set by ${minutes} minutes`, async () => {
    const { steady, clock, setBy } = settable()
    let handled = 0
    const gathers = batch({ size: 100, within: '2s' }, (events: readonly unknown[]) => {
      handled += events.length
    })
    const { engine } = engineOf(reactor('r').on('see', saved, gathers), { clock })
    const delivery = await engine.open(worker)
    await delivery.push([inserted(1, 'a'), inserted(2, 'b')])
    await pass(steady, 1_000)
    expect(handled).toBe(0)
    setBy(minutes * 60_000)
    await pass(steady, 1_000)
    expect([handled, delivery.complete]).toEqual([2, true])
    delivery.revoke(new Error('the end'))
  })

for (const minutes of [-60, 60])
  test(`F15: an invocation ends when it must, though the clock is set by ${minutes} minutes as it settles`, async () => {
    const { steady, clock, setBy } = settable()
    let started = 0
    const state = memoryState({ clock })
    const app = reactor('r', { retry: { base: '1h', max: '1h' } }).on('see', saved, async (e, { signal }) => {
      if (e.after.id === 'fails') throw new Error('not yet')
      started += 1
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    })
    const { engine } = engineOf(app, { clock, state })
    const delivery = await engine.open(lambda, { hardEnd: new Date(clock.now() + 14_000) })
    void delivery.push([inserted(1, 'slow'), inserted(2, 'fails')])
    const answer = delivery.settle(new Date(clock.now() + 10_000))
    let isAnswered = false
    void answer.then(() => {
      isAnswered = true
    })
    await pass(steady, 5_000)
    setBy(minutes * 60_000)
    await pass(steady, 4_900)
    expect(isAnswered, 'its time is not over').toBe(false)
    await pass(steady, 1_200)
    await idle()
    expect(isAnswered, 'its time is over').toBe(true)
    expect([started, (await answer).map(({ sequence }) => sequence)]).toEqual([1, ['1', '2']])
  })
