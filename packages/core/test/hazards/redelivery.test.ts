/** Lambda: what is answered and what is journaled agree, whatever is slow, and nothing that was done is done again. */

import { expect, test } from 'vitest'
import { reactor, Unavailable } from '../../src/index.ts'
import { memoryState, virtualClock } from '../../src/memory/index.ts'
import type { StateStore, StateValue } from '../../src/ports/index.ts'
import { aggregate } from '../aggregate.ts'
import { engineOf, idle, inserted, lambda, pass, saved, settled } from '../bench.ts'

/** The write with which an invocation ends; the one with which it begins counts it among those that opened the batch. */
const isJournal = (key: string, value: StateValue) => key.includes('/journal/') && value.opens === 0

test('F1: an aggregate that needs several invocations goes on where it stood, and so does what follows it', async () => {
  const clock = virtualClock()
  const state = memoryState({ clock })
  const runs = new Map<string, number>()
  const app = () =>
    reactor('r', { retry: { attempts: 3, base: '1s', max: '1s' } }).on(
      'see',
      saved,
      async (e, { signal, attempt }) => {
        await clock.sleep(2_000, signal)
        signal.throwIfAborted()
        // The attempts of a record inside survive the invocation as well.
        if (e.source.position === '1.3' && attempt < 3) throw new Error('not yet')
        runs.set(e.source.position, (runs.get(e.source.position) ?? 0) + 1)
      },
    )
  const batch = [
    aggregate(
      1,
      Array.from({ length: 20 }, () => 'acme'),
    ),
    inserted(2, 'acme'),
  ]
  let invocations = 0
  for (let open = 1; open > 0; invocations += 1) {
    expect(invocations).toBeLessThan(10)
    const delivery = await engineOf(app(), { clock, state }).engine.open(lambda, {
      hardEnd: new Date(clock.now() + 14_500),
    })
    void delivery.push(batch)
    open = (await settled(delivery, clock, 12_000)).length
  }
  expect([...runs.values()]).toEqual(Array.from({ length: 21 }, () => 1))
  expect(invocations).toBeGreaterThan(2)
})

test('F2: a journal that is not written in time is no partial answer: settle rejects, and the batch comes again as a whole', async () => {
  const clock = virtualClock()
  const memory = memoryState({ clock })
  const state: StateStore = {
    ...memory,
    set: (key, value, options) =>
      isJournal(key, value) ? new Promise(() => {}) : memory.set(key, value, options),
  }
  const { engine } = engineOf(
    reactor('r').on('see', saved, (e) => {
      if (e.after.id === 'down') throw new Unavailable('slack')
    }),
    { clock, state },
  )
  const delivery = await engine.open(lambda, { hardEnd: new Date(clock.now() + 3_000) })
  await delivery.push([inserted(1, 'down'), inserted(2, 'a')])
  const answer = delivery.settle(new Date(clock.now() + 1_500)).catch((error) => error)
  let ended = false
  void answer.then(() => {
    ended = true
  })
  await pass(clock, 3_100)
  expect(ended, 'the answer does not wait for the store beyond its end').toBe(true)
  expect(await answer).toMatchObject({ code: 'unavailable', dependency: 'state' })
})

test('F6: the journal is kept under the position that the answer names, though that record ends meanwhile', async () => {
  const clock = virtualClock()
  const memory = memoryState({ clock })
  const under: string[] = []
  const state: StateStore = {
    ...memory,
    set: async (key, value, options) => {
      if (isJournal(key, value)) {
        under.push(key.split('/').at(-1) ?? '')
        await clock.sleep(300)
      }
      return memory.set(key, value, options)
    },
  }
  const runs = new Map<string, number>()
  const app = () =>
    reactor('r').on('see', saved, async (e) => {
      const run = (runs.get(e.after.id) ?? 0) + 1
      runs.set(e.after.id, run)
      if (e.after.id === 'slow' && run === 1) await clock.sleep(5_100)
      if (e.after.id === 'down' && runs.get('slow') === 1) throw new Unavailable('slack')
    })
  let batch = [inserted(1, 'slow'), inserted(2, 'down'), inserted(3, 'a'), inserted(4, 'b')]
  for (let invocation = 0; invocation < 4 && batch.length > 0; invocation += 1) {
    const delivery = await engineOf(app(), { clock, state }).engine.open(lambda)
    await delivery.push(batch)
    const unfinished = await settled(delivery, clock, 4_000)
    if (unfinished.length > 0) expect(under.at(-1)).toBe(unfinished[0]?.sequence)
    batch = batch.filter(({ sequence }) => Number(sequence) >= Number(unfinished[0]?.sequence ?? 99))
  }
  expect([runs.get('a'), runs.get('b'), batch]).toEqual([1, 1, []])
})

test('F15: a partial answer costs one write of the journal, also under the position that was opened', async () => {
  const clock = virtualClock()
  const memory = memoryState({ clock })
  let sets = 0
  const state: StateStore = {
    ...memory,
    set: (key, value, options) => {
      sets += 1
      return memory.set(key, value, options)
    },
  }
  const { engine } = engineOf(
    reactor('r').on('see', saved, () => {
      throw new Unavailable('slack')
    }),
    { clock, state },
  )
  const delivery = await engine.open(lambda)
  await delivery.push([inserted(1, 'a'), inserted(2, 'b')])
  expect((await settled(delivery, clock, 2_000)).length).toBe(2)
  expect(sets, 'one as it opened, one as it answered').toBe(2)
})

test('F9: an environment that opens the same batch again and again is alive: it has not killed itself', async () => {
  const clock = virtualClock()
  const memory = memoryState({ clock })
  const state: StateStore = {
    ...memory,
    // The journal is never written, so each invocation fails and its batch comes again.
    set: (key, value, options) =>
      isJournal(key, value) ? Promise.reject(new Error('store down')) : memory.set(key, value, options),
  }
  let down = true
  const { engine, deadLetters } = engineOf(
    reactor('r', { retry: { base: '1s', max: '1s' } }).on('see', saved, () => {
      if (down) throw new Unavailable('slack')
    }),
    { clock, state },
  )
  for (let invocation = 0; invocation < 8; invocation += 1) {
    down = invocation < 7
    const delivery = await engine.open(lambda)
    await delivery.push([inserted(1, 'a'), inserted(2, 'b')])
    const answer = delivery.settle(new Date(clock.now() + 2_000)).catch((error) => error)
    await pass(clock, 20_000)
    if (down) expect(await answer).toBeInstanceOf(Error)
    else expect([await answer, delivery.complete]).toEqual([[], true])
    await idle()
  }
  expect(deadLetters.letters).toEqual([])
})
