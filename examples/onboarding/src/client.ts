import { entity, event, reminder } from '@spaceship/core'
import * as z from 'zod'

export const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({
    id: z.string(),
    name: z.string(),
    plan: z.enum(['trial', 'paid', 'churned']),
    seats: z.number().int(),
    tutorialStartedAt: z.iso.datetime().optional(),
  }),
})

export const joined = Client.created('client.joined')
export const saved = Client.saved('client.saved')
export const upgraded = Client.changed('client.upgraded', { plan: { from: 'trial', to: 'paid' } })
export const learning = Client.changed('client.tutorial-started', { tutorialStartedAt: { from: undefined } })
export const left = Client.removed('client.left')

export const invoicePaid = event('invoice.paid', {
  schema: z.object({ clientId: z.string(), amount: z.number() }),
  key: (e) => e.clientId,
})

export const tutorial = reminder('tutorial', {
  payload: z.object({ clientId: z.string(), name: z.string() }),
  key: (p) => p.clientId,
}).unless(
  Client,
  (p) => p.clientId,
  (c) => c.tutorialStartedAt !== undefined,
)
