import { entity } from '@spaceship/core'
import * as z from 'zod'

const key = { partition: 'pk', sort: 'sk' } as const

/** `pk` is `SHOP#<shop>`, `sk` is `CUSTOMER#<customer>`. */
export const Customer = entity('customer', {
  table: 'shop',
  key,
  when: { type: 'customer' },
  schema: z.object({ pk: z.string(), sk: z.string(), type: z.literal('customer'), name: z.string() }),
})

/** `pk` is `SHOP#<shop>`, `sk` is `ORDER#<order>`. */
export const Order = entity('order', {
  table: 'shop',
  key,
  when: { type: 'order' },
  schema: z.object({
    pk: z.string(),
    sk: z.string(),
    type: z.literal('order'),
    state: z.enum(['open', 'paid', 'shipped']),
    total: z.number().int(),
  }),
})

export const joined = Customer.created('customer.joined')
export const paid = Order.changed('order.paid', { state: { from: 'open', to: 'paid' } })
