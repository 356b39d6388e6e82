import { entity, reactor } from '@spaceship/core'
import * as z from 'zod'

export const Client = entity('client', {
  table: 'clients',
  key: 'id',
  schema: z.object({ id: z.string(), name: z.string(), plan: z.enum(['trial', 'paid']) }),
})
const joined = Client.created('client.joined')
const upgraded = Client.changed('client.upgraded', { plan: { from: 'trial', to: 'paid' } })

export const greeter = (say: (text: string) => void) =>
  reactor('greeter', { retry: { attempts: 5, base: '1s' } })
    .on('greet', joined, (e) => say(`hello ${e.after.name}`))
    .on('thank', upgraded, (e) => say(`${e.after.name}: ${e.before.plan} -> ${e.after.plan}`), {
      effect: 'claim',
    })
