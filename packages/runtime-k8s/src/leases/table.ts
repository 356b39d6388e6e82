import type { Checkpoint, Lease, NewLease } from './lease.ts'

/** What is written with a checkpoint. */
export interface Progress {
  readonly checkpoint: Checkpoint
  readonly journal: string | undefined
  /** Written once, when the shard has ended. */
  readonly children?: readonly string[]
}

/**
 * The table of leases. Every write is conditional on the counter that was seen last and answers with the lease as it is
 * afterwards, or undefined if someone else wrote meanwhile. A write may be repeated by its client after a lost answer:
 * a failed condition is looked at again before it counts as lost.
 */
export interface LeaseTable {
  /**
   * Asks once for everything that the other methods will need, and leaves nothing behind. Makes the table where that is wanted.
   *
   * @returns what was made, in words; undefined if nothing was
   * @throws Unavailable with `setup` for what somebody has to mend
   */
  check(): Promise<string | undefined>
  /** All leases, strongly consistent. */
  list(): Promise<readonly Lease[]>
  /** Creates the lease unless it exists. */
  create(lease: NewLease): Promise<void>
  renew(lease: Lease): Promise<Lease | undefined>
  take(lease: Lease, owner: string): Promise<Lease | undefined>
  checkpoint(lease: Lease, progress: Progress): Promise<Lease | undefined>
  /** Gives the lease up, so that another worker may take it at once. */
  release(lease: Lease): Promise<void>
}
