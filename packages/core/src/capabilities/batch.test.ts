/** Batches that wait, and what is down while they do. */

import { expect, test } from 'vitest'
import { engineOf, idle, inserted, lambda, pass, saved, settled, worker } from '../../test/bench.ts'
import { batch, reactor, Unavailable } from '../index.ts'
import { memoryState } from '../memory/index.ts'
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
