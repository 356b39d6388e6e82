import { describe, expect, test } from 'vitest'
import { Permanent, Unavailable } from '../../src/index.ts'
import { memoryReferences, memoryScheduler, memoryState, virtualClock } from '../../src/memory/index.ts'
import type { ReminderScheduler } from '../../src/ports/index.ts'
import { DAY, eventAt, FIRST, MINUTE, remindersBench } from './bench.ts'
import { nag } from './world.ts'

const due = (ms: number) => ({ in: ms })

test('a cancel that arrives before its schedule: nothing is scheduled', async () => {
  const { clock, as, scheduler, pass, sent } = remindersBench()
  const now = clock.now()
  expect((await as(now + 2).cancel('a')).result).toBe('nothing')
  expect((await as(now + 1).schedule({ of: 1 }, due(DAY))).result).toBe('outdated')
  expect(scheduler.waiting).toEqual([])
  expect((await as(now + 3).schedule({ of: 3 }, due(DAY))).result).toBe('scheduled')
  await pass(2 * DAY)
  expect(sent).toEqual([`a/${now + 4}`])
})

test('a cancel while it is sent says that it came too late, and stops what has yet to be sent', async () => {
  const bench = remindersBench()
  await bench.calls.schedule({ of: 1 }, due(DAY))
  const [waiting] = bench.scheduler.waiting
  await bench.clock.moveTo(bench.clock.now() + DAY)
  // The handler has it: its route has not ended, and will try again.
  expect((await bench.taken(waiting?.envelope)).found.kind).toBe('event')
  expect((await bench.calls.inspect('a'))?.status).toBe('firing')
  expect((await bench.calls.cancel('a')).result).toBe('too-late')
  expect((await bench.calls.cancel('a')).result, 'a repeat says the same').toBe('too-late')
  expect((await bench.taken(waiting?.envelope)).found).toEqual({ kind: 'skip', reason: 'cancelled' })
})

test('a cancel between the pick-up and the look at the row is obeyed', async () => {
  const bench = remindersBench()
  await bench.calls.schedule({ of: 1 }, due(DAY))
  const { read } = bench.entities
  let outcome: string | undefined
  bench.entities.read = async (...row) => {
    outcome = (await bench.calls.cancel('a')).result
    return read(...row)
  }
  expect(await bench.pass(DAY)).toEqual(['cancelled'])
  expect([outcome, bench.sent]).toEqual(['cancelled', []])
})

test('a duplicate of a schedule is the same execution, and nothing after it was sent', async () => {
  const { clock, as, scheduler, pass, sent } = remindersBench()
  const now = clock.now()
  await as(now).schedule({ of: 1 }, due(DAY))
  const [first] = scheduler.waiting
  expect((await as(now).schedule({ of: 1 }, due(DAY))).result).toBe('unchanged')
  expect(scheduler.waiting).toEqual([first])
  await pass(DAY)
  expect((await as(now).schedule({ of: 1 }, due(DAY))).result).toBe('outdated')
  expect([scheduler.waiting, sent]).toEqual([[], [`a/${FIRST}`]])
})

test('a duplicate of an envelope is sent once', async () => {
  const { calls, clock, scheduler, deliver, sent } = remindersBench()
  await calls.schedule({ of: 1 }, due(DAY))
  const [{ envelope } = { envelope: '' }] = scheduler.waiting
  await clock.moveTo(clock.now() + DAY)
  expect([await deliver(envelope), await deliver(envelope)]).toEqual([undefined, 'handled'])
  expect(sent).toEqual([`a/${FIRST}`])
})

