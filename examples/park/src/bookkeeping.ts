import { entity, Permanent, reactor } from '@spaceship/core'
import * as z from 'zod'

export const Invoice = entity('invoice', {
  table: 'invoices',
  key: 'id',
  schema: z.object({ id: z.string(), state: z.enum(['issued', 'reminded', 'paid']), currency: z.string() }),
})
export const moved = Invoice.saved('invoice.moved')

/** The ledger refuses nothing, so an entry in the wrong order would stay wrong. */
export interface Ledger {
  post(entry: { key: string; account: string; text: string }, signal: AbortSignal): Promise<void>
}

export const bookkeeping = ({ ledger, accounts }: { ledger: Ledger; accounts: Record<string, string> }) =>
  reactor('bookkeeping', { retry: { attempts: 3, base: '1s' } }).on(
    'post',
    moved,
    async (e, { signal }) => {
      const { id, state, currency } = e.after
      const account = accounts[currency]
      if (account === undefined) throw new Permanent('no account takes this currency')
      await ledger.post({ key: e.id, account, text: `${id} ${state}` }, signal)
    },
    { whenExhausted: 'park', effect: 'claim' },
  )
