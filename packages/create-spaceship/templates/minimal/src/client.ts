import { entity } from '@spaceship/core'
import * as z from 'zod'

export const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({
    id: z.string(),
    name: z.string(),
    plan: z.enum(['trial', 'paid']),
  }),
})

export const joined = Client.created('client.joined')
export const upgraded = Client.changed('client.upgraded', { plan: { from: 'trial', to: 'paid' } })