describe('a reschedule', () => {
  test('keeps the payload; the old generation is stopped, and dropped if it fires all the same', async () => {
    const { calls, clock, scheduler, deliver, pass, sent } = remindersBench()
    await calls.schedule({ of: 1 }, due(DAY))
    const [old] = scheduler.waiting
    expect(await calls.reschedule('a', due(2 * DAY))).toMatchObject({
      result: 'scheduled',
      generation: FIRST + 1,
    })
    expect(scheduler.waiting.map(({ name }) => name)).toEqual([old?.name.replace(/1$/, '2')])
    await clock.moveTo(clock.now() + DAY)
    expect(await deliver(old?.envelope)).toBe('scheduled again since')
    await pass(DAY)
    expect(sent).toEqual([`a/${FIRST + 1}`])
    expect((await calls.reschedule('a', due(DAY))).result).toBe('too-late')
  })

  test('that arrives before its schedule moves it all the same; a newer schedule decides anew', async () => {
    const { clock, as, scheduler } = remindersBench()
    const now = clock.now()
    const dues = () => scheduler.waiting.map(({ dueAt }) => (dueAt.getTime() - now) / DAY)
    await as(now + 2).reschedule('a', { at: new Date(now + 5 * DAY) })
    expect(dues()).toEqual([])
    await as(now + 1).schedule({ of: 1 }, { at: new Date(now + DAY) })
    expect(dues()).toEqual([5])
    await as(now + 1).schedule({ of: 1 }, { at: new Date(now + DAY) })
    await as(now + 2).reschedule('a', { at: new Date(now + 5 * DAY) })
    expect(dues()).toEqual([5])
    await as(now + 3).schedule({ of: 3 }, { at: new Date(now + 2 * DAY) })
    await as(now + 2).reschedule('a', { at: new Date(now + 5 * DAY) })
    expect(dues()).toEqual([2])
  })

  test('whose process dies once the new generation is stored: the old fire is dropped, the repeat starts the new one', async () => {
    const { clock, as, scheduler, deliver, pass, sent, reminders: _ } = remindersBench()
    const now = clock.now()
    await as(now).schedule({ of: 1 }, { at: new Date(now + 10 * MINUTE) })
    const [old] = scheduler.waiting
    const { start } = scheduler
    scheduler.start = async () => {
      throw new Error('the process is gone')
    }
    await expect(as(now + 1).reschedule('a', { at: new Date(now + 120 * MINUTE) })).rejects.toThrow('gone')
    scheduler.start = start
    await clock.moveTo(now + 10 * MINUTE)
    expect(await deliver(old?.envelope)).toBe('scheduled again since')
    expect((await as(now + 1).reschedule('a', { at: new Date(now + 120 * MINUTE) })).result).toBe('unchanged')
    await pass(110 * MINUTE)
    expect(sent).toEqual([`a/${FIRST + 1}`])
  })

  test('of nothing says so', async () => {
    expect((await remindersBench().calls.reschedule('a', due(DAY))).result).toBe('nothing')
  })
})

describe('a due time that has passed already', () => {
  test('is sent at once, however late, without a bound', async () => {
    const { clock, as, pass, sent, scheduler } = remindersBench()
    expect((await as(clock.now()).schedule({ of: 1 }, { at: new Date(clock.now() - 2 * DAY) })).result).toBe(
      'scheduled',
    )
    expect(scheduler.waiting.length).toBe(1)
    await pass(0)
    expect(sent).toEqual([`a/${FIRST}`])
  })

  for (const [beyond, result] of [
    [-1, 'scheduled'],
    [0, 'scheduled'],
    [1, 'missed'],
  ] as const)
    test(`with a bound is ${result} at ${beyond} ms beyond it, also for a repeat that comes later`, async () => {
      const { clock, as, calls, scheduler } = remindersBench({ maxLateness: '1h' })
      const now = clock.now()
      const when = { at: new Date(now - 60 * MINUTE - beyond) }
      expect((await as(now).schedule({ of: 1 }, when)).result).toBe(result)
      await clock.moveTo(now + 3 * DAY)
      const again = (await as(now).schedule({ of: 1 }, when)).result
      expect(again).toBe(result === 'missed' ? 'outdated' : 'unchanged')
      expect((await calls.inspect('a'))?.status).toBe(result === 'missed' ? 'missed' : 'pending')
      expect(scheduler.waiting.length).toBe(result === 'missed' ? 0 : 1)
    })

  test('and one that fires later than the bound is missed; what somebody began in time is not', async () => {
    const { calls, pass, sent } = remindersBench({ maxLateness: '1h' })
    await calls.schedule({ of: 1 }, due(DAY))
    expect(await pass(DAY + 60 * MINUTE + 1)).toEqual(['missed: it was due too long ago'])
    expect([sent, (await calls.inspect('a'))?.status]).toEqual([[], 'missed'])
    await calls.schedule({ of: 2 }, due(DAY))
    await pass(DAY + 60 * MINUTE)
    expect(sent).toEqual([`a/${FIRST + 1}`])
  })
})

