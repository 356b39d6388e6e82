/**
 * Owns the question whether a KCL fleet has moved its lease table on from 2.x: then other rules hold for every write, and a worker that knows
 * those of 2.x alone would break them.
 *
 * | the table has                                                       | it is                                             |
 * |---------------------------------------------------------------------|---------------------------------------------------|
 * | leases only                                                         | of 2.x                                            |
 * | `Migration3.0` at `CLIENT_VERSION_2X`                               | of 2.x again: its fleet was rolled back           |
 * | a lease with a `checkpointOwner`                                    | beyond 2.x: KCL 3 hands the lease over            |
 * | any other item: `Leader`, `Migration3.0`, a worker's metrics        | beyond 2.x: KCL 3.5 keeps more than leases there  |
 *
 * What KCL 3.0 to 3.4 keeps beside it: `coordinator.ts`.
 */

import { type Item, isOfOtherKind, leaseOf } from './lease.ts'

export const MIGRATION = 'Migration3.0'
const ROLLED_BACK = 'CLIENT_VERSION_2X'

/** What shows it, in words; undefined for a table of 2.x. */
export function movedOn(items: readonly Item[]): string | undefined {
  const handedOver = items.find(
    (item) => item.checkpointOwner?.S !== undefined && leaseOf(item) !== undefined,
  )
  if (handedOver !== undefined)
    return `the lease '${handedOver.leaseKey?.S}' has a 'checkpointOwner': KCL 3 hands it over`
  const others = items.filter(isOfOtherKind)
  const migration = others.find((item) => item.leaseKey?.S === MIGRATION)
  if (migration !== undefined) {
    const version = migratedTo(migration)
    return version && `'${MIGRATION}' is at '${version}'`
  }
  const [other] = others
  return other && `the item '${other.leaseKey?.S}' has the 'entityType' '${other.entityType?.S}'`
}

/** The version that `Migration3.0` says, of whichever table; undefined if there is none, and of a fleet that was rolled back. */
export function migratedTo(migration: Item | undefined): string | undefined {
  if (migration === undefined || migration.cv?.S === ROLLED_BACK) return undefined
  return migration.cv?.S ?? 'no version'
}

/** What to do about it. */
export const ABOUT_MOVED_ON =
  "this worker shares tables of KCL 2.x only: keep the fleet's KCL at 2.x, or 3.5 and later at CLIENT_VERSION_CONFIG_COMPATIBLE_WITH_2X_PHASE1, until all its workers are gone, or roll it back with KCL's own migration tool"
