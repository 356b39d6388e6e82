/**
 * Owns one lease while this worker holds it: one write at a time, and the moment until which it is ours. That moment counts
 * from before the last successful write was *sent*: a peer can at the earliest have seen it then.
 */

import { inTime } from '@spaceship/core/adapter'
import type { Clock } from '@spaceship/core/ports'
import { type Lease, SHARD_END } from './lease.ts'
import type { LeaseTable, Progress } from './table.ts'

const TAKEN = 'another worker took it'

export interface Held {
  readonly lease: Lease
  isHeld(): boolean
  /** When its life ends unless it is renewed, in the clock's monotonic milliseconds. */
  readonly until: number
  /** Shows that we live. Writes the progress with it, if there is some: a checkpoint is a heartbeat. */
  beat(progress: Progress | undefined): Promise<void>
  /**
   * Gives it up, so that a peer may take it at once. May be called again if it failed.
   *
   * @param charged counts as if its owner had died: what ran may be to blame @default false
   */
  release(charged?: boolean): Promise<void>
  /** Someone else has it, or might: nothing is written any more. */
  lose(): void
  /** Tells `lost` if its life has ended without a renewal. */
  expire(): void
}

export interface Holding {
  readonly table: LeaseTable
  /** The lease as `take` answered, and when that was sent. */
  readonly taken: Lease
  readonly sentAt: number
  readonly failover: number
  readonly clock: Clock
  readonly lost: (why: string) => void
  /** Told when somebody had deleted the row, and it was made again where the shard stands: it is free. */
  readonly remade: () => void
  /** Told once, when another worker is to have the lease: it is held until it is released. @param kcl whether a fleet of KCL 3 hands it over */
  readonly wanted: (kcl: boolean) => void
}

/** Kept back from the failover time: what is checked just before it must not act after it. */
const MARGIN = 0.1

/** A write has a third of the lease's life, so that another one may follow. Milliseconds. */
const SHORTEST = 1_000

export function holdLease({ table, taken, sentAt, failover, clock, lost, remade, wanted }: Holding): Held {
  let lease = taken
  let until = sentAt + failover * (1 - MARGIN)
  let gone = false
  /** What was written last may be more than is known. */
  let isUnsure = false
  const quickest = Math.max(SHORTEST, failover / 3)
  /** A table that is slow for a while is waited for longer. */
  let patience = quickest
  let isReleasing = false
  let queue: Promise<unknown> = Promise.resolve()

  function lose(why: string): void {
    if (gone) return
    gone = true
    lost(why)
  }

  /** Renewals and checkpoints bump one counter, so they follow one another. */
  function inTurn<T>(write: () => Promise<T>): Promise<T> {
    const turn = queue.then(write)
    queue = turn.catch(() => {})
    return turn
  }

  const isHeld = () => !gone && clock.monotonic() < until

  /**
   * What is waited for no more is not repeated: on top of a later write it would say what was before. The request under way needs the counter that it
   * saw. If it is refused because another worker has the lease, that is true whenever it is heard.
   */
  async function writeInTime(progress: Progress | undefined): Promise<Lease | undefined> {
    let isAwaited = true
    let isOurs = false
    const isWanted = () => {
      isOurs = !(isAwaited && isHeld())
      return !isOurs
    }
    const sent = clock.monotonic()
    const writing =
      progress === undefined ? table.renew(lease, isWanted) : table.checkpoint(lease, progress, isWanted)
    // Never rejects: a failure that nobody waits for is nobody's.
    void writing.then(
      (written) => {
        patience = Math.min(failover, Math.max(quickest, 1.5 * (clock.monotonic() - sent)))
        if (isAwaited) return
        if (written === undefined && !isOurs) lose(TAKEN)
        // Once its life is over it stays that.
        if (written !== undefined && isHeld()) adopt(written, sent)
      },
      () => {},
    )
    const late = `the lease table did not answer within ${Math.round(patience)} ms`
    try {
      const written = await inTime(() => writing, { within: patience, clock, late })
      if (written !== undefined) adopt(written, sent)
      return written
    } catch (error) {
      isUnsure = true
      throw error
    } finally {
      isAwaited = false
    }
  }

  /** An earlier write may be heard of after a later one. */
  function adopt(written: Lease, sent: number): void {
    if (written.counter < lease.counter) return
    const isHandedOver = written.checkpointOwner !== undefined
    const isWanted = isHandedOver || written.wanted !== undefined
    const wasWanted = lease.checkpointOwner !== undefined || lease.wanted !== undefined
    lease = written
    isUnsure = false
    until = Math.max(until, sent + failover * (1 - MARGIN))
    if (isWanted && !wasWanted) wanted(isHandedOver)
  }

  /** Once expired it stays lost: handlers were refused meanwhile, and only a fresh start delivers what they missed. */
  function expire(): void {
    if (!isHeld()) lose('it was not renewed in time')
  }

  /**
   * The row may be gone: somebody has deleted it. Whoever made it anew from the stream alone would not know where the shard stands.
   */
  async function restored(progress: Progress | undefined): Promise<boolean> {
    const { key, stream, shard, parents, hashRange: range } = lease
    const { checkpoint, first } = progress ?? lease
    // That of an ended shard is deleted in order.
    if (checkpoint.sequence === SHARD_END || (await table.checkpointOf(key)) !== undefined) return false
    const hashRange = range && ([range.startingHashKey, range.endingHashKey] as const)
    const { sequence, subSequence } = checkpoint
    return table.create({ stream, shard, checkpoint: sequence, subSequence, first, parents, hashRange })
  }

  return {
    get lease() {
      return lease
    },
    isHeld,
    get until() {
      return until
    },
    beat: (progress) =>
      inTurn(async () => {
        expire()
        if (gone) return
        const written = await writeInTime(progress)
        if (written === undefined) {
          // Of what was not held any more another worker may have read the rest, and its row may be deleted in order.
          const wasHeld = isHeld()
          // At once: handlers may not start while the row is looked at.
          lose(TAKEN)
          if (wasHeld && (await restored(progress))) remade()
        }
      }),
    release: (charged = false) =>
      inTurn(async () => {
        if (gone && !isReleasing) return
        // A write without an answer may have been done, and then the counter is another.
        if (isUnsure && !gone) await writeInTime(undefined)
        // Nothing renews it any more, also if this write has to be made again.
        gone = true
        isReleasing = true
        await table.release(lease, charged)
        isReleasing = false
      }),
    lose: () => {
      gone = true
    },
    expire,
  }
}
