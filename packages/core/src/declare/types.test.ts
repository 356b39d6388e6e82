import { expect, expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import {
  batch,
  type Duration,
  type EventOf,
  entity,
  event,
  type Handler,
  handler,
  type Reminders,
  type Removed,
  reactor,
  reminder,
  route,
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
  expect(() => reactor('r', { retry: { base: 'soon' } })).toThrow(/expected a duration/)
})

test('what must answer at once does not compile if it answers with a promise', () => {
  // @ts-expect-error a predicate that answers later
  Client.changed('x', { seats: async (before, after) => after > before })
  // @ts-expect-error a predicate that answers later, beside others
  Client.changed('x', { plan: { to: 'paid' }, seats: () => Promise.resolve(true) })
  const options = { table: 't', key: 'id', schema: z.object({ id: z.string() }) } as const
  // @ts-expect-error an upgrade that answers later
  entity('x', { ...options, upgrade: async (raw) => raw })
  const payload = z.object({ id: z.string() })
  // @ts-expect-error a key function that answers later
  event('x', { schema: payload, key: async (p) => p.id })
  // @ts-expect-error a key that is no text
  event('x', { schema: payload, key: () => 7 })
  // @ts-expect-error a key function that answers later
  reminder('x', { payload, key: async (p) => p.id })
  const nag = reminder('nag', { payload, key: (p) => p.id })
  const [now, later] = [() => true, async () => true]
  const idLater = async (p: { readonly id: string }) => p.id
  // @ts-expect-error a key function that answers later
  nag.unless(Client, idLater, now)
  // @ts-expect-error a predicate that answers later
  nag.unless(Client, (p) => p.id, later)
})

