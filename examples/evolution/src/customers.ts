import { entity, reactor } from '@spaceship/core'
import * as z from 'zod'

/** Rows of the first release have neither `seats` nor `revision`, and stay in the table as they are. */
export const Customer = entity('customer', {
  table: 'customers',
  key: 'id',
  schema: z.object({ id: z.string(), name: z.string(), seats: z.number(), revision: z.number() }),
  upgrade: (row) => ({ seats: 1, revision: 0, ...row }),
  version: 'revision',
})
export const joined = Customer.created('customer.joined')
export const saved = Customer.saved('customer.saved')
export const grew = Customer.changed('customer.grew', { seats: (before, after) => after > before })

export interface Outside {
  mail(text: string): Promise<void>
  list(id: string, seats: number): Promise<void>
}

export const customers = ({ mail, list }: Outside) =>
  reactor('customers')
    .on('welcome', joined, (e) => mail(`welcome ${e.after.name}`), { effect: 'claim', formerly: ['greet'] })
    .on('thank', grew, (e) => mail(`${e.after.name}: ${e.before.seats} -> ${e.after.seats}`), {
      effect: 'claim',
    })
    .on('list', saved, (e) => list(e.after.id, e.after.seats), { stale: 'skip' })
