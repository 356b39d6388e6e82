/**
 * Owns how long a worker waits for its lease table. A client without a time-out of its own waits for ever where a connection is half open, and a worker
 * that waits takes no lease any more. What is not answered in time counts as an answer that was lost: it may have been done.
 */

import { inTime } from '@spaceship/core/adapter'
import type { Clock } from '@spaceship/core/ports'
import type { LeaseTable } from './leases/index.ts'

/** Milliseconds: for one row, and for all of them. Who holds a lease waits less for its renewals, and counts what is answered later. */
const PATIENCE = { row: 30_000, table: 120_000 }

/** @param how its signal ends all waits: whoever stops is kept by none */
export function patientLeases(
  table: LeaseTable,
  how: { readonly clock: Clock; readonly signal: AbortSignal },
): LeaseTable {
  const within = <T>(ms: number, ask: () => Promise<T>): Promise<T> =>
    inTime(ask, { ...how, within: ms, late: `the lease table did not answer within ${ms} ms` })
  const { row, table: all } = PATIENCE
  return {
    check: () => table.check(),
    scan: (how) => within(all, () => table.scan(how)),
    checkpointOf: (key) => within(row, () => table.checkpointOf(key)),
    create: (lease) => within(row, () => table.create(lease)),
    remove: (lease) => within(row, () => table.remove(lease)),
    renew: (lease, isHeld) => table.renew(lease, isHeld),
    take: (lease, ...by) => within(row, () => table.take(lease, ...by)),
    ask: (lease, worker) => within(row, () => table.ask(lease, worker)),
    withdraw: (lease, worker) => within(row, () => table.withdraw(lease, worker)),
    checkpoint: (lease, progress, isHeld) => table.checkpoint(lease, progress, isHeld),
    release: (lease, charged) => within(row, () => table.release(lease, charged)),
  }
}
