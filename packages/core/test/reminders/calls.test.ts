import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { entity, reactor, reminder, Unavailable } from '../../src/index.ts'
import { memoryScheduler, memoryState } from '../../src/memory/index.ts'
import type { CampaignProgress } from '../../src/reminders/index.ts'
import { createReminders } from '../../src/reminders/index.ts'
import { harness } from '../../src/testing/index.ts'
import { DAY, eventAt, FIRST, remindersBench } from './bench.ts'
import { nag } from './world.ts'

const letter = reminder('letter', {
  payload: z.object({ id: z.string(), about: z.unknown() }),
  key: (p) => p.id,
})

test('a call says what has come of it, and inspect what is known', async () => {
  const { calls, clock, pass } = remindersBench()
  const dueAt = new Date(clock.now() + DAY)
  expect(await calls.inspect('a')).toBe(undefined)
  expect(await calls.schedule({ of: 1 }, { at: dueAt })).toEqual({
    result: 'scheduled',
    key: 'a',
    generation: FIRST,
    dueAt,
  })
  expect(await calls.schedule({ of: 1 }, { at: dueAt })).toEqual({
    result: 'unchanged',
    key: 'a',
    generation: FIRST,
    dueAt,
  })
  expect(await calls.inspect('a')).toEqual({
    reminder: 'nag',
    key: 'a',
    status: 'pending',
    generation: FIRST,
    dueAt,
    payload: { of: 1 },
    decidedAt: new Date(clock.now()),
    scheduler: 'memory',
    execution: expect.stringMatching(new RegExp(`^reminder-[0-9a-f]{32}-g${FIRST}$`)),
    reference: expect.stringMatching(new RegExp(`-g${FIRST}$`)),
    waits: 'waiting',
  })
  expect((await calls.reschedule('a', { in: '2d' })).result).toBe('scheduled')
  expect((await calls.cancel('a')).result).toBe('cancelled')
  expect(await calls.inspect('a')).toMatchObject({ status: 'cancelled', waits: 'gone', reference: undefined })
  expect((await calls.cancel('b')).result).toBe('nothing')
  await calls.schedule({ of: 2 }, { in: '1d' })
  await pass(DAY)
  expect((await calls.cancel('a')).result).toBe('too-late')
})

test('a command is later than all that stands, whatever the clocks say; an older event changes nothing after it', async () => {
  const { calls, as, clock, scheduler } = remindersBench()
  const ahead = clock.now() + 60_000
  await as(ahead).schedule({ of: 1 }, { in: '1d' })
  expect((await calls.cancel('a')).result).toBe('cancelled')
  expect((await as(ahead).schedule({ of: 1 }, { in: '1d' })).result).toBe('outdated')
  expect((await calls.schedule({ of: 2 }, { in: '1d' })).result).toBe('scheduled')
  expect((await as(ahead).schedule({ of: 1 }, { in: '2d' })).result).toBe('outdated')
  expect(scheduler.waiting.length).toBe(1)
})

test('time counts from the event of a handler, and a repeat of it changes nothing', async () => {
  const { reminders, clock, scheduler } = remindersBench()
  const event = eventAt(clock.now())
  await reminders.of(nag, event).schedule({ of: 1 }, { in: '1d' })
  await clock.moveTo(clock.now() + 60_000)
  expect((await reminders.of(nag, event).schedule({ of: 1 }, { in: '1d' })).result).toBe('unchanged')
  expect(scheduler.waiting.map(({ dueAt }) => dueAt.getTime())).toEqual([event.at.getTime() + DAY])
})

const cannot: readonly (readonly [string, unknown, string])[] = [
  ['a Date', { at: new Date(0) }, 'about.*'],
  ['a Set', new Set([1]), 'about'],
  ['a bigint', [1n], 'about[0]'],
  ['bytes', { raw: new Uint8Array(2) }, 'about.*'],
  ['a number that JSON has none for', { n: Number.NaN }, 'about.*'],
  ['undefined in a list', [undefined], 'about[0]'],
]

