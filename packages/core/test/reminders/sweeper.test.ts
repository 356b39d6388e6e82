import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { reactor, reminder } from '../../src/index.ts'
import { memoryScheduler, memoryState, virtualClock } from '../../src/memory/index.ts'
import type { StateStore } from '../../src/ports/index.ts'
import { harness } from '../../src/testing/index.ts'
import { DAY, MINUTE, remindersBench } from './bench.ts'
import { nag, Row } from './world.ts'

const many = reminder('nag', { payload: z.object({ of: z.number() }), key: (p) => String(p.of) })

/** A sweeper whose ticks come by hand. */
function sweeping(options: Parameters<typeof remindersBench>[0] = {}) {
  const bench = remindersBench(options)
  const { clock, events, reminders, deliver } = bench
  const { routes } = reminders.sweeper({ events, each: '5m' })
  const context = { signal: new AbortController().signal, log: { warn: () => {} } }
  let seen = 0
  return {
    ...bench,
    /** @returns how many it found */
    sweep: async () => {
      const to = new Date(Math.floor(clock.now() / (5 * MINUTE)) * 5 * MINUTE)
      // Of tick and context the handler reads no more than this.
      for (const { handler } of routes) await handler({ to } as never, context as never)
      const found = events.records.slice(seen)
      seen = events.records.length
      return found.length
    },
    arrive: async () => {
      for (const { data } of events.records) await deliver(data)
    },
  }
}

test('a lost execution is found within two intervals, and sent once', async () => {
  const { calls, clock, scheduler, sweep, arrive, sent } = sweeping()
  await calls.schedule({ of: 1 }, { in: '61m' })
  // Somebody deletes it by hand.
  for (const { name } of scheduler.waiting) await scheduler.stop(name)
  const found: number[] = []
  for (let minutes = 0; minutes < 90; minutes += 5) {
    await clock.moveTo(clock.now() + 5 * MINUTE)
    if ((await sweep()) > 0) found.push(minutes + 5)
  }
  await arrive()
  expect(found[0]).toBeLessThanOrEqual(61 + 10)
  expect(sent).toEqual(['a/1'])
})

test('what was sent, cancelled, moved or is not due is left alone', async () => {
  const { reminders, clock, scheduler, pass, sweep } = sweeping()
  const calls = reminders.of(many)
  for (const of of [1, 2, 3, 4]) await calls.schedule({ of }, { in: '10m' })
  await calls.cancel('2')
  await calls.reschedule('3', { in: '3d' })
  await pass(10 * MINUTE)
  expect(scheduler.waiting.length).toBe(1)
  await clock.moveTo(clock.now() + 60 * MINUTE)
  expect(await sweep()).toBe(0)
})

test('what nobody takes off the stream is sent again, ever more rarely, until it is over', async () => {
  const { calls, clock, scheduler, sweep, arrive, sent } = sweeping()
  await calls.schedule({ of: 1 }, { in: '1m' })
  for (const { name } of scheduler.waiting) await scheduler.stop(name)
  const found: number[] = []
  for (let minutes = 5; minutes <= 6 * 60; minutes += 5) {
    await clock.moveTo(clock.now() + 5 * MINUTE)
    if ((await sweep()) > 0) found.push(minutes)
  }
  expect(found).toEqual([10, 30, 60, 110, 200])
  await arrive()
  expect(sent).toEqual(['a/1'])
  await clock.moveTo(clock.now() + 2 * DAY)
  expect(await sweep()).toBe(0)
})

test('a machine that is deleted under many reminders, while nobody runs for a day, loses none', async () => {
  const { reminders, clock, scheduler, sweep, arrive, sent } = sweeping()
  const count = 3_000
  const calls = reminders.of(many)
  for (let of = 0; of < count; of += 1) await calls.schedule({ of }, { in: `${60 + (of % 600)}m` })
  await sweep()
  for (const { name } of scheduler.waiting) await scheduler.stop(name)
  await clock.moveTo(clock.now() + DAY)
  expect(await sweep()).toBe(count)
  await arrive()
  expect(new Set(sent).size).toBe(count)
})