describe('the cache of references', () => {
  test('was flushed: the execution is stopped by its computed name', async () => {
    const { calls, scheduler, references } = remindersBench()
    await calls.schedule({ of: 1 }, due(DAY))
    await references.delete('app/reminder/nag/a')
    expect((await calls.cancel('a')).result).toBe('cancelled')
    expect(scheduler.waiting).toEqual([])
  })

  test('holds the reference of another generation: that one is not stopped', async () => {
    const { calls, scheduler, references } = remindersBench()
    await calls.schedule({ of: 1 }, due(DAY))
    await references.set('app/reminder/nag/a', 'reminder-of-somebody-g1', DAY)
    await calls.cancel('a')
    expect(scheduler.waiting).toEqual([])
  })

  test('has a node that returns with what it held before: the present execution is stopped, and nothing else is asked for or sent', async () => {
    const memory = memoryScheduler()
    const stopped: string[] = []
    const scheduler: ReminderScheduler = {
      ...memory,
      stop: async (reference) => {
        stopped.push(reference)
        return memory.stop(reference)
      },
    }
    const { calls, clock, references, deliver, sent } = remindersBench({ scheduler })
    await calls.schedule({ of: 1 }, due(DAY))
    const [first] = memory.waiting
    const old = await references.get('app/reminder/nag/a')
    await calls.reschedule('a', due(2 * DAY))
    const [second] = memory.waiting
    stopped.splice(0)
    await references.set('app/reminder/nag/a', old ?? '', DAY)
    expect((await calls.cancel('a')).result).toBe('cancelled')
    expect(stopped).toEqual([second?.name])
    await clock.moveTo(clock.now() + 2 * DAY)
    for (const { envelope } of [first, second].flatMap((each) => each ?? [])) await deliver(envelope)
    expect([memory.waiting, sent]).toEqual([[], []])
  })

  test.each([
    ['is out', new Unavailable('redis')],
    ['holds somebody else\u2019s values', new Permanent('another prefix')],
    // As an application's other copy of the package makes it.
    ['is out for another copy', Object.assign(new Error('out'), { code: 'unavailable' })],
  ])('%s: everything goes on', async (_, error) => {
    const out = () => Promise.reject(error)
    const clock = virtualClock()
    const references = { ...memoryReferences({ clock }), get: out, set: out, delete: out }
    const { calls, scheduler, pass, sent } = remindersBench({ references })
    await calls.schedule({ of: 1 }, due(DAY))
    expect(scheduler.waiting.length).toBe(1)
    expect(await calls.inspect('a')).toMatchObject({ status: 'pending', reference: undefined })
    await pass(DAY)
    expect(sent).toEqual([`a/${FIRST}`])
    await calls.schedule({ of: 2 }, due(DAY))
    expect((await calls.cancel('a')).result).toBe('cancelled')
    expect(scheduler.waiting).toEqual([])
  })
})

test('a scheduler that refuses to stop keeps no cancelled reminder alive: its fire is dropped', async () => {
  const memory = memoryScheduler()
  let refuses = true
  const scheduler: ReminderScheduler = {
    ...memory,
    stop: async (reference) => {
      if (refuses) throw new Unavailable('step-functions', 'ThrottlingException')
      return memory.stop(reference)
    },
  }
  const { clock, as, deliver, sent } = remindersBench({ scheduler })
  const now = clock.now()
  await as(now).schedule({ of: 1 }, due(DAY))
  const [waiting] = memory.waiting
  await expect(as(now + 1).cancel('a')).rejects.toThrow('ThrottlingException')
  await clock.moveTo(now + DAY)
  expect(await deliver(waiting?.envelope)).toBe('cancelled')
  expect(sent).toEqual([])
  // The repeat of the cancel stops it, which saves its cost.
  refuses = false
  await as(now + 1).cancel('a')
  expect(memory.waiting).toEqual([])
})

test('the fault of a reference store that no adapter has classified is nobody\u2019s to hide', async () => {
  const clock = virtualClock()
  const broken = () => Promise.reject(new TypeError('no function'))
  const references = { ...memoryReferences({ clock }), set: broken, get: broken }
  const { calls } = remindersBench({ references })
  await expect(calls.schedule({ of: 1 }, due(DAY))).rejects.toThrow('no function')
  await expect(calls.inspect('a')).rejects.toThrow('no function')
})

test('a scheduler that cannot stop is not asked to: what it fires is dropped', async () => {
  const memory = memoryScheduler()
  const stop = () => Promise.reject(new Error('not asked'))
  const scheduler = { ...memory, stop, capabilities: { ...memory.capabilities, nativeCancel: false } }
  const { calls, clock, deliver, sent } = remindersBench({ scheduler })
  await calls.schedule({ of: 1 }, due(DAY))
  expect((await calls.cancel('a')).result).toBe('cancelled')
  await clock.moveTo(clock.now() + DAY)
  expect(await deliver(memory.waiting[0]?.envelope)).toBe('cancelled')
  expect(sent).toEqual([])
})

