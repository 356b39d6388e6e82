import { type EventMeta, entity, handler, Permanent, reactor, Unavailable } from '@spaceship/core'
import * as z from 'zod'

export const Subscription = entity('subscription', {
  table: 'subscriptions',
  key: 'id',
  schema: z.object({ id: z.string(), plan: z.string() }),
})
export const began = Subscription.created('subscription.began')
export const ended = Subscription.removed('subscription.ended')

/** Asks the billing service. Answers with a status, as HTTP does. */
export type Billing = (what: 'open' | 'close', subscription: string, signal: AbortSignal) => Promise<number>

/** A handler that says what it needs, and tells an outage from a fault of the record. */
const bills = <E extends EventMeta>(billing: Billing, what: 'open' | 'close') =>
  handler<E>(
    { needs: [{ verb: 'bills', target: 'subscriptions', dependency: 'billing' }] },
    async ({ key }, { signal }) => {
      const status = await billing(what, key, signal)
      if (status >= 500) throw new Unavailable('billing', `billing answered ${status}`)
      if (status >= 400) throw new Permanent(`billing answered ${status}`)
    },
  )

export const accounts = ({ billing, greet }: { billing: Billing; greet: (id: string) => Promise<void> }) =>
  reactor('accounts', { retry: { attempts: 3, base: '1s', max: '1m' } })
    .on('open', began, bills(billing, 'open'), { rate: '10/s' })
    .on('close', ended, bills(billing, 'close'))
    .on('greet', began, (e) => greet(e.after.id))
