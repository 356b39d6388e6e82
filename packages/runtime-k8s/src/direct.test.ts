/** What becomes of ticks that are handed to their route directly, when what opens it does not answer. */

import { setImmediate as turn } from 'node:timers/promises'
import { reactor } from '@spaceship/core'
import { createEngine, type Engine } from '@spaceship/core/engine'
import { silent } from '@spaceship/core/log'
import { memoryDeadLetters, memoryState, virtualClock } from '@spaceship/core/memory'
import { expect, test } from 'vitest'
import { DirectTicks } from './direct.ts'

/** Of a worker that does not stop. */
const living = new AbortController().signal

/** Ticks of one route, whose delivery cannot be opened while `opens` never answers. */
function ticking() {
  const clock = virtualClock(Date.parse('2026-11-24T12:00:00Z'))
  const seen: string[] = []
  const engine = createEngine({
    application: 'app',
    reactors: [
      reactor('alarm').every('look', { each: '1m', via: 'direct' }, ({ to }) => {
        seen.push(to.toISOString().slice(11, 16))
      }),
    ],
    ...{ state: memoryState(), deadLetters: memoryDeadLetters(), clock, logger: silent },
  })
  const opens = { never: true }
  const open: Engine['open'] = (...given) => (opens.never ? new Promise(() => {}) : engine.open(...given))
  const failed: unknown[] = []
  const ticks = new DirectTicks({
    engine: { ...engine, application: engine.application, open },
    clock,
    holds: () => true,
    leaves: () => false,
    failed: (_, error) => void failed.push(error),
  })
  return { clock, failed, opens, seen, ticks }
}

test('a store that never answers as a route is opened costs its tick ten seconds, and no later one', async () => {
  const { clock, failed, opens, seen, ticks } = ticking()
  const put = ticks.put('alarm/look', clock.now(), living)
  const refused = expect(put).rejects.toMatchObject({ code: 'no-answer' })
  await clock.moveTo(clock.now() + 10_000, () => turn())
  await refused
  opens.never = false
  await ticks.put('alarm/look', Date.parse('2026-11-24T12:00:00Z'), living)
  for (let n = 0; n < 20; n += 1) await turn()
  expect([seen, failed]).toEqual([['12:00'], []])
})

test('nor is it waited for longer than its worker lives', async () => {
  const { clock, ticks } = ticking()
  const stopping = new AbortController()
  const put = ticks.put('alarm/look', clock.now(), stopping.signal)
  stopping.abort()
  // No time passes.
  await expect(put).rejects.toMatchObject({ code: 'no-answer' })
})

/** A process that lives on one store with others; it is gone where its handler does not return. */
function processes(handle: () => unknown) {
  const clock = virtualClock(Date.parse('2026-11-24T12:00:00Z'))
  const stores = { state: memoryState({ clock }), deadLetters: memoryDeadLetters(), clock, logger: silent }
  const start = () => {
    const failed: unknown[] = []
    const app = reactor('alarm', { retry: { base: '1s', max: '1s' } }).every(
      'look',
      { each: '1m', via: 'direct' },
      handle,
    )
    const engine = createEngine({ application: 'app', reactors: [app], ...stores })
    const ticks = new DirectTicks({
      engine,
      clock,
      holds: () => true,
      leaves: () => false,
      failed: (_, error) => void failed.push(error),
    })
    const put = async (moment = clock.now()) => {
      await ticks.put('alarm/look', moment, living)
      for (let n = 0; n < 40; n += 1) await turn()
      // A retry comes within the window.
      await clock.moveTo(clock.now() + 2_000, () => turn())
    }
    return { failed, put }
  }
  return { clock, start, reasons: () => stores.deadLetters.letters.map(({ reason }) => reason) }
}

test('a tick that ends each process that runs it becomes a dead letter, and the next one has its own chances', async () => {
  let deaths = 0
  const { clock, start, reasons } = processes(() => {
    deaths += 1
    return new Promise(() => {})
  })
  const moment = clock.now()
  for (let n = 0; n < 8; n += 1) await start().put(moment)
  expect([deaths, new Set(reasons())]).toEqual([3, new Set(['crashed'])])
  await start().put(clock.now() + 60_000)
  expect(deaths).toBe(4)
})

test('an attempt that fails first takes no charge back: the next one may end the process', async () => {
  let deaths = 0
  const tried = new Set<number>()
  let process = 0
  const { clock, start, reasons } = processes(() => {
    if (!tried.has(process)) {
      tried.add(process)
      throw new Error('not yet')
    }
    deaths += 1
    return new Promise(() => {})
  })
  const moment = clock.now()
  for (; process < 8; process += 1) await start().put(moment)
  expect([deaths, new Set(reasons())]).toEqual([3, new Set(['crashed'])])
})

test('ticks that are handled accuse nobody, however many owners put the same one', async () => {
  let runs = 0
  const { clock, start, reasons } = processes(() => {
    runs += 1
  })
  const moment = clock.now()
  for (let n = 0; n < 8; n += 1) {
    const { put, failed } = start()
    await put(moment)
    expect(failed).toEqual([])
  }
  expect([runs, reasons()]).toEqual([1, []])
})
