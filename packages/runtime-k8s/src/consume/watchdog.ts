/**
 * Owns the law of a lease: it is renewed only while its shard makes progress, or waits for a reason that has a name. The commonest failure of a
 * consumer is a lease that lives on while nothing is read.
 *
 * | for longer than the bound                                       | the lease is                                             |
 * |-----------------------------------------------------------------|----------------------------------------------------------|
 * | pages come with records, and what they held is done              | renewed                                                  |
 * | pages come without, and the shard is caught up, or reading comes | renewed                                                  |
 * | nearer to its newest record                                     |                                                          |
 * | pages come without, and the shard has newer records             | given up                                                 |
 * | the checkpoint moves, or the journal above no overdue handler   | renewed                                                  |
 * | the lowest record waits: a handler within its deadline, a retry, | renewed: each is told by the engine (`Reason`)          |
 * | an outage, a claim elsewhere, a rate, a place, a halt           |                                                          |
 * | reading is held back by what was read, or by the shard's end    | renewed: the records that hold it back are looked at     |
 * | its end waits for the other parent of a merge                   | renewed                                                  |
 * | no read is answered, or none follows on what is done            | given up                                                 |
 * | its handler runs on beyond its deadline, which is a failed       | given up, and charged to the owner: suspect mode follows |
 * | attempt in the journal                                          |                                                          |
 * | it waits for a place, and those who have one do so              | given up                                                 |
 * | none of these: a store or a schema that never answers           | given up                                                 |
 */

import type { Reason } from '@spaceship/core/engine'

export interface Standstill {
  readonly why: string
  /** For how long, in milliseconds. */
  readonly forMs: number
  /** Whether a record is to blame that ran. */
  readonly charged: boolean
  /** What to do about it, where that is known. */
  readonly advice?: string
}

/** What is known of a shard at a renewal. */
export interface Look {
  /** Below it all is done. */
  readonly checkpoint: string
  /** What is done above it, and attempted. */
  readonly journal: string | undefined
  readonly waitsFor: Reason | undefined
}

/** Kinesis says roughly how far a page is behind: reading that comes no further seems to, by less than so many milliseconds. */
const INEXACT = 1_000

export class Watchdog {
  readonly #monotonic: () => number
  readonly #bound: number
  #checkpoint = ''
  #journal: string | undefined
  /** When the work was last well, and when a read was last answered. */
  #well: number
  #read: number
  #heldBack = false
  /** The time up to which the shard was read, and whether the last page came any further. */
  #reached = Number.NEGATIVE_INFINITY
  #advances = true

  /** @param bound in milliseconds */
  constructor(monotonic: () => number, bound: number) {
    this.#monotonic = monotonic
    this.#bound = bound
    this.#well = monotonic()
    this.#read = monotonic()
  }

  /** A page has come, and reading waits for what it held. */
  page(records: number, millisBehind: number): void {
    const reached = this.#monotonic() - millisBehind
    this.#advances = records > 0 || millisBehind === 0 || reached > this.#reached + INEXACT
    this.#heldBack = true
    if (!this.#advances) return
    this.#reached = reached
    this.#read = this.#monotonic()
  }

  /** Reading goes on, after a pause in milliseconds. */
  asks(pause: number): void {
    this.#heldBack = false
    if (this.#advances) this.#read = this.#monotonic() + pause
  }

  /** What has been read to its end waits for another shard. */
  waits(): void {
    this.#read = this.#monotonic()
  }

  /** Why the lease is not to be renewed. */
  look({ checkpoint, journal, waitsFor }: Look): Standstill | undefined {
    const now = this.#monotonic()
    const isBlamed = waitsFor === 'overdue' || waitsFor === 'blocked'
    // Records above one whose handler is deaf, or which deaf handlers keep out, go on for as long as there is room: that one is no better for it.
    const moves = checkpoint !== this.#checkpoint || (!isBlamed && journal !== this.#journal)
    if (moves || (waitsFor !== 'unnamed' && !isBlamed)) this.#well = now
    this.#checkpoint = checkpoint
    this.#journal = journal
    const still = now - this.#well
    if (still > this.#bound)
      return {
        ...{ why: whyOf(waitsFor), forMs: still, charged: waitsFor === 'overdue' },
        ...(isBlamed && { advice: 'let the handlers hand context.signal on to what they wait for' }),
      }
    if (this.#heldBack && waitsFor !== undefined) this.#read = now
    const unread = now - this.#read
    if (unread > this.#bound && this.#heldBack)
      return { why: 'all that was read is done, and reading does not go on', forMs: unread, charged: false }
    if (unread > this.#bound && !this.#advances)
      return { why: 'its reads find nothing, and it has newer records', forMs: unread, charged: false }
    if (unread > this.#bound) return { why: 'no read of it is answered', forMs: unread, charged: false }
    return undefined
  }
}

function whyOf(waitsFor: Reason | undefined): string {
  if (waitsFor === 'overdue') return 'a handler runs on beyond its deadline, and ignores its signal'
  if (waitsFor === 'unnamed') return 'its lowest unfinished record waits for nothing that has a name'
  return 'its lowest unfinished record does not start: handlers that ignore their signals have all places'
}
