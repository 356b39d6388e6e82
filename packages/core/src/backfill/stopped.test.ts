import { expect, test } from 'vitest'
import * as z from 'zod'
import { entity, handler, reactor, reminder, Unavailable } from '../index.ts'
import {
  memoryDeadLetters,
  memoryEntities,
  memoryScheduler,
  memoryState,
  virtualClock,
} from '../memory/index.ts'
import { silent, type TableScanner } from '../ports/index.ts'
import { createReminders } from '../reminders/index.ts'
import { type BackfillOptions, createBackfill } from './index.ts'

const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({ id: z.string(), n: z.number() }),
})
const saved = Client.saved('client.saved')
const indexing = reactor('indexing').on(
  'index',
  saved,
  handler({ effect: 'idempotent' }, () => {}),
)

const ports = () => ({ state: memoryState(), deadLetters: memoryDeadLetters(), logger: silent })

function fill(count: number) {
  const scanner = memoryEntities()
  for (let n = 0; n < count; n += 1) scanner.put('clients', { id: `c${n}` }, { id: `c${n}`, n })
  return scanner
}

function backfill(options: Partial<BackfillOptions> & Pick<BackfillOptions, 'reactor' | 'scanner'>) {
  return createBackfill({ application: 'app', ...ports(), ...options })
}

test('an outage of the state as a cursor is kept is waited for, and a lost answer is no other process', async () => {
  const others = ports()
  const faults: string[] = []
  const state: typeof others.state = {
    ...others.state,
    set: async (key, value, options) => {
      if (!('pages' in value)) return others.state.set(key, value, options)
      const fault = ['refused', 'lost', 'none'][faults.length % 3] ?? ''
      faults.push(fault)
      if (fault === 'refused') throw new Unavailable('state')
      const answer = await others.state.set(key, value, options)
      if (fault === 'lost') throw new Unavailable('state')
      return answer
    },
  }
  const rows = fill(20)
  const clock = virtualClock(0)
  const scanner: TableScanner = {
    ...rows,
    page: (table, options) => rows.page(table, { ...options, limit: 5 }),
  }
  const run = backfill({ reactor: indexing, scanner, segments: 2, clock, ...others, state }).run()
  let isOver = false
  const over = run.finally(() => {
    isOver = true
  })
  while (!isOver)
    await clock.moveTo(clock.now() + 1_000, () => new Promise((resolve) => setImmediate(resolve)))
  expect(await over).toMatchObject({ rows: 20, complete: true })
  expect(new Set(faults).size).toBe(3)
})

test('a run that is ended while its table is throttled is not complete, and no failure', async () => {
  const scanner: TableScanner = {
    ...fill(4),
    page: async () => {
      ending.abort()
      throw new Unavailable('dynamodb', 'throttled')
    },
  }
  const ending = new AbortController()
  const run = backfill({ reactor: indexing, scanner }).run({ signal: ending.signal })
  expect(await run).toMatchObject({ rows: 0, complete: false })
})

test('a route that schedules reminders is backfilled without the routes of these, which run elsewhere', async () => {
  const visit = reminder('visit', { payload: z.object({ id: z.string() }), key: (p) => p.id })
  const scheduler = memoryScheduler()
  const others = ports()
  const reminders = createReminders({ application: 'app', state: others.state, scheduler })
  const clinic = reactor('clinic')
    .on('remind', saved, reminders.schedule(visit, { in: '1d', payload: (e) => ({ id: e.after.id }) }))
    .on('visit', visit, () => {})
  expect(await backfill({ reactor: clinic, scanner: fill(3), ...others }).run()).toMatchObject({
    rows: 3,
    deadLetters: 0,
  })
  expect(scheduler.waiting.length).toBe(3)
})
