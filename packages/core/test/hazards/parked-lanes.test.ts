/** Scenario A19: parked lanes, their order and their drain. */

import { expect, test } from 'vitest'
import { createRedrive } from '../../src/engine.ts'
import { reactor } from '../../src/index.ts'
import {
  memoryDeadLetters,
  memoryEvents,
  memoryState,
  type VirtualClock,
  virtualClock,
} from '../../src/memory/index.ts'
import { arrived, engineOf, inserted, lambda, parkedLane, pass, saved, settled, worker } from '../bench.ts'

/** A route that parks: `broken` keys fail until they are mended. */
function parking(clock: VirtualClock) {
  const seen: string[] = []
  const broken = new Set<string>()
  const state = memoryState({ clock })
  const deadLetters = memoryDeadLetters()
  const sink = memoryEvents()
  const app = () =>
    reactor('r', { retry: { attempts: 2, base: '1s', max: '1s' }, whenExhausted: 'park' }).on(
      'post',
      saved,
      (e) => {
        if (broken.has(e.after.id)) throw new Error('no')
        seen.push(`${e.after.id}${e.after.n}`)
      },
    )
  return {
    seen,
    broken,
    state,
    deadLetters,
    sink,
    redrive: createRedrive({ application: 'app', deadLetters, events: sink, clock }),
    open: (source: typeof worker | typeof lambda = worker) =>
      engineOf(app(), { clock, state, deadLetters }).engine.open(source),
  }
}

test('A19: records of a parked lane wait behind the failed one, and a drain runs them in order', async () => {
  const clock = virtualClock()
  const { seen, broken, deadLetters, sink, redrive, state, open } = parking(clock)
  broken.add('a')
  const one = await open()
  await one.push([inserted(1, 'a'), inserted(2, 'a'), inserted(3, 'b')])
  await pass(clock, 10_000)
  expect([seen, one.watermark?.sequence]).toEqual([['b3'], '3'])
  expect(deadLetters.letters).toMatchObject([
    { sequence: '1', reason: 'exhausted', lane: 'clients/a' },
    { sequence: '2', reason: 'parked', lane: 'clients/a' },
  ])

  // Another worker, also after a reshard: it knows what is parked.
  broken.clear()
  const two = await open()
  await two.push([inserted(4, 'a'), inserted(5, 'b')])
  await pass(clock, 100)
  expect([seen, deadLetters.letters.length, two.watermark?.sequence]).toEqual([['b3', 'b5'], 3, '5'])

  await redrive.lane(deadLetters.letters[0]?.id ?? '')
  await two.push([arrived(6, sink.records[0]), inserted(7, 'a')])
  await pass(clock, 10_000)
  expect(seen.slice(2)).toEqual(['a1', 'a2', 'a4', 'a7'])
  expect([deadLetters.letters, two.watermark?.sequence]).toEqual([[], '7'])
  expect(await parkedLane(state, 'a'), 'open again').toBeUndefined()
})

test('A19: what was done and comes again after an unclean death is parked where it stood, not behind what had failed', async () => {
  const clock = virtualClock()
  const { seen, broken, deadLetters, sink, redrive, open } = parking(clock)
  const one = await open()
  await one.push([inserted(9, 'a')])
  await pass(clock, 10_000)
  broken.add('a')
  await one.push([inserted(10, 'a')])
  await pass(clock, 10_000)
  one.revoke(new Error('killed'))
  const two = await open()
  await two.push([inserted(9, 'a'), inserted(10, 'a'), inserted(11, 'a')])
  await pass(clock, 10_000)
  broken.clear()
  await redrive.lane(deadLetters.letters[0]?.id ?? '')
  await two.push([arrived(12, sink.records[0])])
  await pass(clock, 10_000)
  expect(seen).toEqual(['a9', 'a9', 'a10', 'a11'])
})

test('A19: a drain ends at the first record that fails again; nothing passes it', async () => {
  const clock = virtualClock()
  const { seen, broken, deadLetters, sink, redrive, open } = parking(clock)
  broken.add('a')
  const delivery = await open()
  await delivery.push([inserted(1, 'a'), inserted(2, 'a')])
  await pass(clock, 10_000)
  await redrive.lane(deadLetters.letters[1]?.id ?? '')
  await delivery.push([arrived(3, sink.records[0]), inserted(4, 'a')])
  await pass(clock, 10_000)
  expect(deadLetters.letters.map(({ sequence }) => sequence)).toEqual(['1', '2', '4'])
  expect([seen, delivery.watermark?.sequence]).toEqual([[], '4'])
  broken.clear()
  await redrive.lane(deadLetters.letters[0]?.id ?? '')
  await delivery.push([arrived(5, sink.records[1])])
  await pass(clock, 10_000)
  expect([seen, deadLetters.letters]).toEqual([['a1', 'a2', 'a4'], []])
})

test('A19: a drain that a deploy cuts short goes on where it stood', async () => {
  const clock = virtualClock()
  const { seen, broken, deadLetters, sink, redrive, open } = parking(clock)
  broken.add('a')
  const one = await open()
  await one.push([inserted(1, 'a'), inserted(2, 'a')])
  await pass(clock, 10_000)
  broken.clear()
  await redrive.lane(deadLetters.letters[0]?.id ?? '')
  const drain = arrived(3, sink.records[0])
  const two = await open()
  void two.push([drain])
  two.revoke(new Error('deployed'))
  const three = await open()
  await three.push([drain, inserted(4, 'a')])
  await pass(clock, 1_000)
  expect([seen, deadLetters.letters, three.watermark?.sequence]).toEqual([['a1', 'a2', 'a4'], [], '4'])
})