describe('a payload is what JSON carries', () => {
  test.each(cannot)('%s is refused as it is scheduled, with its path', async (_, about, path) => {
    const { reminders, scheduler } = remindersBench()
    const scheduled = reminders.of(letter).schedule({ id: 'a', about }, { in: '1d' })
    await expect(scheduled).rejects.toMatchObject({
      code: 'permanent',
      message: expect.stringContaining(path),
    })
    expect(scheduler.waiting).toEqual([])
  })

  test.each(cannot)('%s is refused in the harness alike', async (_, about, path) => {
    const Row = entity('row', { table: 'rows', key: 'id', schema: z.object({ id: z.string() }) })
    const ship = harness(({ reminders }) =>
      reactor('r')
        .on(
          'write',
          Row.created('row.created'),
          reminders.schedule(letter, { in: '1d', payload: () => ({ id: 'a', about }) }),
        )
        .on('send', letter, () => {}),
    )
    await ship.put(Row, { id: 'a' })
    expect(ship.deadLetters).toMatchObject([{ detail: expect.stringContaining(path) }])
  })
})

test('an envelope has at most 1,024 bytes, whatever the key and the payload are, and the handler gets the key', async () => {
  const { reminders, scheduler } = remindersBench()
  for (const id of ['k'.repeat(2_000), 'ü'.repeat(449), '\u0001'.repeat(200), '"'.repeat(300), 'a'])
    await reminders.of(letter).schedule({ id, about: 'x'.repeat(100_000) }, { in: '1d' })
  expect(scheduler.waiting.length).toBe(5)
  for (const { envelope, name } of scheduler.waiting) {
    expect(Buffer.byteLength(envelope)).toBeLessThanOrEqual(1_024)
    expect(envelope).not.toContain('xxx')
    expect(name.length).toBeLessThanOrEqual(64)
  }
})