test('an entity whose mark no row has, or whose version is no number, does not compile', () => {
  const options = { table: 't', key: 'id' } as const
  const schema = z.object({
    id: z.string(),
    type: z.literal('a'),
    rev: z.number(),
    old: z.number().optional(),
  })
  // @ts-expect-error a value that the attribute does not have
  entity('x', { ...options, schema, when: { type: 'b' } })
  // @ts-expect-error a version that is text
  entity('x', { ...options, schema, version: 'id' })
  // @ts-expect-error a version that may be missing
  entity('x', { ...options, schema, version: 'old' })
  // An attribute that the schema leaves out may be the mark.
  entity('x', { ...options, schema, version: 'rev', when: { type: 'a', kind: 'b' } })
  entity('x', { ...options, schema: schema.loose(), version: 'rev' })
  // @ts-expect-error an attribute that the schema keeps without knowing it
  entity('x', { ...options, schema: schema.loose(), version: 'other' })
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

test('a list in a pattern narrows its own side to its items, and rules nothing out on the other', () => {
  const ended = Client.changed('client.ended', { plan: { from: ['trial', 'paid'], to: 'churned' } })
  const moved = Client.changed('client.moved', { plan: { to: ['trial', 'paid'] } })
  const away = Client.changed('client.away', { plan: { from: 'trial' } })
  reactor('r')
    .on('ended', ended, (e) => {
      expectTypeOf(e.before.plan).toEqualTypeOf<'trial' | 'paid'>()
      expectTypeOf(e.after.plan).toEqualTypeOf<'churned'>()
    })
    .on('moved', moved, (e) => {
      expectTypeOf(e.before.plan).toEqualTypeOf<'trial' | 'paid' | 'churned'>()
      expectTypeOf(e.after.plan).toEqualTypeOf<'trial' | 'paid'>()
    })
    .on('away', away, (e) => {
      expectTypeOf(e.before.plan).toEqualTypeOf<'trial'>()
      expectTypeOf(e.after.plan).toEqualTypeOf<'paid' | 'churned'>()
    })
})

test('nothing has several forms: null, undefined, a field that may be missing', () => {
  const Trial = entity('trial', {
    table: 'trials',
    key: 'id',
    schema: z.object({
      id: z.string(),
      coupon: z.string().nullable(),
      note: z.string().nullish(),
      until: z.exactOptional(z.number()),
    }),
  })
  reactor('r')
    .on('coupon', Trial.changed('coupon', { coupon: { from: null } }), (e) => {
      expectTypeOf(e.before.coupon).toEqualTypeOf<null>()
      expectTypeOf(e.after.coupon).toEqualTypeOf<string>()
    })
    .on('note', Trial.changed('note', { note: { to: undefined } }), (e) => {
      expectTypeOf(e.before.note).toEqualTypeOf<string>()
      expectTypeOf(e.after.note).toEqualTypeOf<null | undefined>()
    })
    .on('until', Trial.changed('until', { until: { from: undefined } }), (e) => {
      expectTypeOf(e.before.until).toEqualTypeOf<undefined>()
      expectTypeOf(e.after.until).toEqualTypeOf<number>()
      expectTypeOf(e.after.id).toEqualTypeOf<string>()
    })
})

test('a value in a pattern of which only the type is known rules nothing out on the other side', () => {
  const Wide = entity('wide', {
    table: 'wide',
    key: 'id',
    schema: z.object({
      id: z.string(),
      name: z.string().nullish(),
      count: z.number(),
      big: z.bigint(),
      on: z.boolean(),
      due: z.date(),
      size: z.enum(['s', 'm', 'l']),
    }),
  })
  const some = (name: string, count: number, big: bigint, on: boolean, due: Date, size: 's' | 'm') => {
    reactor('r')
      .on('name', Wide.changed('name', { name: { from: name } }), (e) => {
        expectTypeOf(e.after.name).toEqualTypeOf<string | null | undefined>()
      })
      .on('count', Wide.changed('count', { count: { to: count } }), (e) => {
        expectTypeOf(e.before.count).toEqualTypeOf<number>()
      })
      .on('big', Wide.changed('big', { big: { from: big } }), (e) => {
        expectTypeOf(e.after.big).toEqualTypeOf<bigint>()
      })
      .on('on', Wide.changed('on', { on: { from: on } }), (e) => {
        expectTypeOf(e.after.on).toEqualTypeOf<boolean>()
      })
      .on('off', Wide.changed('off', { on: { from: true } }), (e) => {
        expectTypeOf(e.after.on).toEqualTypeOf<false>()
      })
      .on('due', Wide.changed('due', { due: { from: due } }), (e) => {
        expectTypeOf(e.after.due).toEqualTypeOf<Date>()
      })
      .on('size', Wide.changed('size', { size: { from: size } }), (e) => {
        expectTypeOf(e.after.size).toEqualTypeOf<'s' | 'm' | 'l'>()
      })
      .on('small', Wide.changed('small', { size: { from: 's' } }), (e) => {
        expectTypeOf(e.after.size).toEqualTypeOf<'m' | 'l'>()
      })
  }
  expectTypeOf(some).toBeFunction()
})

test('a field that holds a list is compared with lists', () => {
  const Team = entity('team', {
    table: 'teams',
    key: 'id',
    schema: z.object({ id: z.string(), roles: z.array(z.string()) }),
  })
  // @ts-expect-error one list would be a choice of roles, none of which is a list
  Team.changed('x', { roles: { to: ['admin'] } })
  reactor('r').on('one', Team.changed('one', { roles: { from: [[]], to: [['admin'], ['owner']] } }), (e) => {
    expectTypeOf(e.after.roles).toExtend<readonly string[]>()
  })
})

test('events of several definitions are told apart by their name', () => {
  const paid = event('invoice.paid', { schema: z.object({ amount: z.number() }), key: () => 'k' })
  reactor('r').on('any', [joined, left, paid], (e) => {
    if (e.name === 'client.joined') expectTypeOf(e.after.seats).toEqualTypeOf<number>()
    else if (e.name === 'client.left') expectTypeOf(e.before.seats).toEqualTypeOf<number>()
    else expectTypeOf(e.payload.amount).toEqualTypeOf<number>()
    // @ts-expect-error a name that none of them has
    return e.name === 'client.nothing'
  })
})

test('a union of shapes keeps its shapes, in rows and under a pattern', () => {
  const Item = entity('item', {
    table: 'items',
    key: 'id',
    schema: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('a'), id: z.string(), state: z.enum(['on', 'off']), left: z.number() }),
      z.object({ kind: z.literal('b'), id: z.string(), state: z.enum(['on', 'off']), right: z.string() }),
    ]),
  })
  reactor('r')
    .on('made', Item.created('item.made'), (e) => {
      if (e.after.kind === 'a') expectTypeOf(e.after.left).toEqualTypeOf<number>()
      else expectTypeOf(e.after.right).toEqualTypeOf<string>()
    })
    .on('on', Item.changed('item.on', { state: { to: 'on' } }), (e) => {
      expectTypeOf(e.after.state).toEqualTypeOf<'on'>()
      expectTypeOf(e.before.state).toEqualTypeOf<'off'>()
      if (e.after.kind === 'a') expectTypeOf(e.after.left).toEqualTypeOf<number>()
    })
})

