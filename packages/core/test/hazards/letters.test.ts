/** One letter for each route and event, however often the event arrives: a producer repeats it, at another position. */

import { expect, test } from 'vitest'
import * as z from 'zod'
import type { StreamRecord } from '../../src/engine.ts'
import {
  type Effect,
  event,
  Permanent,
  type Reactor,
  reactor,
  reminder,
  Unavailable,
} from '../../src/index.ts'
import { memoryState, virtualClock } from '../../src/memory/index.ts'
import { engineOf, inserted, lambda, record, saved, settled, worker } from '../bench.ts'

const paid = event('paid', { schema: z.object({ amount: z.number() }), key: (e) => String(e.amount) })

/** A row that the schema refuses: `n` is to be a number. `time` tells its change from that of another write. */
const refusedRow = (sequence: number, time = 1): StreamRecord => ({
  ...inserted(time, 'a', { n: 'no' }),
  sequence: String(sequence),
})

const cloudEvent = (sequence: number, id: string, data: unknown) =>
  record(sequence, { specversion: '1.0', type: 'paid', source: '/billing', id, data })

const dueReminder = (sequence: number, generation: number) =>
  record(sequence, {
    spaceship: 1,
    kind: 'reminder',
    application: 'app',
    reminder: 'nobody-handles-it',
    key: 'a',
    generation,
  })

/** The reasons of the letters that these records leave, on a worker. */
async function letters(app: Reactor, records: readonly StreamRecord[]): Promise<readonly string[]> {
  const { engine, deadLetters } = engineOf(app)
  const delivery = await engine.open(worker)
  await delivery.push(records)
  await delivery.quiet()
  expect(delivery.complete).toBe(true)
  return deadLetters.letters.map(({ reason, sequence }) => `${reason} ${sequence}`)
}

for (const effect of ['idempotent', 'journal', 'claim'] satisfies Effect[]) {
  test(`${effect}: a refused row that arrives three times leaves one letter for each route`, async () => {
    const app = reactor('r')
      .on('one', saved, () => {}, { effect })
      .on('two', saved, () => {}, { effect })
    expect(await letters(app, [refusedRow(1), refusedRow(2), refusedRow(3)])).toEqual([
      'schema 1',
      'schema 1',
    ])
  })

  test(`${effect}: an event that is given up on twice leaves one letter`, async () => {
    const app = reactor('r').on(
      'see',
      saved,
      () => {
        throw new Permanent('never')
      },
      { effect },
    )
    const once = inserted(1, 'a')
    expect(await letters(app, [once, { ...once, sequence: '2' }])).toEqual(['permanent 1'])
  })

  test(`${effect}: a published event that is refused twice leaves one letter, another event one of its own`, async () => {
    const app = reactor('r').on('see', paid, () => {}, { effect })
    const arrived = [cloudEvent(1, 'e1', {}), cloudEvent(2, 'e1', {}), cloudEvent(3, 'e2', {})]
    expect(await letters(app, arrived)).toEqual(['schema 1', 'schema 3'])
  })
}

test('a producer that gives one source and id to several events costs none of them its letter', async () => {
  const sent = event('sent', { schema: z.object({ to: z.string() }), key: (e) => e.to })
  const fails = () => Promise.reject(new Permanent('never'))
  const app = reactor('r').on('see', [paid, sent], fails)
  const named = (sequence: number, type: string, source: string, id: string, data: object) =>
    record(sequence, { specversion: '1.0', type, source, id, data })
  const arrived = [
    named(1, 'paid', 'a#b', 'c', { amount: 1 }),
    named(2, 'paid', 'a', 'b#c', { amount: 1 }),
    named(3, 'paid', 'x', '1', { amount: 1 }),
    named(4, 'sent', 'x', '1', { to: 'me' }),
    named(5, 'paid', 'x', '1', { amount: 2 }),
    named(6, 'paid', 'x', '1', {}),
    named(7, 'paid', 'x', '1', { amount: 2 }),
  ]
  const kept = await letters(app, arrived)
  expect(kept.map((letter) => letter.split(' ')[1]).sort()).toEqual(['1', '2', '3', '4', '5', '6'])
})

