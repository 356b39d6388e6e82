/** What a route's options do: batches, rate, concurrency, pausing, more time, and what an observer sees. */

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { engineOf, idle, inserted, lambda, pass, saved, settled, worker } from '../../test/bench.ts'
import type { Step } from '../engine.ts'
import { batch, Permanent, reactor, skip, Unavailable } from '../index.ts'
import { memoryState, virtualClock } from '../memory/index.ts'
import type { StateStore } from '../ports/index.ts'

const many = (count: number, keys = count) =>
  Array.from({ length: count }, (_, i) => inserted(i + 1, `client-${i % keys}`))

test('a batch is handed over when it is full, or when its first event has waited long enough', async () => {
  const sizes: number[] = []
  const { engine, clock } = engineOf(
    reactor('r').on(
      'load',
      saved,
      batch({ size: 4, within: '200ms' }, (events) => void sizes.push(events.length)),
    ),
  )
  const delivery = await engine.open(worker)
  await delivery.push(many(10))
  await idle()
  expect(sizes).toEqual([4, 4])
  await pass(clock, 199)
  expect(sizes).toEqual([4, 4])
  await pass(clock, 1)
  expect([sizes, delivery.watermark?.sequence]).toEqual([[4, 4, 2], '10'])
})

test('a batch holds at most one event of a key, so that order is kept', async () => {
  const batches: string[][] = []
  const { engine, clock } = engineOf(
    reactor('r').on(
      'load',
      saved,
      batch(
        { size: 100, within: '10ms' },
        (events) => void batches.push(events.map((e) => `${e.after.id} ${e.after.n}`)),
      ),
    ),
  )
  const delivery = await engine.open(worker)
  await delivery.push(many(4, 2))
  await pass(clock, 100)
  expect(batches).toEqual([
    ['client-0 1', 'client-1 2'],
    ['client-0 3', 'client-1 4'],
  ])
})

test('answers are by index: done, skipped, to be retried, given up', async () => {
  const steps: string[] = []
  const { engine, clock, deadLetters } = engineOf(
    reactor('r', { retry: { attempts: 2, base: '1s', max: '1s' } }).on(
      'load',
      saved,
      batch({ size: 4, within: '10ms' }, (events) =>
        events.map((e) => {
          if (e.after.id === 'client-1') return skip('known')
          if (e.after.id === 'client-2') return new Error('try again')
          return e.after.id === 'client-3' ? new Permanent('never') : undefined
        }),
      ),
    ),
    { observe: ({ step, position }) => void steps.push(`${position} ${step}`) },
  )
  const delivery = await engine.open(worker)
  await delivery.push(many(4))
  await pass(clock, 5_000)
  expect(steps.filter((step) => !/taken|started|waiting/.test(step))).toEqual([
    '1 done',
    '2 skipped',
    '4 dead-letter',
    '3 dead-letter',
  ])
  expect(deadLetters.letters.map(({ reason, attempts }) => `${reason} ${attempts}`)).toEqual([
    'permanent 1',
    'exhausted 2',
  ])
})

test('a batch that throws runs again in halves: poison is isolated, the others have their effect once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.nat(39), { maxLength: 4 }),
      fc.integer({ min: 1, max: 16 }),
      async (count, poison, size) => {
        const loaded: number[] = []
        const { engine, clock, deadLetters } = engineOf(
          reactor('r', { retry: { attempts: 1 } }).on(
            'load',
            saved,
            batch({ size, within: '10ms' }, async (events) => {
              if (events.some((e) => poison.includes(e.after.n - 1))) throw new Error('refused')
              loaded.push(...events.map((e) => e.after.n - 1))
            }),
          ),
        )
        const delivery = await engine.open(worker)
        await delivery.push(many(count))
        await pass(clock, 1_000)
        const bad = [...new Set(poison)].filter((n) => n < count)
        expect(loaded.toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: count }, (_, i) => i).filter((n) => !bad.includes(n)),
        )
        expect(deadLetters.letters).toHaveLength(bad.length)
        expect(delivery.watermark?.sequence).toBe(String(count))
      },
    ),
    { numRuns: 50 },
  )
})

test('an outage in a batch is an outage of all its events: nothing is halved, counted or given up', async () => {
  let down = true
  const sizes: number[] = []
  const { engine, clock, deadLetters } = engineOf(
    reactor('r', { retry: { attempts: 1 } }).on(
      'load',
      saved,
      batch({ size: 4, within: '10ms' }, (events) => {
        sizes.push(events.length)
        if (down) throw new Unavailable('warehouse')
      }),
    ),
  )
  const delivery = await engine.open(worker)
  await delivery.push(many(4))
  await pass(clock, 3_000)
  down = false
  await pass(clock, 120_000)
  expect(new Set(sizes)).toEqual(new Set([4]))
  expect([deadLetters.letters, delivery.watermark?.sequence]).toEqual([[], '4'])
})

