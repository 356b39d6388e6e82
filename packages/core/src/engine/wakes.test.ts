/** Whoever is woken and cannot start lets the next one start, and has one turn however often it is woken. */

import { expect, test } from 'vitest'
import * as z from 'zod'
import { engineOf, idle, inserted, lambda, pass, record, saved, settled, worker } from '../../test/bench.ts'
import { batch, entity, marshal, type RouteOptions, reactor, Unavailable } from '../index.ts'
import { virtualClock } from '../memory/index.ts'

const Deaf = entity('deaf', { table: 'deaf', key: 'id', schema: z.object({ id: z.string() }) })

/** A record whose handler ends only when its signal is aborted, if it ends at all. */
const deaf = (sequence: number) =>
  record(sequence, {
    eventName: 'INSERT',
    tableName: 'deaf',
    dynamodb: {
      ApproximateCreationDateTime: 1_796_000_000_000_000,
      Keys: marshal({ id: `${sequence}` }),
      NewImage: marshal({ id: `${sequence}` }),
    },
  })

/** Two shards: a route that runs one at a time is taken by the other's record, and this one's places by those that are deaf. */
async function crowded(waiting: readonly string[], hears: boolean) {
  const clock = virtualClock()
  const started: string[] = []
  const steps: string[] = []
  const ends: (() => void)[] = []
  const { engine } = engineOf(
    reactor('r')
      .on('deaf', Deaf.saved('deaf.saved'), (_event, { signal }) => {
        return new Promise<void>((resolve) => hears && signal.addEventListener('abort', () => resolve()))
      })
      .on(
        'one',
        saved,
        (e) => {
          started.push(e.after.id)
          return new Promise<void>((resolve) => ends.push(resolve))
        },
        { concurrency: 1 },
      ),
    {
      clock,
      concurrency: 2,
      observe: ({ step, route, position }) => void steps.push(`${step} ${route} ${position}`),
    },
  )
  const other = await engine.open({ ...worker, shard: 'shardId-1' })
  await other.push([inserted(1, 'other')])
  const own = await engine.open(worker)
  await own.push(waiting.map((id, i) => inserted(i + 1, id)))
  await own.push([deaf(8), deaf(9)])
  await other.push([inserted(2, 'another')])
  await idle()
  expect(started).toEqual(['other'])
  return { clock, own, other, started, steps, end: () => ends.shift()?.() }
}

test('the turn of a lane whose shard has no place is that of another shard at once, and only its own once the delivery is lost', async () => {
  const { own, started, end } = await crowded(['a'], false)
  end()
  await idle()
  expect(started, 'deaf handlers keep all places of the first shard').toEqual(['other', 'another'])
  own.revoke(new Error('the lease was lost'))
  end()
  await idle()
  expect(started).toEqual(['other', 'another'])
})

/** Two shards, of which the first one's places are taken by slow handlers for long. */
async function uneven(bound: RouteOptions, slow: number, fast: number, other: number) {
  const clock = virtualClock()
  const done: string[] = []
  const { engine, pass } = engineOf(
    reactor('r')
      .on('slow', Deaf.saved('deaf.saved'), (_event, { signal }) => clock.sleep(1_000, signal))
      .on(
        'fast',
        saved,
        async (e) => {
          await clock.sleep(100)
          done.push(e.after.id)
        },
        bound,
      ),
    { clock, concurrency: 2 },
  )
  const full = await engine.open(worker)
  const idler = await engine.open({ ...worker, shard: 'shardId-1' })
  const others = Array.from({ length: other }, (_, i) => inserted(i + 1, `b${i}`))
  void idler.push(others.slice(0, other / 4))
  // The fast ones wait for their turn as the slow ones take the places.
  void full.push([
    ...Array.from({ length: fast }, (_, i) => inserted(i + 1, `a${i}`)),
    ...Array.from({ length: slow }, (_, i) => deaf(i + fast + 1)),
  ])
  await idle()
  void idler.push(others.slice(other / 4))
  return { pass, done, idler }
}

