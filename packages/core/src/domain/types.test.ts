import { expect, expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import {
  type EventOf,
  entity,
  event,
  type Handler,
  handler,
  type Reminders,
  reactor,
  reminder,
} from '../index.ts'
import type { harness } from '../testing/index.ts'

const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({
    id: z.string(),
    plan: z.enum(['trial', 'paid', 'churned']),
    seats: z.number(),
    startedAt: z.string().optional(),
  }),
})
const joined = Client.created('client.joined')
const left = Client.removed('client.left')
const notify = <E>(options: { text: (event: E) => string }): Handler<E> =>
  handler<E>({}, (e) => options.text(e))

test('a pattern narrows both images', () => {
  const upgraded = Client.changed('client.upgraded', { plan: { from: 'trial', to: 'paid' } })
  const learning = Client.changed('client.learning', { startedAt: { from: undefined } })
  const grew = Client.changed('client.grew', { seats: (before, after) => after > before })
  reactor('r')
    .on('upgraded', upgraded, (e) => {
      expectTypeOf(e.before.plan).toEqualTypeOf<'trial'>()
      expectTypeOf(e.after.plan).toEqualTypeOf<'paid'>()
      expectTypeOf(e.after.seats).toEqualTypeOf<number>()
    })
    .on('learning', learning, (e) => {
      expectTypeOf(e.after.startedAt).toEqualTypeOf<string>()
      expectTypeOf(e.before.startedAt).toEqualTypeOf<undefined>()
    })
    .on('grew', grew, (e) => expectTypeOf(e.after.plan).toEqualTypeOf<'trial' | 'paid' | 'churned'>())
    .on('either', [learning, left], (e) => {
      expectTypeOf(e.before.id).toEqualTypeOf<string>()
      expectTypeOf(e.name).toEqualTypeOf<'client.learning' | 'client.left'>()
    })
})

test('mistakes do not compile', () => {
  // @ts-expect-error a value that the field does not have
  Client.changed('x', { plan: { to: 'gold' } })
  // @ts-expect-error an unknown field
  Client.changed('x', { plan: { to: 'paid' }, nonsense: {} })
  // @ts-expect-error a required field never comes from nothing
  Client.changed('x', { seats: { from: undefined } })
  // @ts-expect-error a created item has no `before`
  reactor('r').on('x', joined, (e) => e.before)
  // @ts-expect-error a typo inside a handler factory
  reactor('r').on('y', joined, notify({ text: (e) => e.after.nmae }))
  // @ts-expect-error a bad duration
  expect(() => reactor('r', { retry: { base: 'soon' } })).toThrow(/not a duration/)
})

test('reminders: payload, excess fields and `unless` are checked', () => {
  const tutorial = reminder('tutorial', {
    payload: z.object({ clientId: z.string() }),
    key: (p) => p.clientId,
  }).unless(
    Client,
    (p) => p.clientId,
    (c) => c.startedAt !== undefined,
  )
  const schedule = (reminders: Reminders) => {
    reactor('r').on(
      'a',
      joined,
      reminders.schedule(tutorial, { in: '3d', payload: (e) => ({ clientId: e.after.id }) }),
    )
    type E = EventOf<typeof joined>
    // @ts-expect-error a wrong payload
    reminders.schedule(tutorial, { in: '3d', payload: (e: E) => ({ clientId: e.after.seats }) })
    // @ts-expect-error a field too many would land in the store
    reminders.schedule(tutorial, { in: '3d', payload: (e: E) => ({ clientId: e.after.id, ssn: 'x' }) })
    // @ts-expect-error a bad duration
    reminders.schedule(tutorial, { in: 'soon', payload: (e: E) => ({ clientId: e.after.id }) })
  }
  expectTypeOf(schedule).toBeFunction()
})

test('the harness takes what the table holds, published events what their schema takes', () => {
  const paid = event('paid', { schema: z.object({ amount: z.number() }), key: () => 'k' })
  const use = async (ship: ReturnType<typeof harness>) => {
    // @ts-expect-error an unknown field
    await ship.put(Client, { id: 'a', plan: 'trial', seats: 1, extra: true })
    // @ts-expect-error a wrong enum value
    await ship.put(Client, { id: 'a', plan: 'gold', seats: 1 })
    // @ts-expect-error a wrong payload
    await ship.publish(paid, { amount: '1' })
  }
  expectTypeOf(use).toBeFunction()
})
