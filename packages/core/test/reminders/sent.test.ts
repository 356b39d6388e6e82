/** What becomes of a reminder once a handler has had it: nothing is sent twice for one time, and what is to come is not lost for it. */

import { describe, expect, test } from 'vitest'
import { DAY, FIRST, MINUTE, remindersBench } from './bench.ts'

describe('a time for which it was sent', () => {
  const at = new Date(Date.UTC(2026, 0, 3))

  test('is not sent again for an event of a row that still holds the time, whatever else it says; another time is', async () => {
    const { clock, as, pass, sent, scheduler } = remindersBench()
    expect((await as(clock.now()).schedule({ of: 1 }, { at })).result).toBe('scheduled')
    await pass(3 * DAY)
    for (const of of [1, 2]) {
      expect((await as(clock.now()).schedule({ of }, { at })).result).toBe('too-late')
      await pass(DAY)
    }
    expect([sent, scheduler.waiting]).toEqual([[`a/${FIRST}`], []])
    const newer = clock.now()
    expect((await as(newer).schedule({ of: 3 }, { at: new Date(newer + DAY) })).result).toBe('scheduled')
    await pass(DAY)
    expect(sent).toEqual([`a/${FIRST}`, `a/${FIRST + 1}`])
  })

  test('an event that was passed over for it is newer than what comes late', async () => {
    const { clock, as, pass, sent } = remindersBench()
    const now = clock.now()
    await as(now).schedule({ of: 1 }, { at })
    await pass(3 * DAY)
    await as(now + 5).schedule({ of: 1 }, { at })
    expect((await as(now + 4).schedule({ of: 1 }, { in: '9d' })).result).toBe('outdated')
    expect((await as(now + 4).cancel('a')).result).toBe('outdated')
    await pass(9 * DAY)
    expect(sent.length).toBe(1)
  })

  test('is not sent again for a campaign that is run again; a command with another payload means it', async () => {
    const { clock, calls, pass, sent } = remindersBench()
    const run = (of: number) => calls.scheduleMany([{ payload: { of }, at }], { rate: '1000/s' })
    const campaign = async (of: number) => {
      const running = run(of)
      await pass(10)
      return running
    }
    expect(await campaign(1)).toMatchObject({ scheduled: 1, unchanged: 0 })
    await pass(3 * DAY)
    expect(await campaign(1)).toMatchObject({ scheduled: 0, unchanged: 1 })
    await pass(DAY)
    expect(sent.length).toBe(1)
    expect(await campaign(2)).toMatchObject({ scheduled: 1, unchanged: 0 })
    await pass(DAY)
    expect(sent.length).toBe(2)
    const long = [{ payload: { of: 3 }, at: new Date(clock.now() - 20 * DAY) }]
    const dropped = calls.scheduleMany(long, { rate: '1000/s' })
    await pass(10)
    expect(await dropped).toMatchObject({ done: 1, scheduled: 0, unchanged: 1 })
  })

  test('is asked for again if it was skipped as it came due', async () => {
    const { entities, as, clock, pass, sent } = remindersBench()
    entities.put('rows', { id: 'a' }, { id: 'a', started: true })
    await as(clock.now()).schedule({ of: 1 }, { at })
    expect(await pass(3 * DAY)).toEqual(['no longer wanted'])
    entities.put('rows', { id: 'a' }, { id: 'a', started: false })
    expect((await as(clock.now()).schedule({ of: 1 }, { at })).result).toBe('scheduled')
    await pass(DAY)
    expect(sent.length).toBe(1)
  })

  test('is not asked for again while one of its routes has yet to end', async () => {
    const { as, clock, sent, scheduler, state, taken } = remindersBench()
    await as(clock.now()).schedule({ of: 1 }, { at })
    const [waiting] = scheduler.waiting
    await clock.moveTo(at.getTime())
    scheduler.due(clock.now())
    expect((await taken(waiting?.envelope)).found.kind).toBe('event')
    const { set } = state
    const entered: string[] = []
    state.set = async (key, ...rest) => {
      if (key.includes('/due/')) entered.push(key)
      return set(key, ...rest)
    }
    for (const of of [2, 3])
      expect((await as(clock.now() + of).schedule({ of }, { at })).result).toBe('too-late')
    expect((await as(clock.now() + 4).reschedule('a', { at })).result).toBe('too-late')
    expect(entered, 'nothing else is to be looked at').toEqual([])
    expect([scheduler.waiting, sent]).toEqual([[], []])
    // What is tried again is what was said last.
    expect((await taken(waiting?.envelope)).found).toMatchObject({
      kind: 'event',
      event: { payload: { of: 3 } },
    })
  })

  test('a command that changes nothing leaves later events their say', async () => {
    const { as, calls, clock, pass, sent } = remindersBench()
    await as(clock.now()).schedule({ of: 1 }, { at })
    await pass(3 * DAY)
    const event = clock.now() - 60_000
    expect((await calls.schedule({ of: 1 }, { at })).result).toBe('too-late')
    expect((await as(event).schedule({ of: 2 }, { in: '1d' })).result).toBe('scheduled')
    await pass(2 * DAY)
    expect(sent.length).toBe(2)
  })

  test('is asked for again if nothing was sent for it: its handler began, and it was cancelled before a retry', async () => {
    const { as, clock, pass, sent, scheduler, taken } = remindersBench()
    const now = clock.now()
    await as(now).schedule({ of: 1 }, { at })
    const [waiting] = scheduler.waiting
    await clock.moveTo(now + 3 * DAY)
    await taken(waiting?.envelope)
    expect((await as(clock.now()).cancel('a')).result).toBe('too-late')
    expect((await as(clock.now() + 1).schedule({ of: 1 }, { at })).result).toBe('scheduled')
    await pass(DAY)
    expect(sent).toEqual([`a/${FIRST + 1}`])
  })
})

