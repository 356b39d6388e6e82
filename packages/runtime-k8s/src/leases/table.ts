import type { Lease, MalformedRow, NewLease } from './lease.ts'
import type { Checkpoint } from './order.ts'

/** What is written with a checkpoint. */
export interface Progress {
  readonly checkpoint: Checkpoint
  readonly journal: string | undefined
  /** While the checkpoint is `LATEST`: the first record that was read, which is not done. It would be passed over by who reads at the newest one. */
  readonly first?: string | undefined
  /** Nothing that was read is undone: owners that have died did not die of it. @default false */
  readonly isDone?: boolean
  /** Written once, when the shard has ended. */
  readonly children?: readonly string[]
}

/** What a table holds at one time. */
export interface LeaseScan {
  readonly leases: readonly Lease[]
  /** Rows that are no leases as KCL writes them: they are not taken, not counted and not written, and their shards have not ended. */
  readonly malformed: readonly MalformedRow[]
  /** What shows that a KCL fleet has moved the table on from 2.x, in words; undefined for a table of 2.x. */
  readonly movedOn: string | undefined
}

/**
 * The table of leases. Every write is conditional on the counter that was seen last and answers with the lease as it is
 * afterwards, or undefined if someone else wrote meanwhile. The answers of earlier writes of the same process may have been lost:
 * a failed condition is looked at again before it counts as lost, and the write is repeated on top of those.
 */
export interface LeaseTable {
  /**
   * Asks once for everything that the other methods will need, and leaves nothing behind. Makes the table where that is wanted.
   *
   * @returns what was made, in words; undefined if nothing was
   * @throws Unavailable with `setup` for what somebody has to mend
   */
  check(): Promise<string | undefined>
  /** All of it. @param how whether every write that was answered is seen; a late view costs half @default strong */
  scan(how?: 'strong' | 'late'): Promise<LeaseScan>
  /** The checkpoint of the row under the key, with every write that was answered; empty if a malformed one has none. @returns undefined if there is no row */
  checkpointOf(key: string): Promise<string | undefined>
  /** Creates the lease unless it exists. @returns whether it did not */
  create(lease: NewLease): Promise<boolean>
  /** Deletes the lease of a shard that has ended; one that somebody has reset stays. */
  remove(lease: Lease): Promise<void>
  /** @param isHeld asked before a write is repeated: who has lost the lease may have taken it anew meanwhile, or waits for the write no more */
  renew(lease: Lease, isHeld?: () => boolean): Promise<Lease | undefined>
  /**
   * @param process tells the owner from other processes that were given its id: that, '/' and something random @default the id is of this process alone
   * @param isAlive whether it is taken from an owner that lives: then no death is counted @default false
   */
  take(lease: Lease, owner: string, process?: string, isAlive?: boolean): Promise<Lease | undefined>
  /**
   * Asks the owner of a lease for it, who sees that with its next write. It moves no counter, so that it overtakes no write of the owner.
   *
   * @param worker who asks, as `workerOf` names it
   * @returns whether it stands there: not if somebody else has asked before, or has the lease by now
   */
  ask(lease: Lease, worker: string): Promise<boolean>
  /** Takes back what `ask` has written, for who takes nothing any more. It moves no counter. @returns whether it stood there */
  withdraw(lease: Pick<Lease, 'key'>, worker: string): Promise<boolean>
  checkpoint(lease: Lease, progress: Progress, isHeld?: () => boolean): Promise<Lease | undefined>
  /**
   * Gives the lease up, so that another worker may take it at once; one that KCL 3 hands over goes to its next owner, and one that a worker has asked for
   * says so until it is taken. Nothing changes if it has been written since, or is another's: of two who took what they saw, both expect the same counter.
   *
   * @param charged counts a switch of owners, as a death does; whoever had asked has asked a dead one @default false
   */
  release(lease: Lease, charged?: boolean): Promise<void>
}