test('a pattern over a union of shapes names any field of them, and narrows to the shapes that are left', () => {
  const common = { id: z.string(), total: z.number() }
  const Bill = entity('bill', {
    table: 'bills',
    key: 'id',
    schema: z.discriminatedUnion('state', [
      z.object({ state: z.literal('open'), ...common }),
      z.object({ state: z.literal('paid'), ...common, paidAt: z.string() }),
      z.object({ state: z.literal('cancelled'), ...common, reason: z.string() }),
    ]),
  })
  reactor('r')
    .on('paid', Bill.changed('bill.paid', { state: { from: 'open', to: 'paid' } }), (e) => {
      expectTypeOf(e.before.state).toEqualTypeOf<'open'>()
      expectTypeOf(e.after.paidAt).toEqualTypeOf<string>()
    })
    .on('closed', Bill.changed('bill.closed', { state: { from: 'open' } }), (e) => {
      expectTypeOf(e.after.state).toEqualTypeOf<'paid' | 'cancelled'>()
      if (e.after.state === 'cancelled') expectTypeOf(e.after.reason).toEqualTypeOf<string>()
    })
    .on('dated', Bill.changed('bill.dated', { paidAt: { from: undefined } }), (e) => {
      expectTypeOf(e.after.paidAt).toEqualTypeOf<string>()
      expectTypeOf(e.before.paidAt).toEqualTypeOf<null | undefined>()
    })
    .on('grew', Bill.changed('bill.grew', { total: (before, after) => after > before }), (e) =>
      expectTypeOf(e.after.total).toEqualTypeOf<number>(),
    )
  // @ts-expect-error a value that no shape has
  Bill.changed('x', { state: { to: 'lost' } })
  // @ts-expect-error a field that no shape has
  Bill.changed('x', { state: { to: 'paid' }, nonsense: {} })
})

const Order = entity('order', {
  table: 'orders',
  key: { partition: 'client', sort: 'at' },
  schema: z.object({
    client: z.string(),
    at: z.number(),
    due: z.string().transform((text) => new Date(text)),
    note: z.string().default(''),
  }),
})

test('handlers see what the schema gives, tables hold what it takes', () => {
  reactor('r').on('made', Order.created('order.made'), (e) => {
    expectTypeOf(e.after.due).toEqualTypeOf<Date>()
    expectTypeOf(e.after.note).toEqualTypeOf<string>()
  })
  const use = async (ship: ReturnType<typeof harness>) => {
    await ship.put(Order, { client: 'a', at: 1, due: '2026-01-01' })
    // @ts-expect-error the table holds a string
    await ship.put(Order, { client: 'a', at: 1, due: new Date() })
    await ship.remove(Order, { client: 'a', at: 1 })
    // @ts-expect-error half a key
    await ship.remove(Order, { client: 'a' })
    await ship.remove(Client, 'a')
    // @ts-expect-error a key of another type
    await ship.remove(Client, 7)
  }
  expectTypeOf(use).toBeFunction()
})

test('a key names attributes of the item; `unless` takes the whole key and sees the row', () => {
  // @ts-expect-error no such attribute
  entity('x', { table: 't', key: 'nope', schema: z.object({ id: z.string() }) })
  // @ts-expect-error no such attribute in a composite key
  entity('x', { table: 't', key: { partition: 'id', sort: 'nope' }, schema: z.object({ id: z.string() }) })
  const late = reminder('late', { payload: z.object({ client: z.string() }), key: (p) => p.client })
  late.unless(
    Order,
    (p) => ({ client: p.client, at: 1 }),
    (row) => {
      expectTypeOf(row.due).toEqualTypeOf<Date>()
      return true
    },
  )
  late.unless(
    Order,
    // @ts-expect-error half a key
    (p) => ({ client: p.client }),
    () => true,
  )
  late.unless(
    Client,
    (p) => p.client,
    // @ts-expect-error an unknown field of the row
    (row) => row.nonsense,
  )
})

test('`by` of a removed item is narrowed to what was asked for', () => {
  reactor('r')
    .on('expired', Client.removed('client.expired', { by: 'ttl' }), (e) => {
      expectTypeOf(e.by).toEqualTypeOf<'ttl'>()
      expectTypeOf(e.before.seats).toEqualTypeOf<number>()
    })
    .on('left', left, (e) => expectTypeOf(e.by).toEqualTypeOf<'user' | 'ttl' | 'replication'>())
  const either = (by: 'user' | 'ttl') => Client.removed('client.gone', { by })
  expectTypeOf<EventOf<ReturnType<typeof either>>['by']>().toEqualTypeOf<'user' | 'ttl'>()
  expectTypeOf<EventOf<ReturnType<typeof either>>>().toExtend<Removed<{ readonly id: string }>>()
})

test('a duration is a number and a unit, also with decimals; a text that is made of a number fits', () => {
  const seconds = 2
  expectTypeOf<'1.5h' | '250ms' | '3d' | 250>().toExtend<Duration>()
  expectTypeOf(`${seconds}s` as const).toExtend<Duration>()
  for (const text of ['soon', '3 days', '1h30m', '5M', '', '5'] as const)
    expectTypeOf(text).not.toExtend<Duration>()
})

