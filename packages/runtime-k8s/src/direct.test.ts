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
