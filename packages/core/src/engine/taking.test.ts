/** What was pushed and could not be taken: it is never acknowledged, and holds up nobody. */

import { expect, test } from 'vitest'
import * as z from 'zod'
import { engineOf, idle, inserted, lambda, saved, worker } from '../../test/bench.ts'
import { entity, RetryAfter, reactor } from '../index.ts'
import { memoryState, virtualClock } from '../memory/index.ts'
import type { StateStore } from '../ports/index.ts'

const sequences = (positions: readonly { readonly sequence: string }[]) => positions.map((p) => p.sequence)

test('records that a drain comes too early for are unfinished, although all that were taken are done', async () => {
  const clock = virtualClock()
  let seen = 0
  const { engine } = engineOf(
    reactor('r').on('see', saved, () => {
      seen += 1
      // It keeps the process busy: no timer and no socket gets its turn.
      void clock.moveTo(clock.now() + 100)
    }),
    { clock },
  )
  const delivery = await engine.open(lambda, { hardEnd: new Date(clock.now() + 30_000) })
  const pushed = delivery.push(Array.from({ length: 600 }, (_, i) => inserted(i + 1, `k${i}`)))
  const settling = delivery.settle(new Date(clock.now() + 25_550))
  for (let i = 0; i < 20; i += 1) await clock.moveTo(clock.now() + 100, idle)
  const unfinished = sequences(await settling)
  await pushed
  expect(seen).toBeLessThan(600)
  expect([unfinished[0], unfinished.at(-1), unfinished.length]).toEqual([`${seen + 1}`, '600', 600 - seen])
  expect(delivery.complete).toBe(false)
})

test('a batch whose journal was not read in time is unfinished as a whole, and the journal stays', async () => {
  const clock = virtualClock()
  const memory = memoryState({ clock })
  let slow = 0
  const state: StateStore = {
    ...memory,
    set: async (...args) => {
      await clock.sleep(slow)
      return memory.set(...args)
    },
  }
  const seen: string[] = []
  const app = reactor('r', { retry: { base: '1h', max: '1h' } }).on('see', saved, (e) => {
    seen.push(e.after.id)
    if (e.after.id === 'a') throw new RetryAfter('1h')
  })
  const { engine } = engineOf(app, { clock, state })
  const invoke = async () => {
    const delivery = await engine.open(lambda, { hardEnd: new Date(clock.now() + 28_000) })
    const pushed = delivery.push([inserted(1, 'a'), inserted(2, 'b')])
    const settling = delivery.settle(new Date(clock.now() + 26_000))
    for (let i = 0; i < 60; i += 1) await clock.moveTo(clock.now() + 1_000, idle)
    await pushed
    return sequences(await settling)
  }
  expect([await invoke(), seen]).toEqual([['1'], ['a', 'b']])
  slow = 27_500
  expect([await invoke(), seen]).toEqual([
    ['1', '2'],
    ['a', 'b'],
  ])
  slow = 0
  expect([await invoke(), seen]).toEqual([['1'], ['a', 'b']])
})

test('a schema that never answers holds its page, and not who revokes or drains', async () => {
  const Client = entity('client', {
    table: 'clients',
    key: 'id',
    schema: z.object({ id: z.string() }).refine(() => new Promise<boolean>(() => {})),
  })
  const { engine, clock } = engineOf(reactor('r').on('see', Client.created('c'), () => {}))
  for (const end of ['revoke', 'settle'] as const) {
    const delivery = await engine.open(worker)
    const pages = [delivery.push([inserted(1, 'a'), inserted(2, 'b')]), delivery.push([inserted(3, 'c')])]
    await idle()
    const settling = end === 'settle' ? delivery.settle(new Date(clock.now() + 1_000)) : undefined
    if (end === 'revoke') delivery.revoke(new Error('lost'))
    await clock.moveTo(clock.now() + 10_000, idle)
    await Promise.all(pages)
    if (settling !== undefined) expect(sequences(await settling)).toEqual(['1', '2', '3'])
    expect([delivery.watermark, delivery.complete]).toEqual([undefined, false])
  }
})

test('a journal that cannot be written fails the settle, and keeps nothing of the bytes of the process', async () => {
  const memory = memoryState()
  const state: StateStore = {
    ...memory,
    set: async (key, value, options) => {
      if (value.opens === 0) throw new Error('store down')
      return memory.set(key, value, options)
    },
  }
  const record = inserted(1, 'a')
  const { engine, pass, clock } = engineOf(
    reactor('r').on('see', saved, () => {
      throw new RetryAfter('1h')
    }),
    { state, maxAhead: { bytes: record.data.length } },
  )
  for (let invocation = 0; invocation < 2; invocation += 1) {
    const delivery = await engine.open(lambda)
    await delivery.push([record])
    const settling = expect(delivery.settle(new Date(clock.now() + 1_000))).rejects.toThrow('store down')
    await pass(15_000)
    await settling
  }
})
