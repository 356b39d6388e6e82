import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { Client, engineOf, idle, record, worker } from '../../test/bench.ts'
import type { Context } from '../declare/index.ts'
import { createRedrive } from '../engine.ts'
import { type EventMeta, entity, event, marshal, reactor, reminder } from '../index.ts'
import {
  memoryEntities,
  memoryEvents,
  memoryReferences,
  memoryScheduler,
  memoryState,
  virtualClock,
} from '../memory/index.ts'
import type { StateStore } from '../ports/index.ts'
import { reminderKey } from '../state/index.ts'
import { harness } from '../testing/index.ts'
import { encodeEnvelope } from '../wire/index.ts'
import { createReminders } from './index.ts'
import { load } from './state.ts'

const DAY = 86_400_000
const joined = Client.created('client.joined')
const left = Client.removed('client.left')
const tutorial = reminder('tutorial', {
  payload: z.object({ id: z.string() }),
  key: (p) => p.id,
}).unless(
  Client,
  (p) => p.id,
  (c) => c.n === 99,
)

function change(sequence: number, kind: 'INSERT' | 'REMOVE', at: number) {
  const image = marshal({ id: 'a', n: 1 })
  return record(sequence, {
    eventName: kind,
    tableName: 'clients',
    dynamodb: {
      ApproximateCreationDateTime: at * 1_000,
      ApproximateCreationDateTimePrecision: 'MICROSECOND',
      Keys: marshal({ id: 'a' }),
      ...(kind === 'INSERT' ? { NewImage: image } : { OldImage: image }),
    },
  })
}

async function bench(options: { readonly fail?: () => boolean } = {}) {
  const clock = virtualClock()
  const state = memoryState({ clock })
  const scheduler = memoryScheduler()
  const entities = memoryEntities()
  entities.put('clients', { id: 'a' }, { id: 'a', n: 1 })
  const reminders = createReminders({
    application: 'app',
    state,
    scheduler,
    references: memoryReferences({ clock }),
    clock,
  })
  const fired: string[] = []
  const app = reactor('r', { retry: { base: '1s' } })
    .on('start', joined, reminders.schedule(tutorial, { in: '3d', payload: (e) => ({ id: e.after.id }) }))
    .on(
      'stop',
      left,
      reminders.cancel(tutorial, (e) => e.before.id),
    )
    .on('slack', tutorial, (e) => void fired.push(`slack ${e.payload.id}`))
    .on('mail', tutorial, (e) => {
      if (options.fail?.()) throw new Error('down')
      fired.push(`mail ${e.key} ${e.dueAt.toISOString()}`)
    })
  const made = engineOf(app, { clock, state, entities })
  const delivery = await made.engine.open(worker)
  let sequence = 0
  const arrive = async (kind: 'INSERT' | 'REMOVE', at = clock.now()) => {
    await delivery.push([change(++sequence, kind, at)])
    await idle()
  }
  // That of the first schedule is the moment of its event, and one more.
  const first = clock.now() + 1
  const envelope = async (more: object = {}) => {
    const named = {
      kind: 'reminder',
      application: 'app',
      reminder: 'tutorial',
      key: 'a',
      generation: first,
    } as const
    await delivery.push([record(++sequence, encodeEnvelope({ ...named, ...more }))])
    await idle()
  }
  const status = async () => await load(state, reminderKey('app', 'tutorial', 'a'))
  return { ...made, scheduler, entities, delivery, fired, arrive, envelope, first, status }
}

const both = ['slack a', 'mail a 2026-01-04T00:00:00.000Z']

test('a due reminder goes to every route of it, and is handled once all have handled it', async () => {
  let down = true
  const { arrive, envelope, fired, pass, status } = await bench({ fail: () => down })
  await arrive('INSERT')
  await pass(3 * DAY)
  await envelope()
  expect([fired, (await status())?.status]).toEqual([['slack a'], 'pending'])
  down = false
  await pass(2_000)
  expect([fired, (await status())?.status]).toEqual([both, 'handled'])
  await envelope()
  expect(fired).toEqual(both)
})

