import { expect, test } from 'vitest'
import * as z from 'zod'
import { entity, handler, reactor, reminder } from '../index.ts'
import { harness } from './index.ts'

const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({
    id: z.string(),
    name: z.string(),
    plan: z.enum(['trial', 'paid']),
    seats: z.number(),
    tutorialStartedAt: z.string().optional(),
  }),
})
const joined = Client.created('client.joined')
const upgraded = Client.changed('client.upgraded', { plan: { from: 'trial', to: 'paid' } })
const learning = Client.changed('client.learning', { tutorialStartedAt: { from: undefined } })
const left = Client.removed('client.left')
const tutorial = reminder('tutorial', {
  payload: z.object({ clientId: z.string(), name: z.string() }),
  key: (p) => p.clientId,
}).unless(
  Client,
  (p) => p.clientId,
  (c) => c.tutorialStartedAt !== undefined,
)

const acme = { id: 'acme', name: 'Acme', plan: 'trial', seats: 250 } as const

function bench() {
  const said: string[] = []
  const say = <E>(text: (event: E) => string) =>
    handler<E>({ effect: 'claim' }, (event) => void said.push(text(event)))
  const ship = harness(({ reminders }) =>
    reactor('onboarding')
      .on(
        'welcome',
        joined,
        say((e) => `${e.after.name} joined`),
      )
      .on(
        'upgrade',
        upgraded,
        say((e) => `${e.before.plan} -> ${e.after.plan}`),
      )
      .on(
        'start',
        joined,
        reminders.schedule(tutorial, {
          in: '3d',
          payload: (e) => ({ clientId: e.after.id, name: e.after.name }),
        }),
      )
      .on(
        'stop',
        [learning, left],
        reminders.cancel(tutorial, (e) => e.before.id),
      )
      .on(
        'remind',
        tutorial,
        say((e) => `remind ${e.payload.name}`),
      ),
  )
  return { ship, said }
}

test('starting the tutorial cancels the reminder', async () => {
  const { ship, said } = bench()
  await ship.put(Client, acme)
  expect(ship.reminders.pending(tutorial)).toMatchObject([{ key: 'acme' }])
  await ship.put(Client, { ...acme, tutorialStartedAt: '2026-11-24T09:00:00Z' })
  await ship.advance('3d')
  await ship.redeliver()
  expect(said).toEqual(['Acme joined'])
})

test('a client who does not start the tutorial is reminded, once', async () => {
  const { ship, said } = bench()
  await ship.put(Client, acme)
  await ship.put(Client, { ...acme, plan: 'paid' })
  await ship.advance('3d')
  await ship.redeliver()
  await ship.redeliver({ as: 'duplicates' })
  await ship.redeliver({ as: 'crash' })
  expect(said).toEqual(['Acme joined', 'trial -> paid', 'remind Acme'])
})
