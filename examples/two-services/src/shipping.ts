import { reactor } from '@spaceship/core'
import { invoicePaid } from './contract.ts'

export type Ship = (customer: string, invoice: string) => Promise<void>

export const shipping = ({ ship }: { ship: Ship }) =>
  reactor('shipping', { retry: { attempts: 5, base: '1s', max: '1m' } }).on(
    'ship',
    invoicePaid,
    (e) => ship(e.payload.customer, e.payload.invoice),
    { effect: 'claim' },
  )