test('an envelope that comes a little early, by a clock that is fast, waits until the reminder is due', async () => {
  const { arrive, envelope, fired, pass } = await bench()
  await arrive('INSERT')
  await pass(3 * DAY - 60_000)
  await envelope()
  await pass(59_999)
  expect(fired).toEqual([])
  await pass(1)
  expect(fired.sort()).toEqual([...both].sort())
})

const reasons: Readonly<Record<string, (made: Awaited<ReturnType<typeof bench>>) => unknown>> = {
  'that was cancelled': ({ arrive, clock }) => arrive('REMOVE', clock.now() + 1),
  'whose row is gone': ({ entities }) => entities.remove('clients', { id: 'a' }),
  'that is no longer wanted': ({ entities }) => entities.put('clients', { id: 'a' }, { id: 'a', n: 99 }),
  'that was scheduled again since': ({ arrive, clock }) => arrive('INSERT', clock.now() + 5),
}
for (const [what, happens] of Object.entries(reasons)) {
  test(`a reminder ${what} is skipped`, async () => {
    const made = await bench()
    await made.arrive('INSERT')
    await happens(made)
    await made.pass(3 * DAY + 1_000)
    await made.envelope()
    await made.delivery.quiet()
    expect([made.fired, made.deadLetters.letters]).toEqual([[], []])
    expect(made.logged.filter(({ message }) => message === 'skipped').length).toBeGreaterThan(0)
  })
}

test('an envelope that comes far too early is nobody of ours: it fires nothing, and holds up nothing until then', async () => {
  const { arrive, envelope, fired, pass, delivery, logged } = await bench()
  await arrive('INSERT')
  await envelope()
  await delivery.quiet()
  expect([fired, delivery.watermark?.sequence]).toEqual([[], '2'])
  expect(logged).toContainEqual(expect.objectContaining({ level: 'warn' }))
  await pass(3 * DAY)
  await envelope()
  expect(fired.sort()).toEqual([...both].sort())
})

test('an envelope that names nothing of ours fires nothing: unknown keys, forged generations, other applications', async () => {
  const { arrive, envelope, fired, deadLetters, pass, delivery } = await bench()
  await arrive('INSERT')
  await pass(3 * DAY)
  await envelope({ key: 'b' })
  await envelope({ generation: 7 })
  await envelope({ application: 'another' })
  expect([fired, deadLetters.letters, delivery.watermark?.sequence]).toEqual([[], [], '4'])
})

test('a reminder that no route of ours takes is a dead letter, never silently done', async () => {
  const { envelope, deadLetters } = await bench()
  await envelope({ reminder: 'forgotten' })
  expect(deadLetters.letters).toMatchObject([
    { reason: 'no-route', route: undefined, detail: expect.stringContaining("'forgotten'") },
  ])
})

test('a payload or row that no longer fits its schema is a dead letter that says where', async () => {
  const { arrive, envelope, deadLetters, entities, pass } = await bench()
  await arrive('INSERT')
  entities.put('clients', { id: 'a' }, { id: 'a', n: 'many' })
  await pass(3 * DAY)
  await envelope()
  expect(deadLetters.letters.map(({ route, detail }) => [route, detail])).toEqual(
    ['slack', 'mail'].map((route) => [route, expect.stringMatching(/the row of client .*at n:/)]),
  )
})

test('a reminder that became a dead letter can be redriven, for its route only, as long as its state is there', async () => {
  let down = true
  const { arrive, envelope, first, fired, pass, deadLetters, clock, delivery, status } = await bench({
    fail: () => down,
  })
  const events = memoryEvents()
  const redrive = createRedrive({ application: 'app', deadLetters, events, clock })
  const again = async (sequence: number) => {
    await redrive.letters()
    await delivery.push([{ ...record(sequence, ''), ...events.records.at(-1) }])
    await pass(60_000)
  }
  await arrive('INSERT')
  await pass(3 * DAY)
  await envelope()
  await pass(60_000)
  expect([fired, (await status())?.status, deadLetters.letters.length]).toEqual([['slack a'], 'handled', 1])
  await again(100)
  expect([fired, deadLetters.letters.length]).toEqual([['slack a'], 1])
  down = false
  await again(101)
  expect([fired, deadLetters.letters]).toEqual([both, []])

  down = true
  await arrive('INSERT', clock.now() + 1)
  await pass(3 * DAY)
  await envelope({ generation: first + 1 })
  await pass(60_000)
  await pass(30 * DAY)
  await again(102)
  expect([fired.length, deadLetters.letters.length], 'kept: nobody knows its payload').toEqual([3, 1])
})