for (const bound of [{ rate: '10/s' }, { concurrency: 1 }] satisfies RouteOptions[]) {
  const about = JSON.stringify(bound)

  test(`${about}: a shard whose places are taken by slow handlers holds up no other shard`, async () => {
    const { pass, idler } = await uneven(bound, 100, 20, 20)
    await pass(5_000)
    expect(idler.complete).toBe(true)
  })

  test(`${about}: a lane that never has a place when its turn comes starts all the same, long before all others`, async () => {
    const { pass, done } = await uneven(bound, 2_000, 3, 2_000)
    await pass(1_300_000)
    expect(done.length).toBe(2_003)
    expect(done.findLastIndex((id) => id.startsWith('a'))).toBeLessThan(1_000)
  })
}

test('of thousands that have no place each leaves its turn to the next, in one step', async () => {
  const { pass, idler, done } = await uneven({ rate: '10/s' }, 200, 5_000, 4)
  await pass(5_000)
  expect(idler.complete).toBe(true)
  await pass(1_000_000)
  expect(done.length).toBe(5_004)
})

test('lanes that wait for a place are left once when the delivery drains, though one of them was woken', async () => {
  const { own, steps, end, clock } = await crowded(['a', 'b', 'c'], true)
  end()
  await idle()
  let answered = false
  void own.settle(new Date(clock.now())).then(() => {
    answered = true
  })
  await pass(clock, 0)
  const left = steps.filter((step) => step.startsWith('abandoned r/one'))
  expect(left).toEqual(['abandoned r/one 1', 'abandoned r/one 2', 'abandoned r/one 3'])
  expect(answered, 'nothing is waited for').toBe(true)
})

test('an attempt that reaches no handler does not say that what the handler needs is back', async () => {
  const clock = virtualClock()
  let isDown = false
  let calls = 0
  const { engine, logged } = engineOf(
    reactor('r').on(
      'post',
      saved,
      () => {
        calls += 1
        if (isDown) throw new Unavailable('billing')
      },
      { effect: 'claim' },
    ),
    { clock },
  )
  const before = await engine.open(worker)
  await before.push([inserted(1, 'a')])
  await pass(clock, 0)
  isDown = true
  const delivery = await engine.open(worker)
  await delivery.push([inserted(2, 'b')])
  await pass(clock, 0)
  // A repeat of what is claimed waits as well, and is skipped as the first one to go ahead.
  await delivery.push([inserted(1, 'a')])
  await pass(clock, 5_000)
  const back = () => logged.filter(({ message }) => message === 'a dependency is back').length
  expect([calls > 2, back()]).toEqual([true, 0])
  isDown = false
  await pass(clock, 60_000)
  expect([delivery.complete, back()]).toEqual([true, 1])
})

test('a store that is down is back once it has answered, though no handler ran', async () => {
  const clock = virtualClock()
  const { engine, state, logged } = engineOf(
    reactor('r').on('post', saved, () => {}, { effect: 'claim' }),
    { clock },
  )
  const before = await engine.open(worker)
  await before.push([inserted(1, 'a')])
  await pass(clock, 0)
  const { set } = state
  state.set = () => Promise.reject(new Error('no answer'))
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(clock, 0)
  expect(delivery.complete).toBe(false)
  state.set = set
  await pass(clock, 5_000)
  expect(delivery.complete).toBe(true)
  expect(logged.filter(({ message }) => message === 'a dependency is back')).toHaveLength(1)
})

for (const gathers of [false, true])
  test(`a delivery does not settle before its time while a rate lets one ${gathers ? 'batch' : 'event'} start after the other`, async () => {
    const clock = virtualClock()
    let handled = 0
    const count = () => {
      handled += 1
    }
    const handler = gathers ? batch({ size: 1 }, count) : count
    const { engine } = engineOf(reactor('r').on('post', saved, handler, { rate: '10/s' }), { clock })
    const delivery = await engine.open(lambda)
    const from = clock.now()
    void delivery.push(Array.from({ length: 300 }, (_, i) => inserted(i + 1, `k${i}`)))
    const unfinished = await settled(delivery, clock, 60_000)
    expect([handled, unfinished.length]).toEqual([300, 0])
    expect(clock.now() - from).toBeLessThan(35_000)
  })

test('a delivery settles at once, as far as the source allows, if a rate lets nobody start before its end', async () => {
  const clock = virtualClock()
  const { engine } = engineOf(
    reactor('r').on('post', saved, () => {}, { rate: '1/h' }),
    { clock },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a'), inserted(2, 'b')])
  const from = clock.now()
  expect(await settled(delivery, clock, 60_000)).toHaveLength(1)
  expect(clock.now() - from).toBeLessThan(1_000)
})
