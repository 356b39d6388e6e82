import { entity, reactor } from '@spaceship/core'
import * as z from 'zod'

export const Order = entity('order', {
  table: 'orders',
  key: 'id',
  schema: z.object({ id: z.string(), card: z.string(), cents: z.number().int().positive() }),
})
export const placed = Order.created('order.placed')

/** The payment provider: two requests with one key are one charge. */
export interface Cards {
  charge(request: { card: string; cents: number; key: string }, signal: AbortSignal): Promise<void>
}

export const checkout = ({ cards }: { cards: Cards }) =>
  reactor('checkout', { retry: { attempts: 5, base: '1s', max: '1m' } }).on(
    'charge',
    placed,
    (e, { signal }) => cards.charge({ card: e.after.card, cents: e.after.cents, key: e.id }, signal),
    { effect: 'claim', timeout: '20s' },
  )