test('an event that moves a reminder while it is being sent moves what is to come, as a schedule would', async () => {
  const { as, calls, clock, pass, sent, scheduler, taken } = remindersBench()
  const now = clock.now()
  await as(now).schedule({ of: 1 }, { in: '1h' })
  const [waiting] = scheduler.waiting
  await clock.moveTo(now + 60 * MINUTE)
  // Its handler waits for what is down.
  expect((await taken(waiting?.envelope)).found.kind).toBe('event')
  expect((await calls.reschedule('a', { in: '1d' })).result).toBe('too-late')
  const moved = { at: new Date(now + 5 * DAY) }
  expect((await as(now + 30 * MINUTE).reschedule('a', moved)).result).toBe('scheduled')
  expect((await as(now + 30 * MINUTE).reschedule('a', moved)).result).toBe('unchanged')
  expect((await taken(waiting?.envelope)).found).toEqual({ kind: 'skip', reason: 'scheduled again since' })
  await pass(5 * DAY)
  expect(sent).toEqual([`a/${FIRST + 1}`])
})

test('what was forgotten and is scheduled anew is no generation of before: claims and letters of that do not meet it', async () => {
  const { calls, clock, pass, sent, state } = remindersBench({ retention: '2d' })
  await calls.schedule({ of: 1 }, { in: '1h' })
  await pass(DAY)
  await clock.moveTo(clock.now() + 20 * DAY)
  expect(await state.get('app/reminder/nag/a')).toBeUndefined()
  await calls.schedule({ of: 1 }, { in: '1h' })
  await pass(DAY)
  expect(new Set(sent).size).toBe(2)
})

test('what has ended is remembered for as long as the reminders say, also once it has fired', async () => {
  const { as, calls, clock, pass, sent } = remindersBench({ retention: '30d' })
  const event = clock.now()
  await as(event).schedule({ of: 1 }, { in: '1h' })
  await pass(DAY)
  // The engine remembers for eight days.
  await clock.moveTo(clock.now() + 20 * DAY)
  expect((await calls.inspect('a'))?.status).toBe('handled')
  expect((await as(event).schedule({ of: 1 }, { in: '1h' })).result).toBe('outdated')
  await pass(DAY)
  expect(sent.length).toBe(1)
})