test('a drain does not wait for a batch to fill', async () => {
  const sizes: number[] = []
  const { engine, clock } = engineOf(
    reactor('r').on(
      'load',
      saved,
      batch({ size: 100, within: '1h' }, (events) => void sizes.push(events.length)),
    ),
  )
  const delivery = await engine.open(worker)
  await delivery.push(many(3))
  await idle()
  const settled = delivery.settle(new Date(clock.now() + 10_000))
  await pass(clock, 100)
  expect([await settled, sizes]).toEqual([[], [3]])
})

test('a batch handler may claim: what is claimed is loaded once, whatever comes again', async () => {
  const loaded: string[] = []
  const app = reactor('r').on(
    'load',
    saved,
    batch({ size: 10, within: '10ms' }, (events) => void loaded.push(...events.map((e) => e.after.id))),
    { effect: 'claim' },
  )
  const { engine, clock } = engineOf(app)
  for (let owner = 0; owner < 2; owner += 1) {
    const delivery = await engine.open(worker)
    await delivery.push(many(3))
    await pass(clock, 100)
    delivery.revoke(new Error('crashed'))
  }
  expect(loaded).toEqual(['client-0', 'client-1', 'client-2'])
})

test('rate spaces the starts of a route evenly, over all shards of the process', async () => {
  const at: number[] = []
  const clock = virtualClock()
  const start = clock.now()
  const { engine } = engineOf(
    reactor('r')
      .on('post', saved, () => void at.push(clock.now() - start), { rate: '2/s' })
      .on('free', saved, () => {}),
    { clock },
  )
  const one = await engine.open(worker)
  const two = await engine.open({ ...worker, shard: 'shardId-1' })
  await one.push(many(3))
  await two.push(many(2))
  await pass(clock, 10_000)
  expect(at).toEqual([0, 500, 1_000, 1_500, 2_000])
  expect([one.watermark?.sequence, two.watermark?.sequence]).toEqual(['3', '2'])
})

test('rate holds after a pause as well: those that waited do not start at once', async () => {
  const at: number[] = []
  const { engine, clock } = engineOf(
    reactor('r').on('see', saved, () => void at.push(clock.now()), { rate: '10/s' }),
  )
  const delivery = await engine.open(worker)
  await delivery.push(many(100))
  await idle()
  engine.pause('r')
  await clock.moveTo(clock.now() + 60_000, idle)
  engine.resume('r')
  await pass(clock, 1_000)
  expect(at.length).toBeLessThanOrEqual(22)
  await pass(clock, 10_000)
  expect([at.length, delivery.watermark?.sequence]).toEqual([100, '100'])
})

test('a lost shard leaves the slots of its waiting lanes to others, even while a handler hears nothing of the loss', async () => {
  const at: number[] = []
  const clock = virtualClock()
  const start = clock.now()
  const { engine } = engineOf(
    reactor('r')
      .on('post', saved, () => void at.push(clock.now() - start), { rate: '1/s' })
      .on('deaf', saved, ({ after }) => (after.id === 'client-0' ? new Promise(() => {}) : undefined)),
    { clock, concurrency: 2 },
  )
  const lost = await engine.open(worker)
  await lost.push(many(60))
  await pass(clock, 2_500)
  lost.revoke(new Error('lost'))
  await idle()
  const next = await engine.open({ ...worker, shard: 'shardId-1' })
  await next.push([inserted(1, 'a'), inserted(2, 'b')])
  await pass(clock, 5_000)
  expect(at).toEqual([0, 1_000, 2_000, 3_000, 4_000])
})

test('invocations that each end before their turn has come for all get on, however many there are', async () => {
  const done = new Set<number>()
  const { engine, clock } = engineOf(
    reactor('r').on('see', saved, ({ after }) => void done.add(after.n), { rate: '1/s' }),
  )
  for (let count = 0; count < 8; count += 1) {
    const delivery = await engine.open(lambda)
    await delivery.push(many(40).filter(({ sequence }) => !done.has(Number(sequence))))
    await settled(delivery, clock, 5_000)
  }
  expect(done.size).toBeGreaterThan(30)
})

test('concurrency bounds a route over all shards of the process, and leaves the others alone', async () => {
  let active = 0
  let most = 0
  let free = 0
  const clock = virtualClock()
  const { engine } = engineOf(
    reactor('r')
      .on(
        'post',
        saved,
        async () => {
          active += 1
          most = Math.max(most, active)
          await clock.sleep(100)
          active -= 1
        },
        { concurrency: 2 },
      )
      .on('free', saved, () => {
        free += 1
      }),
    { clock },
  )
  const one = await engine.open(worker)
  const two = await engine.open({ ...worker, shard: 'shardId-1' })
  await one.push(many(5))
  await two.push(many(5))
  await idle()
  expect([free, most]).toEqual([10, 2])
  await pass(clock, 1_000)
  expect([most, one.watermark?.sequence, two.watermark?.sequence]).toEqual([2, '5', '5'])
})

