import { entity, reactor } from '@spaceship/core'
import * as z from 'zod'

const table = 'shop'
const key = { partition: 'pk', sort: 'sk' } as const
const keys = { pk: z.string(), sk: z.string() }

/** ORDER#1, META */
export const Order = entity('order', {
  table,
  key,
  when: { type: 'order' },
  schema: z.object({ ...keys, type: z.literal('order'), email: z.string(), cents: z.number() }),
})
export const ordered = Order.created('order.placed')
export const repriced = Order.changed('order.repriced', { cents: (before, after) => after !== before })

/** ORDER#1, LINE#1 */
export const Line = entity('line', {
  table,
  key,
  when: { type: 'line' },
  schema: z.object({ ...keys, type: z.literal('line'), sku: z.string(), pieces: z.number().int() }),
})
export const picked = Line.saved('line.saved')
export const dropped = Line.removed('line.removed')

export interface Outside {
  mail(to: string, text: string): Promise<void>
  /** Sets how many pieces are reserved for a line: the same again changes nothing. */
  reserve(line: string, pieces: number): Promise<void>
}

export const shop = ({ mail, reserve }: Outside) =>
  reactor('shop')
    .on('confirm', ordered, (e) => mail(e.after.email, `thank you for ${e.after.cents}`), { effect: 'claim' })
    .on('reprice', repriced, (e) => mail(e.after.email, `now ${e.after.cents}`), { effect: 'claim' })
    // One route for both events, since two routes have no order between them.
    .on('reserve', [picked, dropped], (e) => reserve(e.key, e.name === 'line.removed' ? 0 : e.after.pieces), {
      stale: 'skip',
    })