test('a run that is cut off leaves what it has sent, also within one hour: each run comes further', async () => {
  const { reminders, events, clock, scheduler, arrive, sent } = sweeping()
  const calls = reminders.of(many)
  const count = 2_500
  // All are due at the same moment.
  for (let of = 0; of < count; of += 1) await calls.schedule({ of }, { in: '1h' })
  for (const { name } of scheduler.waiting) await scheduler.stop(name)
  await clock.moveTo(clock.now() + 2 * 60 * MINUTE)
  const { put } = events
  let cut = new AbortController()
  let records = 0
  events.put = async (given) => {
    records += given.length
    cut.abort(new Error('the time is over'))
    await put(given)
  }
  const [route] = reminders.sweeper({ events, each: '5m' }).routes
  // Of tick and context the handler reads no more than this.
  const run = () =>
    route?.handler(
      { to: new Date(clock.now()) } as never,
      { signal: cut.signal, log: { warn: () => {} } } as never,
    )
  let runs = 0
  for (; runs < 100; runs += 1) {
    cut = new AbortController()
    try {
      await run()
      break
    } catch (error) {
      expect(error).toMatchObject({ message: 'the time is over' })
    }
  }
  expect(runs).toBeGreaterThan(2)
  expect(records, 'none is sent twice').toBe(count)
  await arrive()
  expect(new Set(sent).size).toBe(count)
})

test('a reminder costs one write more for it, and what is due at once is found as well', async () => {
  const clock = virtualClock()
  const memory = memoryState({ clock })
  const writes: string[] = []
  const counting: StateStore = {
    ...memory,
    set: async (key, ...rest) => {
      writes.push(key.split('/')[1] ?? '')
      return memory.set(key, ...rest)
    },
  }
  const bench = sweeping({ clock, state: counting })
  await bench.calls.schedule({ of: 1 }, { in: '1d' })
  expect(writes).toEqual(['reminder', 'due'])
  await bench.pass(DAY)
  await clock.moveTo(clock.now() + 20 * MINUTE)
  expect(await bench.sweep()).toBe(0)
  const own = writes.filter((kind) => kind !== 'sweep')
  expect(own, 'scheduled, entered, begun, handled').toEqual(['reminder', 'due', 'reminder', 'reminder'])
  await bench.calls.schedule({ of: 2 }, { at: new Date(clock.now() - DAY) })
  bench.scheduler.due(clock.now())
  await clock.moveTo(clock.now() + 10 * MINUTE)
  expect(await bench.sweep()).toBe(1)
})

describe('as a reactor', () => {
  test('it finds what a scheduler has lost, by its own ticks', async () => {
    const sent: number[] = []
    const ship = harness(({ reminders, events }) => [
      reactor('r')
        .on(
          'start',
          Row.created('row.created'),
          reminders.schedule(nag, { in: '1h', payload: () => ({ of: 7 }) }),
        )
        .on('send', nag, ({ payload }) => void sent.push(payload.of), { effect: 'claim' }),
      reminders.sweeper({ events, each: '5m' }),
    ])
    await ship.put(Row, { id: 'a', started: false })
    await ship.advance('2h')
    expect(sent).toEqual([7])
    expect(ship.deadLetters).toEqual([])
  })

  test('it needs a store that can list, and says so', () => {
    const { list: _, ...state } = memoryState()
    const { reminders, events } = remindersBench({ state, scheduler: memoryScheduler() })
    expect(() => reminders.sweeper({ events })).toThrow(/the state store cannot list: expected one that can/)
    expect(() => remindersBench().reminders.sweeper({ events, each: 'often' as never })).toThrow(
      /'each' is 'often'/,
    )
  })
})
