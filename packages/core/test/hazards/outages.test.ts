/** Scenarios A34 to A41: outages, reminders, and records that someone forged. */

import { expect, test } from 'vitest'
import * as z from 'zod'
import { reactor, reminder, Unavailable } from '../../src/index.ts'
import {
  memoryDeadLetters,
  memoryEntities,
  memoryReferences,
  memoryScheduler,
  memoryState,
  virtualClock,
} from '../../src/memory/index.ts'
import { createReminders } from '../../src/reminders/index.ts'
import { encodeEnvelope } from '../../src/wire/index.ts'
import { Client, engineOf, idle, inserted, pass, record, saved, worker } from '../bench.ts'

test('A34: an outage of 40 minutes dead-letters nothing, counts nothing and pauses all routes that need what is down', async () => {
  let down = true
  const calls: string[] = []
  const clock = virtualClock()
  const until = clock.now() + 40 * 60_000
  const index = (route: string) => (e: { after: { n: number } }) => {
    calls.push(`${route} ${e.after.n}`)
    if (down) throw new Unavailable('opensearch')
  }
  const { engine, deadLetters, logged } = engineOf(
    reactor('r', { retry: { attempts: 3, base: '1s', max: '1m' } })
      .on('index', saved, index('index'))
      .on('copy', saved, index('copy'))
      .on('post', saved, (e) => void calls.push(`post ${e.after.n}`)),
    { clock },
  )
  const delivery = await engine.open(worker)
  await delivery.push(Array.from({ length: 50 }, (_, i) => inserted(i + 1, `client-${i}`)))
  await idle()
  expect(calls.filter((call) => call.startsWith('post'))).toHaveLength(50)
  await pass(clock, 5_000)
  const early = calls.length
  while (clock.now() < until) await pass(clock, 60_000)
  expect(calls.length - early, 'one probe at a time, not 100 lanes').toBeLessThan(60)
  expect(deadLetters.letters).toEqual([])
  expect(logged.filter(({ level }) => level === 'error')).toMatchObject([
    {
      message: expect.stringContaining('is still down'),
      // Who is woken by this line sees with what it fails.
      fields: { dependency: 'opensearch', error: { message: 'opensearch is unavailable' } },
    },
  ])
  down = false
  await pass(clock, 130_000)
  expect(delivery.watermark?.sequence).toBe('50')
})