test('a paused route or reactor starts nothing until it is resumed; the others go on', async () => {
  const seen: string[] = []
  const { engine } = engineOf([
    reactor('r')
      .on('post', saved, () => void seen.push('post'))
      .on('index', saved, () => void seen.push('index')),
    reactor('s').on('log', saved, () => void seen.push('log')),
  ])
  engine.pause('r/post')
  engine.pause('s')
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await delivery.quiet()
  expect([seen, delivery.watermark]).toEqual([['index'], undefined])
  engine.resume('s')
  await delivery.quiet()
  engine.resume('r/post')
  await delivery.quiet()
  expect([seen, delivery.watermark?.sequence]).toEqual([['index', 'log', 'post'], '1'])
  expect(() => engine.pause('r/pots')).toThrow(/expected one of r\/post/)
})

test('a handler that needs more time moves its deadline and the lease of its claim, never past the hard end', async () => {
  const deadlines: number[] = []
  const clock = virtualClock()
  const start = clock.now()
  let aborted = false
  const { engine } = engineOf(
    reactor('r').on(
      'slow',
      saved,
      async (_, { extend, signal }) => {
        signal.addEventListener('abort', () => {
          aborted = true
        })
        await clock.sleep(800)
        deadlines.push(Number(await extend('1m')) - start)
        await clock.sleep(30_000)
        deadlines.push(Number(await extend('5m')) - start)
      },
      { timeout: '1s', effect: 'claim' },
    ),
    { clock },
  )
  const delivery = await engine.open(worker, { hardEnd: new Date(start + 100_000) })
  await delivery.push([inserted(1, 'a')])
  await pass(clock, 10_000)
  expect([deadlines, aborted]).toEqual([[60_800], false])
  await pass(clock, 30_000)
  expect([deadlines, aborted, delivery.watermark?.sequence]).toEqual([[60_800, 100_000], false, '1'])
})

test('extend tells a handler that its deadline has passed, or that its claim is no longer its own', async () => {
  const clock = virtualClock()
  const codes: string[] = []
  const memory = memoryState({ clock })
  const claims: string[] = []
  const state: StateStore = {
    ...memory,
    set: async (key, value, options) => {
      const result = await memory.set(key, value, options)
      if (result.ok && value.state === 'held') claims.push(key)
      return result
    },
  }
  const { engine } = engineOf(
    reactor('r').on(
      'slow',
      saved,
      async (e, { extend }) => {
        await clock.sleep(e.after.id === 'late' ? 40_000 : 10_000)
        await extend('1m').catch((error) => codes.push(`${e.after.id} ${error.code}`))
      },
      { effect: 'claim' },
    ),
    { clock, state },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'late'), inserted(2, 'lost')])
  await idle()
  // Someone deletes the second claim by hand.
  const item = await memory.get(claims[1] ?? '')
  expect(await memory.delete(claims[1] ?? '', item?.version ?? '')).toBe(true)
  await pass(clock, 100_000)
  expect(codes).toEqual(['lost claim-lost', 'late deadline'])
})

test('an observer is told of every step of a record, in order', async () => {
  const steps: Step[] = []
  const { engine, clock } = engineOf(
    reactor('r', { retry: { attempts: 2, base: '1s' } }).on('see', saved, () => {
      throw new Error('boom')
    }),
    { observe: (step) => void steps.push(step) },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(clock, 2_000)
  expect(steps.map(({ step, attempt }) => `${step} ${attempt}`)).toEqual([
    'taken 1',
    'started 1',
    'waiting 1',
    'started 2',
    'dead-letter 2',
  ])
  expect(steps[4]).toMatchObject({ route: 'r/see', lane: 'clients/a', position: '1', detail: 'Error: boom' })
})

test('what waits in long queues is forgotten and matched again: each is still handled once, in order', async () => {
  const clock = virtualClock()
  const seen = new Map<string, number[]>()
  const { engine } = engineOf(
    reactor('r').on('see', saved, async (e) => {
      await clock.sleep(1)
      seen.set(e.after.id, [...(seen.get(e.after.id) ?? []), e.after.n])
    }),
    { clock, concurrency: 50 },
  )
  const delivery = await engine.open(worker)
  await delivery.push(many(5_000, 100))
  await pass(clock, 1_000)
  expect([seen.size, delivery.watermark?.sequence]).toEqual([100, '5000'])
  for (const numbers of seen.values()) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  expect([...seen.values()].flat()).toHaveLength(5_000)
})
