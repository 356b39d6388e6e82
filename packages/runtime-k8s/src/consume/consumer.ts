/**
 * Owns one held lease from its taking to its end: feeds the engine, keeps the checkpoint, ends the shard.
 *
 * ```
 *  taken ── parents ended? ──> reading ──┬─ lease lost ──────> revoke ────────────────────────────> gone
 *                                        ├─ worker drains ───> settle ─> flush ─> release ────────> released
 *                                        ├─ refused ─────────> TRIM_HORIZON ─> release ───────────> released
 *                                        ├─ stands still ────> revoke ─> release ─────────────────> stalled
 *                                        ├─ fails ───────────> revoke ─> release ─────────────────> failed
 *                                        └─ last page, gone ─> all done ─> children ─> SHARD_END ─> ended
 * ```
 */

import { SpaceshipError } from '@spaceship/core'
import { inTime } from '@spaceship/core/adapter'
import type { Delivery, Engine } from '@spaceship/core/engine'
import { errorFields, type Log } from '@spaceship/core/log'
import type { Clock } from '@spaceship/core/ports'
import {
  type Checkpoint,
  type Held,
  isSentinel,
  type Progress,
  packed,
  SHARD_END,
  timeOf,
  unpacked,
} from '../leases/index.ts'
import { persistently } from '../patience.ts'
import type { Shard } from '../shards/index.ts'
import type { Page, Reader } from './reader.ts'
import { type Standstill, Watchdog } from './watchdog.ts'

export interface Consuming {
  readonly engine: Engine
  readonly held: Held
  /** The stream's name. */
  readonly stream: string
  readonly clock: Clock
  readonly logger: Log
  readonly reader: Reader
  /** How long the shard may stand still without a reason that has a name. Milliseconds. */
  readonly maxStandstill: number
  /** How long the engine may take to open the shard, whose stores may be asked for it. Milliseconds. */
  readonly patience: number
  /**
   * Makes the leases of the shards that follow this one, of which the source may have named some.
   *
   * @returns their shards; `later` while one of them follows on another shard, too, whose lease is still to come; undefined after a failure, which is told
   */
  readonly makeChildren: (named: readonly Shard[]) => Promise<readonly string[] | 'later' | undefined>
  /** Whether the stream is still the one of the lease; if it is not, the consumer is drained. */
  readonly isCurrent: () => Promise<boolean>
}

export interface Drained {
  /** Positions that the next owner reads again. */
  readonly unfinished: number
  /** The lease was lost meanwhile: what was finished since the last write is read again, too. */
  readonly isLost: boolean
}

export type ConsumerEnd = 'ended' | 'released' | 'lost' | 'stalled' | 'failed'

export interface Consumer {
  readonly held: Held
  /** Renews the lease, with the progress since the last time. */
  beat(): Promise<void>
  /** The lease is lost: nothing of this shard may go on. */
  revoke(): void
  /**
   * Finishes what it can until then, writes where it stands and gives the lease up, at the latest two seconds later.
   *
   * @param before the lease is given up, this is waited for: it must not take longer than until then @default nothing
   * @throws what the last writes failed with
   */
  drain(until: Date, before?: Promise<unknown>): Promise<Drained>
  readonly done: Promise<ConsumerEnd>
  /** Resolves when no handler of the shard runs any more, once the lease is lost. Never rejects. */
  drained(): Promise<void>
}

/** Milliseconds between two looks at whether all is done of a shard that has ended, and before its end is tried again. */
const LOOK = 200
const AGAIN = 1_000

/** How long the last writes of a drain may take beyond its end, in milliseconds. */
export const LAST_WRITES = 2_000

