import { event } from '@spaceship/core'
import * as z from 'zod'

/** What billing promises to whoever listens. Nobody else needs to know its tables. */
export const invoicePaid = event('invoice.paid', {
  schema: z.object({ invoice: z.string(), customer: z.string(), cents: z.number().int() }),
  key: (p) => p.customer, // the events of a customer are handled in order
})
