/** Batches that wait, and what is down while they do. */

import { expect, test } from 'vitest'
import { arrived, engineOf, idle, inserted, lambda, pass, saved, settled, worker } from '../../test/bench.ts'
import { createRedrive } from '../engine.ts'
import { batch, Permanent, reactor, Unavailable } from '../index.ts'
import { memoryEvents, memoryState, virtualClock } from '../memory/index.ts'
import type { StateStore } from '../ports/index.ts'

test('a batch may wait for longer than its timeout: nobody is overdue, and what it claims is its own when it runs', async () => {
  const sizes: number[] = []
  const app = () =>
    reactor('r').on(
      'load',
      saved,
      batch({ size: 3, within: '5m' }, (events) => void sizes.push(events.length)),
      { effect: 'claim', timeout: '10s' },
    )
  const { engine, pass, logged, state, clock } = engineOf(app())
  engine.pause('r/load')
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a'), inserted(2, 'b'), inserted(3, 'c')])
  await pass(600_000)
  expect([engine.overdue, logged]).toEqual([0, []])

  // Meanwhile one of its claims was taken over, as after a lost shard.
  const other = engineOf(app(), { state, clock })
  const successor = await other.engine.open(worker)
  await successor.push([inserted(2, 'b')])
  await idle()
  engine.resume('r/load')
  await idle()
  expect(sizes, 'without the event that another owner holds').toEqual([2])
  await pass(600_000)
  expect(sizes).toEqual([2, 1])
  expect([delivery.watermark?.sequence, successor.watermark?.sequence]).toEqual(['3', '2'])
})

