import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { reactor, reminder } from '../../src/index.ts'
import { memoryScheduler, memoryState, virtualClock } from '../../src/memory/index.ts'
import type { StateStore } from '../../src/ports/index.ts'
import { harness } from '../../src/testing/index.ts'
import { DAY, FIRST, MINUTE, remindersBench } from './bench.ts'
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
  expect(sent).toEqual([`a/${FIRST}`])
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
  expect(sent).toEqual([`a/${FIRST}`])
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
  expect(writes).toEqual(['due', 'reminder'])
  await bench.pass(DAY)
  await clock.moveTo(clock.now() + 20 * MINUTE)
  expect(await bench.sweep()).toBe(0)
  const own = writes.filter((kind) => kind !== 'sweep')
  expect(own, 'entered, scheduled, begun, handled').toEqual(['due', 'reminder', 'reminder', 'reminder'])
  await bench.calls.schedule({ of: 2 }, { at: new Date(clock.now() - DAY) })
  bench.scheduler.due(clock.now())
  await clock.moveTo(clock.now() + 10 * MINUTE)
  expect(await bench.sweep()).toBe(1)
})

test('whatever step of a command its process dies in, the reminder is sent: by what stood before, or as the command says', async () => {
  const dead = new Error('the process is gone')
  for (const command of ['schedule', 'reschedule', 'fire'] as const)
    for (const step of ['calendar', 'state', 'scheduler'] as const) {
      const clock = virtualClock()
      const memory = memoryState({ clock })
      const scheduler = memoryScheduler()
      let dies = ''
      const state: StateStore = {
        ...memory,
        set: async (key, ...rest) => {
          if (dies === (key.includes('/due/') ? 'calendar' : 'state')) throw dead
          return memory.set(key, ...rest)
        },
      }
      const { start } = scheduler
      scheduler.start = async (execution) => {
        if (dies === 'scheduler') throw dead
        return start(execution)
      }
      const bench = sweeping({ clock, state, scheduler })
      const { calls, reminders, sweep, arrive, sent } = bench
      if (command !== 'schedule') await calls.schedule({ of: 1 }, { in: '1h' })
      dies = step
      const run = {
        schedule: () => calls.schedule({ of: 1 }, { in: '1h' }),
        reschedule: () => calls.reschedule('a', { in: '2h' }),
        fire: () => reminders.desk.fire('nag', 'a'),
      }[command]
      await expect(run()).rejects.toBe(dead)
      dies = ''
      for (let minutes = 0; minutes < 5 * 60; minutes += 5) {
        await clock.moveTo(clock.now() + 5 * MINUTE)
        for (const { envelope } of scheduler.due(clock.now())) await bench.deliver(envelope)
        await sweep()
      }
      await arrive()
      // Nothing stood before a first schedule whose state was never written: its caller has the error.
      const isNothing = command === 'schedule' && step !== 'scheduler'
      expect([command, step, sent.length]).toEqual([command, step, isNothing ? 0 : 1])
    }
})

test('an entry of a schedule that lost a race for its generation sends nothing before its time', async () => {
  const { as, clock, state, sweep, events, reminders } = sweeping()
  const now = clock.now()
  const { set } = state
  let raced = false
  state.set = async (key, ...rest) => {
    if (!raced && !key.includes('/due/')) {
      raced = true
      await as(now + 2).reschedule('a', { in: '3h' })
    }
    return set(key, ...rest)
  }
  await as(now).schedule({ of: 1 }, { in: '10m' })
  await clock.moveTo(now + 60 * MINUTE)
  expect([await sweep(), events.records]).toEqual([0, []])
  const dues: (Date | undefined)[] = []
  for await (const { dueAt } of reminders.desk.list({ from: new Date(now), to: new Date(now + DAY) }))
    dues.push(dueAt)
  expect(dues.map((dueAt) => Number(dueAt) - now)).toEqual([180 * MINUTE + 2])
  await clock.moveTo(now + 200 * MINUTE)
  expect(await sweep()).toBe(1)
})

test('a sweep of a clock that was ahead keeps none of the later ones from finding what is lost', async () => {
  const { calls, clock, scheduler, reminders, events, sweep, arrive, sent } = sweeping()
  const [route] = reminders.sweeper({ events, each: '5m' }).routes
  const context = { signal: new AbortController().signal, log: { warn: () => {} } }
  await calls.schedule({ of: 1 }, { in: '30d' })
  await route?.handler({ to: new Date(clock.now() + 31 * DAY) } as never, context as never) // as in `sweeping`
  await calls.schedule({ of: 2 }, { in: '1h' })
  for (const { name } of scheduler.waiting) await scheduler.stop(name)
  await clock.moveTo(clock.now() + 2 * 60 * MINUTE)
  const before = events.records.length
  await sweep()
  expect(events.records.length - before).toBe(1)
  await arrive()
  expect(sent.length).toBe(1)
})

test('an operator sees what the sweeper has sent, at the time at which it was due', async () => {
  const { calls, clock, scheduler, reminders, sweep } = sweeping()
  const from = new Date(clock.now())
  await calls.schedule({ of: 1 }, { in: '1h' })
  for (const { name } of scheduler.waiting) await scheduler.stop(name)
  for (let hours = 0; hours < 8; hours += 1) {
    await clock.moveTo(clock.now() + 60 * MINUTE)
    await sweep()
  }
  const listed: unknown[] = []
  for await (const one of reminders.desk.list({ from, to: new Date(clock.now()) })) listed.push(one)
  expect(listed).toMatchObject([
    { key: 'a', status: 'pending', dueAt: new Date(from.getTime() + 60 * MINUTE) },
  ])
})

test('a store that cannot list has no list for an operator, and says so', async () => {
  const { list: _, ...state } = memoryState()
  const { reminders } = remindersBench({ state })
  const range = { from: new Date(0), to: new Date(1) }
  await expect(reminders.desk.list(range)[Symbol.asyncIterator]().next()).rejects.toThrow(
    /cannot list: expected one that can/,
  )
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