test('A19: whichever letter of a parked lane is redriven, the lane comes in order; the others find nothing left', async () => {
  const clock = virtualClock()
  const { seen, broken, deadLetters, sink, redrive, open } = parking(clock)
  broken.add('a')
  const delivery = await open()
  await delivery.push([inserted(1, 'a'), inserted(2, 'a'), inserted(3, 'a')])
  await pass(clock, 10_000)
  broken.clear()
  const ids = deadLetters.letters.map(({ id }) => id)
  for (const id of ids.toReversed()) await redrive.letter(id)
  await delivery.push(sink.records.map((outgoing, i) => arrived(4 + i, outgoing)))
  await pass(clock, 1_000)
  expect([seen, deadLetters.letters, delivery.watermark?.sequence]).toEqual([['a1', 'a2', 'a3'], [], '6'])
})

test('A19: a route that was renamed keeps its parked lanes', async () => {
  const clock = virtualClock()
  const { deadLetters, sink, redrive, state, broken, open } = parking(clock)
  broken.add('a')
  const before = await open()
  await before.push([inserted(1, 'a'), inserted(2, 'a')])
  await pass(clock, 10_000)
  const seen: number[] = []
  const renamed = reactor('r', { whenExhausted: 'park' }).on(
    'publish',
    saved,
    (e) => void seen.push(e.after.n),
    {
      formerly: ['post'],
    },
  )
  const after = await engineOf(renamed, { clock, state, deadLetters }).engine.open(worker)
  await after.push([inserted(3, 'a')])
  await pass(clock, 100)
  expect(seen).toEqual([])
  await redrive.letters()
  await after.push([arrived(4, sink.records[0]), inserted(5, 'a')])
  await pass(clock, 1_000)
  expect([seen, deadLetters.letters]).toEqual([[1, 2, 3, 5], []])
})

test('A19: on Lambda a parked lane is read with each invocation', async () => {
  const clock = virtualClock()
  const { seen, broken, deadLetters, open } = parking(clock)
  broken.add('a')
  for (const batch of [[inserted(1, 'a')], [inserted(2, 'a'), inserted(3, 'b')]]) {
    const delivery = await open(lambda)
    await delivery.push(batch)
    const unfinished = await settled(delivery, clock, 20_000)
    expect(unfinished).toEqual([])
    broken.clear()
  }
  expect([seen, deadLetters.letters.map(({ reason }) => reason)]).toEqual([['b3'], ['exhausted', 'parked']])
})

test('A19: a lane that holds as many letters as one item could not name takes more, and a drain runs them all in order', async () => {
  const clock = virtualClock()
  const { seen, broken, state, open, redrive, deadLetters, sink } = parking(clock)
  broken.add('a')
  const delivery = await open()
  const numbers = Array.from({ length: 1_500 }, (_, i) => i + 1)
  await delivery.push(numbers.map((n) => inserted(n, 'a')))
  await pass(clock, 5_000)
  expect([deadLetters.letters.length, delivery.watermark?.sequence]).toEqual([1_500, '1500'])

  broken.clear()
  await redrive.lane(deadLetters.letters[700]?.id ?? '')
  await delivery.push([arrived(1_501, sink.records[0]), inserted(1_502, 'a')])
  await pass(clock, 60_000)
  expect(seen).toEqual([...numbers, 1_502].map((n) => `a${n}`))
  expect([deadLetters.letters, delivery.watermark?.sequence]).toEqual([[], '1502'])
  // Nothing is left of the lane, whichever of its letters was named.
  expect(await parkedLane(state, 'a'), 'open again').toBeUndefined()
})

test('F14: a letter has attempts of its own, though its owner died before it took the one before out of the lane', async () => {
  const clock = virtualClock()
  const memory = memoryState({ clock })
  const letters = memoryDeadLetters()
  const sink = memoryEvents()
  const tries: string[] = []
  let isDrained = false
  let isDead = false
  const never = () => new Promise<never>(() => {})
  const state = {
    get: (key: string) => (isDead ? never() : memory.get(key)),
    set: (...args: Parameters<typeof memory.set>) => (isDead ? never() : memory.set(...args)),
    delete: (...args: Parameters<typeof memory.delete>) => (isDead ? never() : memory.delete(...args)),
  }
  const owner = (dies: boolean) =>
    engineOf(
      reactor('r', { retry: { attempts: 2, base: '1s', max: '1s' }, whenExhausted: 'park' }).on(
        'post',
        saved,
        (e, { attempt }) => {
          if (isDrained) tries.push(`${e.after.n}, attempt ${attempt}`)
          if (!isDrained || e.after.n === 2 || attempt === 1) throw new Error('not yet')
        },
      ),
      {
        clock,
        state,
        deadLetters: {
          ...letters,
          letters: letters.letters,
          remove: async (id) => {
            if (isDead) return never()
            await letters.remove(id)
            isDead = dies
            if (dies) await never()
          },
        },
      },
    )
  const first = await owner(false).engine.open(worker)
  await first.push([inserted(1, 'a'), inserted(2, 'a')])
  await pass(clock, 10_000)
  await createRedrive({ application: 'app', deadLetters: letters, events: sink, clock }).lane(
    letters.letters[0]?.id ?? '',
  )
  isDrained = true
  const second = await owner(true).engine.open(worker)
  const drain = arrived(3, sink.records[0])
  await second.push([drain])
  await pass(clock, 10)
  const { journal = '' } = second
  await pass(clock, 10_000)
  isDead = false
  const third = await owner(false).engine.open(worker, { journal })
  await third.push([drain])
  await pass(clock, 60_000)
  expect(tries).toEqual(['1, attempt 1', '1, attempt 2', '2, attempt 1', '2, attempt 2'])
  expect(third.complete).toBe(true)
})