test('a schedule that a replay brings after the retention is skipped; any other one fires, however late', async () => {
  const { arrive, scheduler, clock } = await bench()
  await arrive('INSERT', clock.now() - 11 * DAY - 1)
  expect(scheduler.waiting).toEqual([])
  await arrive('INSERT', clock.now() - 11 * DAY)
  expect(scheduler.waiting.length).toBe(1)
})

test('a scheduler that fails is asked again by the retry, under the same name', async () => {
  const clock = virtualClock()
  const state = memoryState({ clock })
  const scheduler = memoryScheduler()
  let down = true
  const names = new Set<string>()
  const reminders = createReminders({
    application: 'app',
    state,
    clock,
    scheduler: {
      ...scheduler,
      start: async (execution) => {
        names.add(execution.name)
        if (down) throw new Error('down')
        return scheduler.start(execution)
      },
    },
  })
  const app = reactor('r', { retry: { base: '1s' } })
    .on('start', joined, reminders.schedule(tutorial, { in: '3d', payload: (e) => ({ id: e.after.id }) }))
    .on('remind', tutorial, () => {})
  const { engine, pass } = engineOf(app, { clock, state, entities: memoryEntities() })
  const delivery = await engine.open(worker)
  await delivery.push([change(1, 'INSERT', clock.now())])
  await pass(500)
  down = false
  await pass(5_000)
  expect([names.size, scheduler.waiting.length, delivery.watermark?.sequence]).toEqual([1, 1, '1'])
})

test('property: schedules and cancels in any order, repeated and at the same time, end as the newest one says', async () => {
  const versions = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 })
  const history = versions.chain((list) =>
    fc
      .tuple(...list.map((version) => fc.record({ version: fc.constant(version), cancels: fc.boolean() })))
      .chain((events) =>
        fc.record({
          events: fc.constant(events),
          arrivals: fc.array(fc.nat(events.length - 1), { maxLength: 8 }).chain((repeats) =>
            fc.shuffledSubarray([...events.keys(), ...repeats], {
              minLength: events.length + repeats.length,
            }),
          ),
          delays: fc.array(fc.nat(3), { minLength: 20, maxLength: 20 }),
          together: fc.boolean(),
        }),
      ),
  )
  await fc.assert(
    fc.asyncProperty(history, async ({ events, arrivals, delays, together }) => {
      const clock = virtualClock()
      const memory = memoryState({ clock })
      const later = async () => {
        for (let turns = delays.shift() ?? 0; turns > 0; turns -= 1) await Promise.resolve()
      }
      const state: StateStore = {
        ...memory,
        get: async (key) => {
          await later()
          return memory.get(key)
        },
        set: async (key, value, options) => {
          await later()
          return memory.set(key, value, options)
        },
      }
      const scheduler = memoryScheduler()
      const reminders = createReminders({ application: 'app', state, scheduler, clock })
      const schedule = reminders.schedule(tutorial, { in: '3d', payload: (_: EventMeta) => ({ id: 'a' }) })
      const cancel = reminders.cancel(tutorial, () => 'a')
      // Neither handler looks at its context.
      const context = {} as Context
      const arrive = async (index: number) => {
        const { version = 0, cancels = false } = events[index] ?? {}
        const at = new Date(clock.now() + version)
        const event: EventMeta = {
          name: 'e',
          id: String(version),
          at,
          version: { min: version, max: version },
          key: 'a',
          source: { stream: 's', shard: 's', position: '1' },
          by: 'user',
        }
        await (cancels ? cancel : schedule)(event, context)
      }
      if (together) await Promise.all(arrivals.map(arrive))
      else for (const index of arrivals) await arrive(index)

      const newest = events.reduce((a, b) => (b.version > a.version ? b : a))
      const found = await load(memory, reminderKey('app', 'tutorial', 'a'))
      expect(found).toMatchObject({
        status: newest.cancels ? 'cancelled' : 'pending',
        version: { min: newest.version, max: newest.version },
      })
      const generations = scheduler.waiting.map(({ envelope }) => JSON.parse(envelope).generation)
      if (!newest.cancels) {
        expect(found?.dueAt).toBe(clock.now() + newest.version + 3 * DAY)
        expect(generations).toContain(found?.generation)
      }
    }),
    { numRuns: 300 },
  )
})

