import { type Item, leaseOf } from './lease.ts'
import { movedOn } from './moved-on.ts'
import type { LeaseScan } from './table.ts'

/** What all items of a table say together. @param elsewhere what shows beside the table that it has moved on */
export function scanOf(items: readonly Item[], elsewhere?: string): LeaseScan {
  return {
    leases: items.map(leaseOf).filter((lease) => lease !== undefined),
    movedOn: elsewhere ?? movedOn(items),
  }
}