test('a reminder that fires is read twice and written twice: before its handler, and after all of them', async () => {
  const clock = virtualClock()
  const memory = memoryState({ clock })
  const asked: string[] = []
  const state = {
    ...memory,
    get: (key: string) => {
      asked.push('get')
      return memory.get(key)
    },
    set: (...args: Parameters<typeof memory.set>) => {
      asked.push('set')
      return memory.set(...args)
    },
  }
  const { calls, pass } = remindersBench({ clock, state })
  await calls.schedule({ of: 1 }, due(DAY))
  asked.splice(0)
  await pass(DAY)
  expect(asked).toEqual(['get', 'set', 'get', 'set'])
})

test('two machines with other zone data make one reminder: what was decided first stands', async () => {
  const { clock, as, scheduler, calls } = remindersBench()
  const now = clock.now()
  await as(now).schedule({ of: 1 }, { at: '2026-03-02T03:00:00Z' })
  expect((await as(now).schedule({ of: 1 }, { at: '2026-03-02T04:00:00Z' })).result).toBe('unchanged')
  expect(scheduler.waiting.map(({ dueAt }) => dueAt.toISOString())).toEqual(['2026-03-02T03:00:00.000Z'])
  await calls.reschedule('a', { at: '2026-03-02T04:00:00Z' })
  expect(scheduler.waiting.map(({ dueAt }) => dueAt.toISOString())).toEqual(['2026-03-02T04:00:00.000Z'])
})

test('what was forgotten and is scheduled anew has another name: no closed execution is in its way', async () => {
  const { clock, calls, scheduler, pass } = remindersBench()
  await calls.schedule({ of: 1 }, due(DAY))
  const [first] = scheduler.waiting
  await pass(DAY)
  await clock.moveTo(clock.now() + 9 * DAY)
  expect(await calls.inspect('a')).toBe(undefined)
  await calls.schedule({ of: 1 }, due(DAY))
  expect(scheduler.waiting.map(({ name }) => name)).not.toEqual([first?.name])
})

test('an event that says no time cancels what is pending', async () => {
  const { clock, reminders, scheduler } = remindersBench()
  const ends = new Map<number, Date | undefined>([
    [1, new Date(clock.now() + DAY)],
    [2, undefined],
  ])
  const route = reminders.schedule(nag, {
    at: (e: ReturnType<typeof eventAt>) => ends.get(e.at.getTime() - clock.now()),
    payload: () => ({ of: 1 }),
  })
  const context = { log: { warn: () => {} } } as never // of its context it reads no more
  await route(eventAt(clock.now() + 1), context)
  expect(scheduler.waiting.length).toBe(1)
  await route(eventAt(clock.now() + 2), context)
  expect(scheduler.waiting).toEqual([])
})

test('a move from one scheduler to another, and back, loses none and doubles none', async () => {
  const clock = virtualClock()
  const state = memoryState({ clock })
  const named = (name: string) => {
    const memory = memoryScheduler()
    return Object.defineProperties(memory, { capabilities: { value: { ...memory.capabilities, name } } })
  }
  const [one, two] = [named('one'), named('two')]
  const before = remindersBench({ state, scheduler: one, clock })
  const during = remindersBench({
    state,
    clock,
    scheduler: undefined,
    schedulers: { from: one, to: two },
  } as never)
  const back = remindersBench({
    state,
    clock,
    scheduler: undefined,
    schedulers: { from: two, to: one },
  } as never)
  const where = () => [one.waiting.length, two.waiting.length]
  const now = clock.now()

  await before.as(now).schedule({ of: 1 }, due(DAY))
  expect((await during.as(now).schedule({ of: 1 }, due(DAY))).result, 'a repeat stays where it is').toBe(
    'unchanged',
  )
  expect(where()).toEqual([1, 0])
  await during.as(now + 1).cancel('a')
  expect(where(), 'a cancel reaches what waits in the former one').toEqual([0, 0])
  await before.as(now + 2).schedule({ of: 2 }, due(DAY))
  await during.as(now + 2).reschedule('a', due(2 * DAY))
  expect(where(), 'another generation goes to the new one').toEqual([0, 1])
  await during.as(now + 3).schedule({ of: 3 }, due(DAY))
  expect(where(), 'what is new goes to the new one').toEqual([0, 1])
  await back.as(now + 4).cancel('a')
  await back.as(now + 5).schedule({ of: 5 }, due(DAY))
  expect(where()).toEqual([1, 0])
  await clock.moveTo(now + 2 * DAY)
  for (const { envelope } of [...one.due(clock.now()), ...two.due(clock.now())]) await back.deliver(envelope)
  expect(back.sent.length).toBe(1)
})