test('an outage that a batch answers for single events opens the breaker, which waits longer and longer', async () => {
  let calls = 0
  const { engine, pass, deadLetters } = engineOf(
    reactor('r', { retry: { attempts: 1 } }).on(
      'load',
      saved,
      batch({ size: 2, within: 0 }, (events) => {
        calls += 1
        return events.map((_, i) => (i === 0 ? new Unavailable('warehouse') : undefined))
      }),
    ),
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a'), inserted(2, 'b')])
  await pass(600_000)
  expect(calls).toBeLessThan(20)
  expect([deadLetters.letters, delivery.watermark]).toEqual([[], undefined])
})

test('a state store that is down is asked less and less by a batch route that claims, and goes on when it is back', async () => {
  let calls = 0
  let down = true
  const memory = memoryState()
  const state: StateStore = {
    ...memory,
    set: async (...args) => {
      calls += 1
      if (down) throw new Error('store down')
      return memory.set(...args)
    },
  }
  const seen: string[] = []
  const { engine, pass } = engineOf(
    reactor('r').on(
      'load',
      saved,
      batch({ size: 2, within: 0 }, (events) => void seen.push(...events.map((e) => e.after.id))),
      { effect: 'claim' },
    ),
    { state },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a'), inserted(2, 'b')])
  await pass(600_000)
  expect(calls).toBeLessThan(60)
  down = false
  await pass(120_000)
  expect([seen.sort(), delivery.watermark?.sequence]).toEqual([['a', 'b'], '2'])
})

test('an event that comes to its batch when the delivery has ended is refused, though its route is paused', async () => {
  const { promise: looked, resolve: found } = Promise.withResolvers<void>()
  const { engine, clock } = engineOf(
    reactor('r', {
      middleware: [
        async (_event, _context, next) => {
          await looked
          return next()
        },
      ],
    }).on(
      'load',
      saved,
      batch({ size: 3, within: '1s' }, () => {}),
    ),
  )
  engine.pause('r/load')
  const delivery = await engine.open(lambda)
  await delivery.push([inserted(1, 'a'), inserted(2, 'b')])
  expect(await settled(delivery, clock, 1_000)).toHaveLength(2)
  found()
  await pass(clock, 1_000)
  expect(await engine.open(lambda), 'nothing of it is left to wait for').toMatchObject({ complete: true })
})

test('a batch whose shard is not held at the moment is run once it is again: nothing is counted, and no handler is blamed', async () => {
  const runs: number[] = []
  let held = true
  const { engine, pass, logged } = engineOf(
    reactor('r', { retry: { attempts: 1 } }).on(
      'load',
      saved,
      batch({ size: 3, within: '1s' }, (events) => void runs.push(events.length)),
    ),
  )
  const delivery = await engine.open(worker, { isHeld: () => held })
  await delivery.push([inserted(1, 'a'), inserted(2, 'b')])
  await idle()
  held = false
  await pass(1_000)
  held = true
  await pass(5_000)
  expect([runs, delivery.watermark?.sequence]).toEqual([[2], '2'])
  expect(JSON.stringify(logged)).not.toContain('threw')
})

test('F7: a free place wakes one batch: what a record costs does not grow with those that wait', async () => {
  const asked: number[] = []
  for (const count of [100, 2_000]) {
    const clock = virtualClock()
    let sleeps = 0
    let waits = 0
    const counting = {
      ...clock,
      sleep: (ms: number, signal?: AbortSignal) => {
        sleeps += 1
        return clock.sleep(ms, signal)
      },
    }
    const { engine } = engineOf(
      reactor('r')
        .on(
          'load',
          saved,
          batch({ size: 1, within: 0 }, async () => counting.sleep(1)),
          { concurrency: 2 },
        )
        // Handlers of both kinds in turn, one at a time.
        .on('single', saved, (e) => (e.after.n % 2 === 0 ? undefined : counting.sleep(1)), {
          concurrency: 1,
        }),
      {
        clock: { ...counting, moveTo: clock.moveTo, next: undefined },
        observe: ({ step }) => {
          if (step === 'waiting') waits += 1
        },
        maxAhead: { records: 10_000 },
      },
    )
    const delivery = await engine.open(worker)
    void delivery.push(Array.from({ length: count }, (_, i) => inserted(i + 1, `k${i}`)))
    for (let i = 0; i < count * 2 && !delivery.complete; i += 1) await pass(clock, 1)
    expect(delivery.complete).toBe(true)
    asked.push((sleeps + waits) / count)
  }
  expect(asked[1]).toBeLessThanOrEqual((asked[0] ?? 0) * 1.2)
})

for (const what of ['rate', 'pause', 'breaker'] as const)
  test(`F10: the halves of a batch that failed ask for their route's ${what}`, async () => {
    const clock = virtualClock()
    const at: number[] = []
    const { engine } = engineOf(
      reactor('r', { retry: { attempts: 1, base: '10s', max: '10s' } }).on(
        'load',
        saved,
        batch({ size: 16, within: 10 }, async (events) => {
          at.push(clock.now())
          if (what === 'pause' && events.length === 16) engine.pause('r/load')
          if (what === 'breaker' && events.length < 16) throw new Unavailable('warehouse')
          throw new Error('one of them is poison')
        }),
        what === 'rate' ? { rate: '1/s' } : {},
      ),
      { clock },
    )
    const delivery = await engine.open(worker)
    void delivery.push(Array.from({ length: 16 }, (_, i) => inserted(i + 1, `k${i}`)))
    await pass(clock, 5_000)
    if (what === 'rate') {
      for (const [i, moment] of at.slice(1).entries())
        expect(moment - (at[i] ?? 0)).toBeGreaterThanOrEqual(1_000)
      expect(at.length).toBeGreaterThan(3)
    } else expect(at.length).toBe(what === 'pause' ? 1 : 2)
    delivery.revoke(new Error('the end'))
  })

test('F10: the halves of several batches keep to the places of their route, and each has its turn', async () => {
  const clock = virtualClock()
  let active = 0
  let most = 0
  const done = new Set<number>()
  const { engine, deadLetters } = engineOf(
    reactor('r', { retry: { attempts: 1 } }).on(
      'load',
      saved,
      batch({ size: 8, within: 10 }, async (events) => {
        active += 1
        most = Math.max(most, active)
        await clock.sleep(100)
        active -= 1
        if (events.some(({ after }) => after.n % 8 === 3)) throw new Error('poison')
        for (const { after } of events) done.add(after.n)
      }),
      { concurrency: 2 },
    ),
    { clock },
  )
  const delivery = await engine.open(worker)
  void delivery.push(Array.from({ length: 40 }, (_, i) => inserted(i + 1, `k${i}`)))
  for (let i = 0; i < 100 && !delivery.complete; i += 1) await pass(clock, 100)
  expect([most, delivery.complete, done.size]).toEqual([2, true, 35])
  expect(deadLetters.letters.map(({ sequence }) => Number(sequence) % 8)).toEqual([3, 3, 3, 3, 3])
})

test('F10: a shard that is lost between two halves starts no other one', async () => {
  const clock = virtualClock()
  for (const how of ['revoked', 'not held', 'drained'] as const) {
    const sizes: number[] = []
    let held = true
    const { engine } = engineOf(
      reactor('r', { retry: { attempts: 1 } }).on(
        'load',
        saved,
        batch({ size: 4, within: 10 }, async (events) => {
          sizes.push(events.length)
          await clock.sleep(2_000)
          throw new Error('poison')
        }),
      ),
      { clock },
    )
    const delivery = await engine.open(worker, { isHeld: () => held })
    void delivery.push(Array.from({ length: 4 }, (_, i) => inserted(i + 1, `k${i}`)))
    await pass(clock, 3_000)
    expect(sizes).toEqual([4, 2])
    if (how === 'revoked') delivery.revoke(new Error('lost'))
    if (how === 'not held') held = false
    if (how === 'drained') void delivery.settle(new Date(clock.now() + 100))
    await pass(clock, 30_000)
    expect([how, sizes, delivery.watermark]).toEqual([how, [4, 2], undefined])
    delivery.revoke(new Error('the end'))
  }
})

test('a delivery is quiet while the first half of a batch waits for its turn, and the second half for the first', async () => {
  const calls: number[] = []
  const { engine, clock } = engineOf(
    reactor('r').on(
      'load',
      saved,
      batch({ size: 4, within: '1s' }, (events) => {
        calls.push(events.length)
        throw new Error('poison')
      }),
      { rate: '1/m', retry: { attempts: 1 } },
    ),
  )
  const delivery = await engine.open(worker)
  await delivery.push(['a', 'b', 'c', 'd'].map((id, i) => inserted(i + 1, id)))
  let isQuiet = false
  void delivery.quiet().then(() => {
    isQuiet = true
  })
  await pass(clock, 100)
  expect([calls, isQuiet]).toEqual([[4], true])
  await pass(clock, 3_600_000)
  expect([calls, delivery.complete]).toEqual([[4, 2, 1, 1, 2, 1, 1], true])
  await delivery.quiet()
})

test('a batch holds so many bytes of records at most; a record that is larger is a batch of its own', async () => {
  const batches: string[][] = []
  const { engine, pass } = engineOf(
    reactor('r').on(
      'load',
      saved,
      batch({ size: 100, bytes: 3_000, within: '1s' }, (events) => {
        batches.push(events.map((e) => e.after.id))
      }),
    ),
  )
  const delivery = await engine.open(worker)
  const large = { text: 'x'.repeat(1_000) }
  const larger = { text: 'x'.repeat(5_000) }
  await delivery.push([
    ...['a', 'b', 'c'].map((id, n) => inserted(n + 1, id, large)),
    inserted(4, 'd', larger),
    ...['e', 'f'].map((id, n) => inserted(n + 5, id)),
  ])
  await idle()
  expect(batches).toEqual([['a', 'b'], ['c'], ['d']])
  await pass(1_000)
  expect([batches.at(-1), delivery.watermark?.sequence]).toEqual([['e', 'f'], '6'])
})

test('dead letters that are redriven count with their own bytes, not with those of the call for them', async () => {
  const batches: string[][] = []
  let isDown = true
  const { engine, pass, clock, deadLetters } = engineOf(
    reactor('r').on(
      'load',
      saved,
      batch({ size: 100, bytes: 3_000, within: '1s' }, (events) => {
        if (isDown) throw new Permanent('no')
        batches.push(events.map((e) => e.after.id))
      }),
    ),
  )
  const delivery = await engine.open(worker)
  await delivery.push(['a', 'b', 'c'].map((id, n) => inserted(n + 1, id, { text: 'x'.repeat(1_000) })))
  await pass(1_000)
  isDown = false
  const events = memoryEvents()
  await createRedrive({ application: 'app', deadLetters, events, clock }).letters(() => true)
  await delivery.push(events.records.map((each, n) => arrived(n + 4, each)))
  await idle()
  expect(batches).toEqual([['a', 'b']])
  await pass(2_000)
  expect(batches).toEqual([['a', 'b'], ['c']])
})
