import { type Item, isOfOtherKind, type Lease, leaseOf, type MalformedRow, malformedRow } from './lease.ts'
import { movedOn } from './moved-on.ts'
import type { LeaseScan } from './table.ts'

/** What all items of a table say together. @param elsewhere what shows beside the table that it has moved on */
export function scanOf(items: readonly Item[], elsewhere?: string): LeaseScan {
  const leases: Lease[] = []
  const malformed: MalformedRow[] = []
  for (const item of items) {
    const lease = leaseOf(item)
    if (lease !== undefined) leases.push(lease)
    else if (!isOfOtherKind(item)) malformed.push(malformedRow(item))
  }
  return { leases, malformed, movedOn: elsewhere ?? movedOn(items) }
}
