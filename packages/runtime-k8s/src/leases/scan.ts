import { type Item, leaseOf } from './lease.ts'
import { movedOn } from './moved-on.ts'
import type { LeaseScan } from './table.ts'

/** What all items of a table say together. */
export function scanOf(items: readonly Item[]): LeaseScan {
  return {
    leases: items.map(leaseOf).filter((lease) => lease !== undefined),
    movedOn: movedOn(items),
  }
}