test('A34: routes that declare the dependency wait from the first outage on, without an attempt of their own', async () => {
  let down = true
  const calls: string[] = []
  const clock = virtualClock()
  const needs = [{ verb: 'indexes', target: 'x', dependency: 'search' }]
  const indexing = (route: string) =>
    Object.assign(
      () => {
        calls.push(route)
        if (down) throw new Unavailable('search')
      },
      { needs },
    )
  const { engine } = engineOf(
    reactor('r').on('first', saved, indexing('first')).on('second', saved, indexing('second')),
    { clock },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await idle()
  expect(calls).toEqual(['first'])
  down = false
  await pass(clock, 5_000)
  expect([calls.slice(1).sort(), delivery.watermark?.sequence]).toEqual([['first', 'second'], '1'])
})

const tutorial = reminder('tutorial', {
  payload: z.object({ clientId: z.string() }),
  key: (p) => p.clientId,
}).unless(
  Client,
  (p) => p.clientId,
  (c) => c.n > 10,
)

function reminding() {
  const clock = virtualClock()
  const state = memoryState({ clock })
  const scheduler = memoryScheduler()
  const entities = memoryEntities()
  const reminders = createReminders({
    application: 'app',
    state,
    references: memoryReferences({ clock }),
    scheduler,
    clock,
  })
  const seen: string[] = []
  const app = reactor('r')
    .on('plan', saved, reminders.schedule(tutorial, { in: '1h', payload: (e) => ({ clientId: e.after.id }) }))
    .on('remind', tutorial, (e) => void seen.push(e.payload.clientId), { effect: 'claim' })
  const bench = engineOf(app, { clock, state, entities })
  /** What is due, as records from this sequence on. */
  const due = (sequence: number) =>
    scheduler.due(clock.now()).map(({ envelope }, i) => record(sequence + i, envelope))
  return { ...bench, entities, seen, due, scheduler }
}

test('A34: an attempt that came no further than to one outage says nothing of the other', async () => {
  const outages = ['index', 'slack', undefined]
  const { engine, pass, logged } = engineOf(
    reactor('r').on('post', saved, () => {
      const down = outages.shift()
      if (down !== undefined) throw new Unavailable(down)
    }),
  )
  const back = () =>
    logged.filter(({ message }) => message === 'a dependency is back').map(({ fields }) => fields)
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(1_001)
  expect([outages.length, back()]).toEqual([1, []])
  await pass(60_000)
  expect(delivery.watermark?.sequence).toBe('1')
  expect(back()).toEqual([
    { dependency: 'index', durationMs: 2002 },
    { dependency: 'slack', durationMs: 1001 },
  ])
})

test('A34: a probe whose handler never settles holds up nobody beyond its timeout', async () => {
  let calls = 0
  const { engine, pass, logged } = engineOf(
    reactor('r', { retry: { base: '1s', max: '10s' } }).on(
      'post',
      saved,
      () => {
        calls += 1
        if (calls <= 2) throw new Unavailable('slack')
        if (calls === 3) return new Promise<void>(() => {})
      },
      { timeout: '30s' },
    ),
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a'), inserted(2, 'b')])
  await pass(30_000)
  expect(calls, 'the other lane waits for the probe').toBe(3)
  await pass(60_000)
  expect(calls).toBe(4)
  expect(logged).toContainEqual(expect.objectContaining({ message: 'a dependency is back' }))
  delivery.revoke(new Error('over'))
})

test('A34: a route that makes up a name for each outage forgets those that are up again', async () => {
  const done: string[] = []
  let down = true
  const customers = reactor('customers').on('post', saved, async (e) => {
    if (down) throw new Unavailable(`customer ${e.after.n}`)
    done.push(e.after.id)
  })
  const other = reactor('other').on('post', saved, (e) => {
    if (e.after.id === 'late') throw new Unavailable('customer 1')
  })
  const { engine, pass } = engineOf([customers, other], { concurrency: 200 })
  const delivery = await engine.open(worker)
  await delivery.push(Array.from({ length: 200 }, (_, i) => inserted(i + 1, `c-${i}`)))
  await pass(60_000)
  down = false
  await pass(300_000)
  expect(done).toHaveLength(200)
  await delivery.push([inserted(201, 'late')])
  await delivery.quiet()
  await delivery.push([inserted(202, 'new')])
  await delivery.quiet()
  expect(done.at(-1)).toBe('new')
  delivery.revoke(new Error('over'))
})

test('A35: what is addressed to the application and reaches no route is kept', async () => {
  const { engine, deadLetters } = engineOf(reactor('r').on('see', saved, () => {}))
  const delivery = await engine.open(worker)
  const about = { application: 'app', generation: 1 }
  await delivery.push([
    record(1, encodeEnvelope({ kind: 'reminder', reminder: 'gone', key: 'a', ...about })),
    record(2, encodeEnvelope({ kind: 'redrive', route: 'r/gone', lane: 'x', letter: 'y', ...about })),
    record(3, encodeEnvelope({ kind: 'drain', route: 'r/gone', lane: 'x', ...about })),
    record(
      4,
      encodeEnvelope({ kind: 'reminder', reminder: 'gone', key: 'a', ...about, application: 'other' }),
    ),
  ])
  await delivery.quiet()
  expect(deadLetters.letters.map(({ reason, sequence }) => [reason, sequence])).toEqual([
    ['no-route', '1'],
    ['no-route', '2'],
    ['no-route', '3'],
  ])
})

test('A36: a replay of what scheduled a reminder does not fire it again', async () => {
  const { engine, clock, entities, seen, due, scheduler } = reminding()
  entities.put('clients', { id: 'a' }, { id: 'a', n: 1 })
  const delivery = await engine.open(worker)
  const joined = inserted(1, 'a')
  await delivery.push([joined])
  await delivery.quiet()
  clock.moveTo(scheduler.waiting[0]?.dueAt.getTime() ?? 0)
  await pass(clock, 1)
  const fired = due(2)
  await delivery.push(fired)
  await delivery.quiet()
  expect(seen).toEqual(['a'])
  await pass(clock, 3 * 24 * 60 * 60_000)
  const replay = await engine.open(worker)
  await replay.push([joined, ...fired])
  await replay.quiet()
  expect([seen, scheduler.waiting]).toEqual([['a'], []])
})

test('A38: the last look is taken when the reminder is handled; a row that is gone is reason enough', async () => {
  const { engine, clock, entities, seen, due, scheduler } = reminding()
  const delivery = await engine.open(worker)
  for (const id of ['a', 'b', 'c']) entities.put('clients', { id }, { id, n: 1 })
  await delivery.push([inserted(1, 'a'), inserted(2, 'b'), inserted(3, 'c')])
  await delivery.quiet()
  clock.moveTo(Math.max(...scheduler.waiting.map(({ dueAt }) => dueAt.getTime())))
  await pass(clock, 1)
  entities.put('clients', { id: 'a' }, { id: 'a', n: 11 })
  entities.remove('clients', { id: 'b' })
  await delivery.push(due(4))
  await delivery.quiet()
  expect([seen, delivery.watermark?.sequence]).toEqual([['c'], '6'])
})

test('A41: an envelope only names state: what does not exist, or is not its own, does nothing and is said', async () => {
  const deadLetters = memoryDeadLetters()
  const seen: string[] = []
  const { engine, logged } = engineOf(
    reactor('r', { retry: { attempts: 1 } })
      .on('post', saved, () => {
        throw new Error('no')
      })
      .on('pay', saved, (e) => void seen.push(e.after.id))
      .on('remind', tutorial, () => void seen.push('reminded')),
    { deadLetters, entities: memoryEntities() },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await delivery.quiet()
  const about = { application: 'app', generation: 1 }
  const [letter] = deadLetters.letters
  await delivery.push([
    record(2, encodeEnvelope({ kind: 'reminder', reminder: 'tutorial', key: 'a', ...about })),
    // A letter of `post`, asked for by `pay`.
    record(
      3,
      encodeEnvelope({ kind: 'redrive', route: 'r/pay', lane: 'x', letter: letter?.id ?? '', ...about }),
    ),
    record(4, encodeEnvelope({ kind: 'redrive', route: 'r/pay', lane: 'x', letter: 'none', ...about })),
    record(5, encodeEnvelope({ kind: 'drain', route: 'r/pay', lane: 'x', ...about })),
  ])
  await delivery.quiet()
  expect(seen).toEqual(['a'])
  expect(deadLetters.letters).toEqual([letter])
  expect(logged.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual(
    expect.arrayContaining([
      expect.stringContaining('does not exist'),
      expect.stringContaining('not its own'),
    ]),
  )
  expect(delivery.watermark?.sequence).toBe('5')
})
