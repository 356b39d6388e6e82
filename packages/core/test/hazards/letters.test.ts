/** One letter for each route and event, however often the event arrives: a producer repeats it, at another position. */

import { expect, test } from 'vitest'
import * as z from 'zod'
import type { StreamRecord } from '../../src/engine.ts'
import { type Effect, event, Permanent, type Reactor, reactor, Unavailable } from '../../src/index.ts'
import { memoryState } from '../../src/memory/index.ts'
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
