import { entity, type Reminders, reactor, reminder } from '@spaceship/core'
import * as z from 'zod'

export const Invoice = entity('invoice', {
  table: 'invoices',
  key: 'id',
  schema: z.object({ id: z.string(), email: z.string(), state: z.enum(['open', 'paid', 'written-off']) }),
})
export const issued = Invoice.created('invoice.issued')
export const paid = Invoice.changed('invoice.paid', { state: { to: 'paid' } })

/** At most one is pending for an invoice. It looks once more when it is due. */
export const overdue = reminder('invoice.overdue', {
  payload: z.object({ id: z.string(), email: z.string() }),
  key: (p) => p.id,
}).unless(
  Invoice,
  (p) => p.id,
  (invoice) => invoice.state !== 'open',
)

export type Mail = (to: string, text: string, key: string) => Promise<void>

export const dunning = ({ mail, reminders }: { mail: Mail; reminders: Reminders }) =>
  reactor('dunning')
    .on(
      'start',
      issued,
      reminders.schedule(overdue, { in: '14d', payload: ({ after: { id, email } }) => ({ id, email }) }),
    )
    .on(
      'stop',
      paid,
      reminders.cancel(overdue, (e) => e.after.id),
    )
    .on('remind', overdue, (e) => mail(e.payload.email, `invoice ${e.payload.id} is overdue`, e.id), {
      effect: 'claim',
    })