export async function startConsumer(consuming: Consuming): Promise<Consumer> {
  const { engine, held, stream, clock, logger } = consuming
  const { shard, checkpoint, hashRange } = held.lease
  const journal = unpacked(held.lease.journal)
  /** While nothing is done of a shard that is read from its newest record on: the first record, or since when none has come. */
  let { first } = held.lease
  const fields = { stream, shard }
  const source = {
    stream,
    shard,
    redelivers: 'none',
    ...(hashRange === undefined ? {} : { hashRange }),
  } as const
  const hold = {
    isHeld: held.isHeld,
    crashes: held.lease.ownerSwitches,
    ...(isSentinel(checkpoint.sequence) ? {} : { after: checkpoint }),
    ...(journal === undefined ? {} : { journal }),
  }
  const late = `the shard '${shard}' could not be opened within ${consuming.patience} ms: a store does not answer`
  const delivery = await inTime(() => engine.open(source, hold), { within: consuming.patience, clock, late })
  const stop = new AbortController()
  const watchdog = new Watchdog(() => clock.monotonic(), consuming.maxStandstill)
  const stalled = Promise.withResolvers<ConsumerEnd>()
  let written: Progress = { checkpoint, journal, first }
  let lost = false
  /** It was read to its newest record, and all of it handed over. */
  let isReadUp = false
  /** What is said of the shard for good: a renewal that comes beside it says the same, and must not write an earlier position over it. */
  let final: Progress | undefined
  let drained: Promise<ConsumerEnd> | undefined
  // A lease lives until its consumer is done: in a drain until it is settled and given up, not until reading stops.
  // What stands still may never end reading.
  const done = Promise.race([
    stalled.promise,
    read()
      .catch(fail)
      .then(async (end) => (await drained) ?? end),
  ])

  async function read(): Promise<ConsumerEnd> {
    const from = first === undefined ? checkpoint : { sequence: first, subSequence: 0 }
    for await (const page of consuming.reader(from, stop.signal)) {
      if (stop.signal.aborted) break
      watchdog.page(page.records.length, page.millisBehind)
      await keepPlace(page)
      // A drain that has begun meanwhile may be over, and then nothing may be pushed any more: the next owner reads it.
      if (stop.signal.aborted) break
      if (page.lost !== undefined) return losePlace(page.lost)
      // A push that is held back ends when the delivery is settled or revoked. Racing it against a promise that lives as
      // long as the lease would keep a reaction for every page that was ever read.
      await delivery.push(page.records)
      if (page.millisBehind === 0) isReadUp = true
      if (page.ended !== undefined) return endShard(page.ended)
      watchdog.asks(page.pause)
    }
    return lost ? 'lost' : 'released'
  }

  /** An answer that cannot be, or a fault of ours: another worker, or a fresh start, may fare better. */
  async function fail(error: unknown): Promise<ConsumerEnd> {
    if (lost) return 'lost'
    // The drain writes what was finished, and gives the lease up.
    if (drained !== undefined) return 'released'
    logger.error('a shard cannot be consumed: its lease is given up, so that another worker tries', {
      ...fields,
      error: errorFields(error),
    })
    delivery.revoke(error)
    stop.abort()
    // What cannot be given up ends with its life.
    await held.release().catch(() => {})
    return 'failed'
  }

  /** Before anything is made of a page: whoever takes the lease at `LATEST` would not read it again, nor what comes between two owners. */
  async function keepPlace({ records: [newest], mark }: Page): Promise<void> {
    const isUnread = checkpoint.sequence === 'LATEST' && (first === undefined || timeOf(first) !== undefined)
    const place = newest?.sequence ?? (first === undefined ? mark : undefined)
    if (!isUnread || place === undefined) return
    first = place
    // What is refused comes with the next renewal.
    await beat().catch(() => {})
  }

  /** A position of a stream that was deleted and made again says nothing of the new one: what runs of the former is finished, and its lease given up. */
  async function losePlace(lost: 'checkpoint' | 'position'): Promise<ConsumerEnd> {
    if (!(await consuming.isCurrent())) return 'released'
    if (lost === 'checkpoint') return startOver()
    throw new SpaceshipError('stream', `Kinesis refuses a position of the shard '${shard}' that it has given`)
  }

  /** Whoever takes the lease next, we or a peer, reads from the oldest record that is left. */
  async function startOver(): Promise<ConsumerEnd> {
    final = { checkpoint: { sequence: 'TRIM_HORIZON', subSequence: 0 }, journal: undefined }
    await writeFinal()
    if (!held.isHeld()) return 'lost'
    delivery.revoke(new Error('the checkpoint was refused'))
    await held.release()
    return 'released'
  }

  async function endShard(named: readonly Shard[]): Promise<ConsumerEnd> {
    // Retries and outages may keep the last records for long; until they are done the shard has not ended.
    while (!stop.signal.aborted && !delivery.complete) await clock.sleep(LOOK, stop.signal)
    // Children first: once the parent has ended, nothing else leads to them.
    let children: readonly string[] | undefined
    while (!stop.signal.aborted && children === undefined) {
      const made = await consuming.makeChildren(named)
      // It waits for another shard, which may lag or be halted: that has a name.
      if (made === 'later') watchdog.waits()
      else children = made
      if (children === undefined) await clock.sleep(AGAIN, stop.signal)
    }
    if (stop.signal.aborted || children === undefined) return lost ? 'lost' : 'released'
    final = { checkpoint: { sequence: SHARD_END, subSequence: 0 }, journal: undefined, children }
    await writeFinal()
    if (!held.isHeld()) return 'lost'
    logger.info('shard ended', { ...fields, details: { children } })
    await held.release()
    return 'ended'
  }

  /** Renewals write the same, and tell what they fail with: a table that refuses one write costs no lease. */
  async function writeFinal(): Promise<void> {
    while (held.isHeld())
      try {
        return await held.beat(final)
      } catch {
        // Not cut short by a drain: its signal stays aborted, and the table would be asked without a pause.
        await clock.sleep(AGAIN)
      }
  }

  async function beat(): Promise<void> {
    if (final !== undefined) return held.beat(final)
    const isDone = isReadUp && delivery.complete
    const progress = { ...progressOf(delivery, checkpoint, first), isDone }
    const standstill = drained === undefined ? lookAt(progress) : undefined
    if (standstill !== undefined) return standStill(standstill)
    const news =
      progress.checkpoint.sequence !== written.checkpoint.sequence ||
      progress.checkpoint.subSequence !== written.checkpoint.subSequence ||
      progress.journal !== written.journal ||
      progress.first !== written.first ||
      // Takes of an idle shard count as if its owners had died of it.
      (isDone && held.lease.ownerSwitches > 0)
    await held.beat(news ? { ...progress, journal: packed(progress.journal) } : undefined)
    if (news) written = progress
  }

  function lookAt({ checkpoint: { sequence, subSequence }, journal }: Progress): Standstill | undefined {
    const { waitsFor } = delivery
    return watchdog.look({
      checkpoint: `${sequence}.${subSequence}`,
      journal,
      waitsFor,
    })
  }

  /** Told, and given up: another worker, or another process, may come further. */
  async function standStill({ why, forMs, charged, advice }: Standstill): Promise<void> {
    logger.error('a shard stands still: its lease is given up, so that another worker tries', {
      ...fields,
      details: { why, forMs: Math.round(forMs), waitsFor: delivery.waitsFor ?? 'nothing', advice },
    })
    delivery.revoke(new Error('the shard stands still'))
    stop.abort()
    stalled.resolve('stalled')
    await held.release(charged)
  }

  async function giveUp(until: Date, before?: Promise<unknown>): Promise<Drained> {
    const left = until.getTime() - clock.now()
    const end = clock.monotonic() + Math.max(0, left) + LAST_WRITES
    const [unfinished] = await Promise.all([delivery.settle(until), before])
    // A table that refuses a write or does not answer must not cost what was finished, nor hold the process up for ever.
    await persistently(beat, end, clock)
    await persistently(() => held.release(), end, clock)
    return { unfinished: unfinished.length, isLost: lost }
  }

  return {
    held,
    beat,
    revoke: () => {
      lost = true
      held.lose()
      delivery.revoke(new Error('the lease was lost'))
      stop.abort()
    },
    drain: (until, before) => {
      const draining = giveUp(until, before)
      drained = draining.then(
        ({ isLost }): ConsumerEnd => (isLost ? 'lost' : 'released'),
        (): ConsumerEnd => 'lost',
      )
      stop.abort()
      return draining
    },
    done,
    drained: () => delivery.drained(),
  }
}

function progressOf({ watermark, journal }: Delivery, from: Checkpoint, first: string | undefined): Progress {
  return watermark === undefined ? { checkpoint: from, journal, first } : { checkpoint: watermark, journal }
}
