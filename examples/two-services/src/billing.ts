import { entity, reactor } from '@spaceship/core'
import * as z from 'zod'
import { invoicePaid } from './contract.ts'

export const Invoice = entity('invoice', {
  table: 'billing-invoices',
  key: 'id',
  schema: z.object({ id: z.string(), customer: z.string(), cents: z.number().int(), paid: z.boolean() }),
})
export const paid = Invoice.changed('billing.invoice-paid', { paid: { from: false, to: true } })

export const billing = () =>
  reactor('billing').on('tell', paid, (e, { publish }) =>
    publish(invoicePaid, { invoice: e.after.id, customer: e.after.customer, cents: e.after.cents }),
  )