describe('what a scheduler cannot do is refused', () => {
  const limited = () => {
    const memory = memoryScheduler()
    return Object.defineProperties(memory, {
      capabilities: { value: { name: 'short', precision: 60_000, horizon: 365 * DAY, nativeCancel: true } },
    })
  }

  test('when it is declared: a wait beyond its horizon, an exactness beyond its precision', () => {
    const { reminders } = remindersBench({ scheduler: limited() })
    const payload = () => ({ of: 1 })
    expect(() => reminders.schedule(nag, { in: '366d', payload })).toThrow(
      /'in' is '366d', and short waits 365 days at most/,
    )
    expect(() => reminders.schedule(nag, { in: '3d', precision: '5s', payload })).toThrow(
      /'precision' is '5s', and short fires within 60000 ms/,
    )
    reminders.schedule(nag, { in: '365d', precision: '1m', payload })
  })

  test('when an event asks for it', async () => {
    const { calls } = remindersBench({ scheduler: limited() })
    await expect(calls.schedule({ of: 1 }, { in: '366d' })).rejects.toMatchObject({
      code: 'permanent',
      message: expect.stringContaining(
        "the reminder 'nag' is due on 2027-01-02, and short waits 365 days at most",
      ),
    })
    await calls.schedule({ of: 1 }, { in: '1d' })
    await expect(calls.reschedule('a', { in: '366d' })).rejects.toMatchObject({ code: 'permanent' })
  })

  test('when a reactor moves it, or a move that came first decides', async () => {
    const { as, clock, reminders, calls } = remindersBench({ scheduler: limited() })
    const now = clock.now()
    const distant = { at: () => new Date(now + 400 * DAY), key: () => 'a' }
    const moving = reminders.reschedule(nag, distant)
    await calls.schedule({ of: 1 }, { in: '1d' })
    // Of a context the handler reads its log alone.
    const moved = Promise.resolve(moving(eventAt(now + 1), { log: undefined } as never))
    await expect(moved).rejects.toMatchObject({ code: 'permanent' })
    expect((await calls.inspect('a'))?.dueAt?.getTime()).toBe(now + DAY)
    await calls.cancel('a')
    const far = as(now + 90_000).reschedule('a', { at: new Date(now + 400 * DAY) })
    await expect(far, 'nothing is kept for a schedule to come').rejects.toMatchObject({ code: 'permanent' })
    expect((await as(now + 80_000).schedule({ of: 1 }, { in: '1d' })).result).toBe('scheduled')
  })

  test('two schedulers of one kind are no move, and one or the other is needed', () => {
    const state = memoryState()
    const scheduler = memoryScheduler()
    const make = (options: object) => () =>
      createReminders({ application: 'app', state, ...options } as never)
    expect(make({ schedulers: { from: scheduler, to: memoryScheduler() } })).toThrow(
      /both 'memory': expected two kinds/,
    )
    expect(make({ scheduler, schedulers: { from: scheduler, to: limited() } })).toThrow(
      /expected one of them/,
    )
    expect(make({})).toThrow(/'scheduler' is missing/)
  })
})

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('many at once', () => {
  const many = reminder('many', { payload: z.object({ id: z.string() }), key: (p) => p.id })
  const items = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ payload: { id: String(n) }, in: '1d' as const }))

  test('are scheduled at a rate, with progress, and run again they change nothing', async () => {
    const { reminders, clock, scheduler } = remindersBench()
    const start = clock.now()
    const told: CampaignProgress[] = []
    const run = reminders
      .of(many)
      .scheduleMany(items(250), { rate: '100/s', onProgress: (one) => void told.push(one) })
    await turn()
    await clock.moveTo(start + 2_000, turn)
    expect(scheduler.waiting.length).toBeGreaterThan(190)
    expect(scheduler.waiting.length).toBeLessThanOrEqual(202)
    await clock.moveTo(start + 3_000, turn)
    const counts = { done: 250, scheduled: 250, unchanged: 0, missed: 0, refused: 0 }
    expect(await run).toEqual({ ...counts, complete: true, refusals: [] })
    expect(told.at(-1)).toEqual(counts)
    const due = items(250).map(({ payload }) => ({ payload, at: new Date(start + DAY) }))
    const again = reminders.of(many).scheduleMany(due, { rate: '1000000/s' })
    expect(await again).toMatchObject({ done: 250, complete: true })
    expect(await reminders.of(many).scheduleMany(due, { rate: '1000000/s' })).toMatchObject({
      unchanged: 250,
    })
    expect(scheduler.waiting.length).toBe(250)
  })

  test('those that can never be scheduled are told, and hold up no other', async () => {
    const { reminders, scheduler } = remindersBench()
    const given = [{ payload: { id: 1 }, in: '1d' }, ...items(2), { payload: { id: 'x' }, at: 'tomorrow' }]
    const result = await reminders.of(many).scheduleMany(given as never, { rate: '1000000/s' })
    expect(result).toMatchObject({ done: 4, scheduled: 2, refused: 2, complete: true })
    expect(result.refusals.map(({ index }) => index).sort()).toEqual([0, 3])
    expect(scheduler.waiting.length).toBe(2)
  })

  test('what is no item at all is refused as one without a payload, and ends nothing', async () => {
    const { reminders } = remindersBench()
    const given = [undefined, ...items(1), null, 5]
    const result = await reminders.of(many).scheduleMany(given as never, { rate: '1000000/s' })
    expect(result).toMatchObject({ done: 4, scheduled: 1, refused: 3, complete: true })
  })

  test('an outage is waited for; a signal ends the campaign, and says what was done', async () => {
    const memory = memoryScheduler()
    let down = true
    const scheduler = {
      ...memory,
      start: async (...args: Parameters<typeof memory.start>) => {
        if (down) throw new Unavailable('step-functions')
        return memory.start(...args)
      },
    }
    const { reminders, clock } = remindersBench({ scheduler })
    const run = reminders.of(many).scheduleMany(items(3), { rate: '1000000/s' })
    await clock.moveTo(clock.now() + 1_000, turn)
    down = false
    await clock.moveTo(clock.now() + 60_000, turn)
    expect(await run).toMatchObject({ scheduled: 3, complete: true })

    const stop = new AbortController()
    async function* endless() {
      for (let n = 0; ; n += 1) {
        if (n === 5) stop.abort()
        yield { payload: { id: `e${n}` }, in: '1d' as const }
      }
    }
    const cut = reminders.of(many).scheduleMany(endless(), { rate: '1000000/s', signal: stop.signal })
    expect(await cut).toMatchObject({ done: 5, complete: false })
  })

  test('what breaks its source, or the set-up, ends it with that error', async () => {
    const { reminders } = remindersBench()
    async function* broken() {
      yield { payload: { id: 'a' }, in: '1d' as const }
      throw new Error('the query failed')
    }
    await expect(reminders.of(many).scheduleMany(broken(), { rate: '1000000/s' })).rejects.toThrow(
      'the query failed',
    )
    const setup = { reason: 'denied', resource: 'machine', advice: 'grant states:StartExecution' } as const
    const scheduler = {
      ...memoryScheduler(),
      start: () => Promise.reject(new Unavailable('step-functions', 'denied', { setup })),
    }
    await expect(
      remindersBench({ scheduler }).reminders.of(many).scheduleMany(items(2), { rate: '1000000/s' }),
    ).rejects.toThrow('denied')
    await expect(reminders.of(many).scheduleMany(5 as never)).rejects.toThrow(/'items' is a number/)
  })
})