test('a payload with several shapes takes the fields of each, and no other', () => {
  const nag = reminder('nag', {
    payload: z.discriminatedUnion('by', [
      z.object({ by: z.literal('mail'), address: z.string() }),
      z.object({ by: z.literal('phone'), number: z.string() }),
    ]),
    key: (p) => p.by,
  })
  type E = EventOf<typeof joined>
  const schedule = (reminders: Reminders, given: { readonly unknown: ReturnType<typeof JSON.parse> }) => {
    reminders.schedule(nag, { in: '1h', payload: (e: E) => ({ by: 'mail', address: e.after.id }) })
    reminders.schedule(nag, { in: '1h', payload: (e: E) => ({ by: 'phone', number: e.after.id }) })
    // @ts-expect-error a field that no shape has
    reminders.schedule(nag, { in: '1h', payload: (e: E) => ({ by: 'phone', number: e.after.id, ssn: 'x' }) })
    // @ts-expect-error also if it holds anything
    reminders.schedule(nag, { in: '1h', payload: () => ({ by: 'phone', number: '1', ssn: given.unknown }) })
  }
  expectTypeOf(schedule).toBeFunction()
})

test('`saved` may have no `before`; `removed` has no `after`', () => {
  reactor('r')
    .on('saved', Client.saved('client.saved'), (e) => {
      // @ts-expect-error there may be none
      e.before?.seats.toFixed() ?? e.before.seats
      expectTypeOf(e.after.seats).toEqualTypeOf<number>()
    })
    // @ts-expect-error a removed item has no `after`
    .on('left', left, (e) => e.after)
  // @ts-expect-error nobody of that name removes
  expect(() => Client.removed('x', { by: 'nobody' })).toThrow(/'by' is 'nobody'/)
})

test('any Standard Schema will do, also one written by hand', () => {
  interface Schema<Input, Output> {
    readonly '~standard': {
      readonly version: 1
      readonly vendor: string
      readonly validate: (value: unknown) => { readonly value: Output }
      readonly types?: { readonly input: Input; readonly output: Output } | undefined
    }
  }
  const byHand: Schema<{ id: string; n?: string }, { id: string; n: number }> = {
    '~standard': { version: 1, vendor: 'hand', validate: () => ({ value: { id: 'a', n: 1 } }) },
  }
  const Plain = entity('plain', { table: 't', key: 'id', schema: byHand })
  const counted = event('counted', { schema: byHand, key: (e) => e.id })
  reactor('r')
    .on('made', Plain.created('plain.made'), (e) => expectTypeOf(e.after.n).toEqualTypeOf<number>())
    .on('counted', counted, (e, { publish }) => {
      expectTypeOf(e.payload.n).toEqualTypeOf<number>()
      void (() => publish(counted, { id: 'a', n: '1' }))
      // @ts-expect-error what is published is what the schema takes
      void (() => publish(counted, { id: 'a', n: 1 }))
    })
})

test('options take known values and durations only', () => {
  const see = () => {}
  const r = reactor('r').on('a', joined, see, {
    effect: 'claim',
    timeout: '30s',
    retry: { base: 250, max: '1m' },
  })
  // @ts-expect-error no such effect
  expect(() => r.on('b', joined, see, { effect: 'once' })).toThrow(/effect/)
  // @ts-expect-error no such way to end
  expect(() => r.on('c', joined, see, { whenExhausted: 'ignore' })).toThrow(/whenExhausted/)
  // @ts-expect-error a bad duration
  expect(() => reactor('x').on('d', joined, see, { timeout: '3 minutes' })).toThrow(/timeout/)
})

test('batch handlers, schedules and their options keep their inference', () => {
  const upgraded = Client.changed('client.upgraded', { plan: { from: 'trial', to: 'paid' } })
  reactor('r')
    .on(
      'load',
      [joined, upgraded],
      batch({ size: 10, within: '1s' }, (events) => {
        for (const event of events) {
          if (event.name === 'client.upgraded') expectTypeOf(event.before.plan).toEqualTypeOf<'trial'>()
        }
      }),
      { rate: '10/s', concurrency: 2, stale: 'skip', whenExhausted: 'park' },
    )
    .every('count', { each: '5m' }, (tick) => expectTypeOf(tick.from).toEqualTypeOf<Date>())
  route(
    'load',
    joined,
    // @ts-expect-error a typo in a batch
    batch({ size: 10 }, (events) => events.map((event) => event.after.nmae)),
  )
  // @ts-expect-error not a rate
  route('load', joined, () => {}, { rate: '10 per second' })
  // @ts-expect-error a schedule has no image
  reactor('r').every('count', { each: '5m' }, (tick) => tick.after)
})