/** Schedules from changes of a row that counts its versions, cancels from what billing publishes by a clock of its own. */
async function sources() {
  const Counted = entity('counted', {
    table: 'clients',
    key: 'id',
    schema: z.object({ id: z.string(), n: z.number() }),
    version: 'n',
  })
  const paid = event('paid', { schema: z.object({ id: z.string() }), key: (p) => p.id })
  const plain = reminder('plain', { payload: z.object({ id: z.string() }), key: (p) => p.id })
  const clock = virtualClock()
  const scheduler = memoryScheduler()
  const state = memoryState({ clock })
  const reminders = createReminders({ application: 'app', state, scheduler, clock })
  const app = reactor('r')
    .on(
      'start',
      Counted.saved('counted.saved'),
      reminders.schedule(plain, { in: '3d', payload: (e) => ({ id: e.after.id }) }),
    )
    .on(
      'stop',
      paid,
      reminders.cancel(plain, (e) => e.payload.id),
    )
    .on('remind', plain, () => {})
  const delivery = await engineOf(app, { clock, state }).engine.open(worker)
  let sequence = 0
  const push = async (content: object) => {
    await delivery.push([record(++sequence, content)])
    await delivery.quiet()
    return scheduler.waiting.length
  }
  const start = clock.now()
  return {
    saved: (n: number, at: number) =>
      push({
        eventName: 'MODIFY',
        tableName: 'clients',
        dynamodb: {
          ApproximateCreationDateTime: (start + at) * 1_000,
          ApproximateCreationDateTimePrecision: 'MICROSECOND',
          Keys: marshal({ id: 'a' }),
          NewImage: marshal({ id: 'a', n }),
        },
      }),
    paid: (at: number) =>
      push({
        specversion: '1.0',
        id: String(at),
        source: 'billing',
        type: 'paid',
        time: new Date(start + at).toISOString(),
        data: { id: 'a' },
      }),
  }
}

test('A31: within the clock skew a cancel of another source wins; beyond it the later one does', async () => {
  const one = await sources()
  expect(await one.saved(1, 10_000)).toBe(1)
  expect(await one.paid(8_500), 'a slow clock: it was really later').toBe(0)
  expect(await one.saved(2, 10_400), 'within the skew of the cancel').toBe(0)
  expect(await one.saved(3, 20_000)).toBe(1)
  expect(await one.paid(15_000), 'surely older').toBe(1)
})

test('A31: a counter and a clock are not compared: only their events’ times are', async () => {
  const one = await sources()
  expect(await one.paid(0)).toBe(0)
  expect(await one.saved(1, 60_000), 'version 1 is no time of 1970').toBe(1)
  expect(await one.saved(2, 60_001)).toBe(1)
  expect(await one.paid(120_000)).toBe(0)
})

test('a key that a store has no room for is scheduled, cancelled and fired like any other', async () => {
  const nag = reminder('nag', { payload: z.object({ id: z.string() }), key: (p) => p.id })
  const fired: string[] = []
  const ship = harness(({ reminders }) =>
    reactor('r')
      .on('start', joined, reminders.schedule(nag, { in: '1d', payload: (e) => ({ id: e.after.id }) }))
      .on(
        'stop',
        left,
        reminders.cancel(nag, (e) => e.before.id),
      )
      .on('nag', nag, (e) => void fired.push(e.key)),
  )
  const [fires, cancelled] = ['ä'.repeat(1_000), 'ö'.repeat(1_000)]
  for (const id of [fires, cancelled]) await ship.put(Client, { id, n: 1 })
  expect(ship.reminders.pending(nag).map(({ key }) => key)).toEqual([fires, cancelled])
  await ship.remove(Client, cancelled)
  await ship.advance('2d')
  expect([fired, ship.deadLetters]).toEqual([[fires], []])
})