test('no key stands in the id of a letter, or in what is told of an item', async () => {
  const app = reactor('r').on('see', saved, () => {})
  const { engine, deadLetters, logged } = engineOf(app)
  const delivery = await engine.open(worker)
  await delivery.push([dueReminder(1, 1), cloudEvent(2, 'e1', {}), refusedRow(3)])
  await delivery.quiet()
  expect(deadLetters.letters.length).toBeGreaterThan(1)
  for (const { id } of deadLetters.letters) expect(id).toMatch(/^app\/(-|r)\/(-|see)\/event\/[\w-]{43}$/)
  expect(JSON.stringify(logged)).not.toContain('nobody-handles-it/a')
})

test('the state of a reminder that is something else leaves a letter, and holds up nobody', async () => {
  const due = reminder('due', { payload: z.object({ id: z.string() }), key: (p) => p.id })
  const seen: string[] = []
  const app = reactor('r', { retry: { attempts: 1 } })
    .on('see', saved, (e) => void seen.push(e.after.id), { effect: 'claim' })
    .on('due', due, () => {})
  const clock = virtualClock()
  const state = memoryState({ clock })
  await state.set('app/reminder/due/hush', { foo: 1 }, { expect: undefined })
  const { engine, deadLetters, logged, pass } = engineOf(app, { state, clock })
  const delivery = await engine.open(worker)
  const envelope = {
    spaceship: 1,
    kind: 'reminder',
    application: 'app',
    reminder: 'due',
    key: 'hush',
    generation: 1,
  }
  await delivery.push([record(1, envelope), inserted(2, 'a')])
  await pass(60_000)
  expect([delivery.complete, seen]).toEqual([true, ['a']])
  expect(deadLetters.letters).toHaveLength(1)
  expect(JSON.stringify([deadLetters.letters[0]?.detail, logged])).not.toContain('hush')
})

test('two changes that are refused alike keep a letter each', async () => {
  const app = reactor('r').on('see', saved, () => {})
  expect(await letters(app, [refusedRow(1, 1), refusedRow(2, 2)])).toEqual(['schema 1', 'schema 2'])
})

test('a reminder that no route takes and that fires twice leaves one letter; its next generation another', async () => {
  const app = reactor('r').on('see', saved, () => {})
  const arrived = [dueReminder(1, 1), dueReminder(2, 1), dueReminder(3, 2)]
  expect(await letters(app, arrived)).toEqual(['no-route 1', 'no-route 3'])
})

test('what has no identity has a letter for each position: two records of the same bytes may be two facts', async () => {
  const app = reactor('r').on('see', saved, () => {})
  expect(await letters(app, [record(1, 'no json'), record(2, 'no json')])).toEqual([
    'undecodable 1',
    'undecodable 2',
  ])
})

test('in a lane that parks each arrival keeps its place', async () => {
  const app = reactor('r', { whenExhausted: 'park' }).on('see', saved, () => {})
  expect(await letters(app, [refusedRow(1), refusedRow(2)])).toEqual(['schema 1', 'parked 2'])
})

test('on Lambda the letter of a repeat in a later invocation is the first one too', async () => {
  const app = () => reactor('r').on('see', saved, () => {})
  const first = engineOf(app())
  for (const sequence of [1, 2]) {
    const { engine, clock } = engineOf(app(), first)
    const delivery = await engine.open(lambda)
    await delivery.push([refusedRow(sequence)])
    await settled(delivery, clock, 10_000)
  }
  expect(first.deadLetters.letters.map(({ sequence }) => sequence)).toEqual(['1'])
})

test('a record that the state store never takes is given up on, and holds up nobody; an outage of the store is waited for', async () => {
  for (const effect of ['claim', 'stale'] as const) {
    const seen: string[] = []
    const options = effect === 'claim' ? ({ effect } as const) : ({ stale: 'skip' } as const)
    const app = reactor('r').on('see', saved, (e) => void seen.push(e.after.id), options)
    const store = memoryState()
    let refuses: 'permanent' | 'unavailable' = 'permanent'
    const state: typeof store = {
      ...store,
      set: async (key, value, more) => {
        if (seen.length > 0) return store.set(key, value, more)
        if (refuses === 'permanent') throw new Permanent('the key is too long')
        throw new Unavailable('state', 'throttled')
      },
    }
    const { engine, deadLetters, pass } = engineOf(app, { state })
    const delivery = await engine.open(worker)
    await delivery.push([inserted(1, 'a')])
    await delivery.quiet()
    expect(deadLetters.letters).toMatchObject([{ reason: 'permanent', sequence: '1' }])
    refuses = 'unavailable'
    await delivery.push([inserted(2, 'b')])
    await pass(60_000)
    expect([seen, delivery.complete]).toEqual([[], false])
    delivery.revoke(new Error('enough'))
  }
})
