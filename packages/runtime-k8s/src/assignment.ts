/**
 * Owns which leases this worker holds: takes them, keeps them alive, and gives them back.
 *
 * ```
 *            scan ─> free, parents ended, within our share
 *                                │ take (conditional on the counter that was seen)
 *                                ▼
 *  nobody's, or a peer's ──> held, with a consumer ──┬─ shard ended ────────────────────> forgotten
 *             ▲                  │ renewed by a      ├─ not renewed in time, ───────────> lost: the consumer
 *             │                  │ loop of its own   │  a peer wrote                      starts nothing more
 *             │                  └──> held           └─ drain: settle, flush, release ──> given back
 *             └──────────────────────────────────────────────────────────────────────────────┘
 * ```
 */

import { codeOf } from '@spaceship/core'
import { inTime } from '@spaceship/core/adapter'
import { type Engine, takenBy } from '@spaceship/core/engine'
import { errorFields, type LogFields } from '@spaceship/core/log'
import { classified } from '@spaceship/handlers/aws'
import { Asks } from './asks.ts'
import { Avoided } from './avoided.ts'
import {
  type Consumer,
  type ConsumerEnd,
  type Drained,
  Fetches,
  pollShard,
  READING,
  startConsumer,
} from './consume/index.ts'
import type { DirectDrain, DirectTicks } from './direct.ts'
import type { DrainReport } from './drain-report.ts'
import { Holdings } from './holdings.ts'
import {
  holdLease,
  isTakeable,
  keepRenewed,
  type Lease,
  type LeaseScan,
  type Observer,
  observeLeases,
  readableLeases,
  SHARD_END,
} from './leases/index.ts'
import { MovedOn } from './moved-on.ts'
import { Namesakes } from './namesakes.ts'
import type { Notices } from './notices.ts'
import type { WorkerSettings } from './options.ts'
import { unsureLeases } from './parents.ts'
import type { Shard } from './shards/index.ts'
import type { Streams } from './streams.ts'
import type { ShardSync } from './sync.ts'
import type { Troubles } from './troubles.ts'
import { AT_ONCE, Watch } from './watch.ts'

export interface AssignmentOptions {
  readonly engine: Engine
  readonly settings: WorkerSettings
  readonly streams: Streams
  readonly shards: ShardSync
  readonly troubles: Troubles
  readonly notices: Pick<Notices, 'tell' | 'told' | 'beat' | 'silent'>
  /** The ticks that run without the stream; they lie on the first one. */
  readonly direct: Pick<DirectTicks, 'routes' | 'leave'>
  /** Told when there are leases that nobody owns: for a look of this worker, and of others. */
  readonly freed: () => void
  /** Told when another worker has taken a lease, or may, or is given one: for a look of this worker alone, which may have less than its share. */
  readonly lost: () => void
}

const RENEWING = 'renewing leases'
const ENDING = 'making the leases that follow on shards'
const OPENING = 'opening shards'
const PARENTS = 'looking for the parents of shards'
const IDENTIFYING = 'looking whether streams were made again'

/** Lives of a lease between two looks of a worker that has its share, and is told of free leases. */
const RELAXED = 6

/** Milliseconds that a drain has for leases of which nobody knows whether they are ours. */
const LAST_LOOK = 1_000

/** Milliseconds after which a worker looks again that was not quick enough. */
const QUICK = 400

export class Assignment {
  /** What this worker consumes. */
  readonly holdings: Holdings
  readonly #engine: Engine
  readonly #settings: WorkerSettings
  readonly #streams: Streams
  readonly #shards: ShardSync
  readonly #observer: Observer
  readonly #fetches: Fetches
  readonly #watch: Watch
  readonly #troubles: Troubles
  readonly #notices: AssignmentOptions['notices']
  readonly #direct: AssignmentOptions['direct']
  readonly #freed: () => void
  readonly #lost: () => void
  readonly #asks: Asks
  readonly #avoided: Avoided
  readonly #namesakes: Namesakes
  readonly #movedOn: MovedOn
  /** Leases that may be ours in the table, and are not held: as a take would have left them. */
  readonly #doubtful = new Map<string, Lease>()
  /** The leases that are taken at this moment. */
  #taking: Promise<unknown> = Promise.resolve()

  constructor(options: AssignmentOptions) {
    const { engine, settings, streams, shards, troubles, notices, direct, freed, lost } = options
    this.#notices = notices
    this.#direct = direct
    this.#freed = freed
    this.#lost = lost
    this.#troubles = troubles
    this.#engine = engine
    this.#settings = settings
    this.#streams = streams
    this.#shards = shards
    this.holdings = new Holdings(streams)
    this.#observer = observeLeases(settings.failover)
    this.#asks = new Asks(settings, this.#observer)
    this.#watch = new Watch(settings, notices)
    this.#avoided = new Avoided(settings, (key) => troubles.forget(OPENING, key))
    this.#namesakes = new Namesakes(settings)
    this.#movedOn = new MovedOn(settings.logger)
    this.#fetches = new Fetches(settings.clock, () => engine.room)
  }

  /**
   * Takes the leases that are due to this worker. The signal keeps it from taking another one.
   *
   * @returns in how many milliseconds to look again, if nobody tells of free leases before
   */
  async take(stopping: AbortSignal): Promise<number> {
    const { clock, failover, leases: table, migrate, random } = this.#settings
    const seen = await table.scan('late')
    const { leases, malformed, movedOn } = seen
    this.#shards.saw(leases)
    await this.#identify(leases)
    this.#leaveFormer()
    if (this.#movedOn.look(movedOn)) return failover / 3
    const takeable = leases.filter((lease) => isTakeable(lease, this.#settings))
    const open = takeable.filter((lease) => this.#streams.isOurs(lease.stream))
    const namesakes = this.#namesakes.look(takeable)
    const expired = new Set(this.#observer.free(takeable, clock.monotonic()))
    // Beside a KCL fleet the share is counted as KCL counts it, with the shards that have ended and those that wait for them.
    const counted = readableLeases(open, malformed)
    this.#avoided.look(leases)
    // What is left to others is stolen from nobody, either.
    const readable = counted.filter(({ key }) => !this.#avoided.has(key))
    const isFree = (lease: Lease) => (expired.has(lease) || namesakes.has(lease)) && !this.#asks.keeps(lease)
    const free = readable.filter((lease) => isFree(lease) && !this.holdings.has(lease.key))
    const look = { leases: migrate ? open : counted, readable, free }
    const { takes, asks, again } = this.#asks.choose(look)
    const unsure = unsureLeases(takes, seen)
    const unread = new Set([...unsure.values()].flat())
    const sure = takes.filter((lease) => !unread.has(lease))
    const failures: unknown[] = []
    const missed = sure.length - (await this.#takeAll(sure, stopping, failures))
    if (stopping.aborted) return 0
    const mine = new Set(takes)
    const watches = await this.#watch.look(
      leases,
      [...expired].filter((lease) => !mine.has(lease) && !this.#asks.keeps(lease)),
    )
    // Of a late view this worker may have taken it since, from a process of its id.
    const lacking = asks.filter(({ key }) => !stopping.aborted && !this.holdings.has(key))
    const asking = lacking.map((lease) => this.#asks.ask(lease))
    const asked = await Promise.allSettled(asking)
    failures.push(...asked.flatMap((ask) => (ask.status === 'rejected' ? [ask.reason] : [])))
    if (unsure.size > 0) await this.#takeAll(await this.#unlessOrphans(unsure, seen), stopping, failures)
    // It is told by whoever waits for this turn, when all of it is over: the next turn would take one that is under way once more.
    if (failures.length > 0) throw failures[0]
    // Others were quicker: what they have left is taken at once.
    if (missed > 0 && free.length > 0) return (0.5 + random()) * QUICK
    return again ?? (watches ? failover / 3 : RELAXED * failover)
  }

  /** @param failures gets what takes failed with: one keeps no other from being tried @returns how many were taken */
  async #takeAll(leases: readonly Lease[], stopping: AbortSignal, failures: unknown[]): Promise<number> {
    let taken = 0
    // One after the other, those of a worker with a thousand shards would take longer than a life.
    for (let from = 0; from < leases.length && !stopping.aborted; from += AT_ONCE) {
      const some = leases.slice(from, from + AT_ONCE).filter(({ key }) => !this.holdings.has(key))
      const taking = Promise.allSettled(some.map((lease) => this.#takeOne(lease, stopping)))
      this.#taking = taking
      for (const end of await taking) {
        if (end.status === 'rejected') failures.push(end.reason)
        else if (end.value) taken += 1
      }
    }
    return taken
  }

  /** Where the stream does not say which parents are left, they are waited for. */
  async #unlessOrphans(unsure: ReturnType<typeof unsureLeases>, seen: LeaseScan): Promise<readonly Lease[]> {
    try {
      const orphans = await this.#shards.orphans(unsure, seen)
      this.#troubles.over(PARENTS, '')
      return [...unsure.values()].flat().filter((lease) => !orphans.has(lease))
    } catch (error) {
      const about = { dependency: 'kinesis', resource: 'streams', actions: ['kinesis:ListShards'] }
      this.#troubles.failed(PARENTS, '', classified(about, error))
      return []
    }
  }

  /** Gives every lease back. Each consumer writes and releases its own when its handlers have finished, or at `until`. */
  async drain(
    until: Date,
    direct: DirectDrain = { stream: '', routes: [], ended: undefined },
  ): Promise<DrainReport> {
    const withdrawn = this.#withdraw(until)
    const isTakenBy = direct.routes.map(takenBy)
    const drains = this.holdings.all().map((consumer) => {
      const keeps = isTakenBy.some((one) => this.holdings.isOf(consumer, direct.stream, one))
      return this.#drainOne(consumer, until, keeps ? direct.ended : undefined)
    })
    const ends = await Promise.allSettled(drains)
    await this.#taken(until)
    await this.#giveBackDoubtful(until)
    await withdrawn
    // The process may end as soon as the drain has, and the others would look again when they would have anyway.
    const within = Math.max(LAST_LOOK, until.getTime() - this.#settings.clock.now())
    await this.#unlessLate(() => this.#notices.told(), within)
    const drained = ends.flatMap((end) => (end.status === 'fulfilled' ? end.value : []))
    const unfinished = drained.reduce((sum, end) => sum + end.unfinished, 0)
    const kept = drained.filter(({ isLost }) => !isLost)
    return { complete: unfinished === 0 && kept.length === ends.length, leases: ends.length, unfinished }
  }

  /** A lease that was asked for as the drain began is given back, too, if the answer comes in time. */
  async #taken(until: Date): Promise<void> {
    await this.#unlessLate(() => this.#taking, until.getTime() - this.#settings.clock.now())
  }

  /** Nobody gives up anything for a worker that stops. */
  async #withdraw(until: Date): Promise<void> {
    const withdraw = async () => {
      // Never rejects, and is waited for with all that is told.
      if (await this.#asks.withdraw()) void this.#notices.tell()
    }
    await this.#unlessLate(withdraw, Math.max(LAST_LOOK, until.getTime() - this.#settings.clock.now()))
  }

  /** What has been written since, or is another's by now, is left as it is. */
  async #giveBackDoubtful(until: Date): Promise<void> {
    if (this.#doubtful.size === 0) return
    const { clock, leases: table } = this.#settings
    const release = () =>
      Promise.allSettled([...this.#doubtful.values()].map((lease) => table.release(lease)))
    // What cannot be given back is taken when its life is over.
    await this.#unlessLate(release, Math.max(LAST_LOOK, until.getTime() - clock.now()))
    // Never rejects, and is waited for with all that is told.
    void this.#notices.tell()
  }

  /** @param work never rejects */
  async #unlessLate(work: () => Promise<unknown>, within: number): Promise<void> {
    const late = 'it is not waited for any more'
    await inTime(work, { within, clock: this.#settings.clock, late }).catch(() => {})
  }

  async #drainOne(consumer: Consumer, until: Date, before?: Promise<unknown>): Promise<Drained> {
    try {
      const drained = await consumer.drain(until, before)
      this.#ended(consumer, drained.isLost ? 'lost' : 'released')
      return drained
    } catch (error) {
      this.#forget(consumer)
      const why =
        'a lease could not be given up: a peer takes it when its life is over, at its last checkpoint'
      this.#settings.logger.error(why, { ...this.#fieldsOf(consumer.held), error: errorFields(error) })
      throw error
    }
  }

  /** @returns whether it is held now */
  async #takeOne(lease: Lease, stopping: AbortSignal): Promise<boolean> {
    const { clock, failover, leases: table, logger, me, process, random } = this.#settings
    const sentAt = clock.monotonic()
    // Until it is known that it is not: the answer may be lost, and the consumer may not start.
    this.#doubtful.set(lease.key, { ...lease, owner: me, process, counter: lease.counter + 1 })
    const taken = await table.take(lease, me, process, this.#observer.lives(lease, sentAt))
    if (taken === undefined) {
      this.#doubtful.delete(lease.key)
      return false
    }
    // The drain has begun, and waits for this one to be given back. Or an earlier write of ours, which ended the shard, came between look and take.
    if (stopping.aborted || taken.checkpoint.sequence === SHARD_END) {
      await table.release(taken)
      this.#doubtful.delete(lease.key)
      return false
    }
    // Nobody beats before the consumer is there, so nobody can lose it either.
    const lost = (why: string) => this.#lose(consumer, why)
    const wanted = (kcl: boolean) => this.#handOver(consumer, kcl)
    const told = { lost, remade: () => this.#remade(taken), wanted }
    const held = holdLease({ table, taken, sentAt, failover, clock, ...told })
    const opened = await this.#consumeUnless(held)
    if (opened === undefined) return false
    const consumer: Consumer = opened
    this.holdings.add(consumer)
    this.#doubtful.delete(lease.key)
    logger.info('lease taken', {
      ...this.#fieldsOf(held),
      details: { from: lease.owner ?? 'nobody', checkpoint: taken.checkpoint.sequence },
    })
    const over = new AbortController()
    // Never rejects: it only forgets the consumer and logs, which cannot fail.
    void consumer.done.then((end) => {
      over.abort()
      this.#ended(consumer, end)
    })
    const beat = async () => {
      await consumer.beat()
      this.#troubles.over(RENEWING, lease.key)
    }
    const failed = (error: unknown) => this.#troubles.failed(RENEWING, lease.key, error, this.#fieldsOf(held))
    // Until its consumer is done, however long that drains. Never rejects: a renewal that fails is logged, and tried again.
    void keepRenewed({ held, beat, failover, clock, random, signal: over.signal, failed })
    // Its failure is told where it is drained.
    if (stopping.aborted) await this.#drainOne(consumer, new Date(clock.now())).catch(() => {})
    return true
  }

  /** What cannot be opened here is told, and left to others: to take it again at once would keep it from them. @returns undefined of such */
  async #consumeUnless(held: Consumer['held']): Promise<Consumer | undefined> {
    const { key } = held.lease
    try {
      const consumer = await this.#consume(held)
      this.#troubles.over(OPENING, key)
      this.#avoided.opened(key)
      return consumer
    } catch (error) {
      this.#troubles.failed(OPENING, key, error, this.#fieldsOf(held))
      this.#avoided.unopened(key)
      await held.release()
      this.#doubtful.delete(key)
      this.#freed()
      return undefined
    }
  }

  #consume(held: Consumer['held']): Promise<Consumer> {
    const {
      clock,
      failover,
      kinesis: client,
      limit,
      logger,
      maxStandstill,
      pollInterval,
      random,
    } = this.#settings
    const { stream: id, shard } = held.lease
    const [stream, of] = [this.#streams.nameOf(id), this.#streams.readingOf(id)]
    const [fetches, troubles] = [this.#fetches, this.#troubles]
    const about = { client, stream, of, shard, limit, interval: pollInterval }
    const isCurrent = () => this.#isCurrent(held)
    const polling = { ...about, fetches, clock, random, logger, troubles, isCurrent }
    return startConsumer({
      engine: this.#engine,
      held,
      stream,
      clock,
      logger,
      maxStandstill,
      patience: failover,
      reader: (from, signal) => pollShard(polling, from, signal),
      makeChildren: (named) => this.#makeChildren(held, named),
      isCurrent,
    })
  }

  /** A refused request costs no lease: it is told, and made again. A shard that has not ended is another matter, and a fresh start. */
  async #makeChildren(
    held: Consumer['held'],
    named: readonly Shard[],
  ): Promise<readonly string[] | 'later' | undefined> {
    const { key, stream, shard } = held.lease
    try {
      const leases = await this.#shards.leasesAfter(stream, shard, named)
      for (const lease of leases === 'later' ? [] : leases) await this.#settings.leases.create(lease)
      this.#troubles.over(ENDING, key)
      return leases === 'later' ? leases : leases.map((lease) => lease.shard)
    } catch (error) {
      if (codeOf(error) === 'shard-open') throw error
      const about = { dependency: 'kinesis', resource: 'streams', actions: ['kinesis:ListShards'] }
      this.#troubles.failed(ENDING, key, classified(about, error), this.#fieldsOf(held))
      return undefined
    }
  }

  /** KCL 3 waits for it, and takes the lease anyway when it has waited long. */
  #handOver(consumer: Consumer, kcl: boolean): void {
    const { logger } = this.#settings
    const fields = this.#fieldsOf(consumer.held)
    const what = 'asks for a lease: what was read of the shard is finished, and the lease is given to it'
    if (kcl) logger.warn(`a fleet of KCL 3 ${what}`, fields)
    else logger.info(`another worker ${what}`, { ...fields, details: { to: consumer.held.lease.wanted } })
    this.#leave(consumer)
  }

  /** One stream that cannot be looked at keeps no lease of the others from being taken. */
  async #identify(leases: readonly Lease[]): Promise<void> {
    const failures = await this.#streams.saw(leases)
    const actions = ['kinesis:DescribeStreamSummary']
    for (const stream of this.#streams.names) {
      const error = failures.get(stream)
      const about = { dependency: 'kinesis', resource: `stream '${stream}'`, actions }
      if (error === undefined) this.#troubles.over(IDENTIFYING, stream)
      else this.#troubles.failed(IDENTIFYING, stream, classified(about, error), { stream })
    }
  }

  /** What was read of a stream that is there no more is finished: nobody can read it again. */
  #leaveFormer(): void {
    for (const consumer of this.holdings.all())
      if (!this.#streams.isOurs(consumer.held.lease.stream)) this.#leave(consumer)
  }

  /** Finishes what runs, and gives the lease up. */
  #leave(consumer: Consumer): void {
    if (!this.holdings.leave(consumer)) return
    const { clock, drainTimeout, streams } = this.#settings
    const until = new Date(clock.now() + drainTimeout)
    const first = streams[0]?.name ?? ''
    const routes = this.#direct.routes.filter((route) => this.holdings.isOf(consumer, first, takenBy(route)))
    // Its failure is told where it is drained.
    this.#drainOne(consumer, until, this.#direct.leave(routes, until)).catch(() => {})
  }

  /** Asked when Kinesis refuses a position: it may be one of a stream that was deleted and made again. */
  async #isCurrent(held: Consumer['held']): Promise<boolean> {
    await this.#streams.again(held.lease.stream)
    this.#leaveFormer()
    return this.#streams.isOurs(held.lease.stream)
  }

  #remade({ key, stream, shard }: Lease): void {
    this.#settings.logger.error(
      'somebody has deleted the row of a lease: it is made again where the shard stands',
      {
        ...{ lease: key, stream: this.#streams.nameOf(stream), shard },
      },
    )
    this.#freed()
  }

  #lose(consumer: Consumer, why: string): void {
    const wasHeld = this.#forget(consumer)
    consumer.revoke()
    this.#avoided.running(consumer.held.lease.key, consumer.drained())
    if (!wasHeld) return
    this.#settings.logger.warn('lease lost', { ...this.#fieldsOf(consumer.held), details: { why } })
    this.#lost()
  }

  #ended(consumer: Consumer, end: ConsumerEnd): void {
    const wasHeld = this.#forget(consumer)
    const { key } = consumer.held.lease
    if (end === 'stalled') this.#avoided.stoodStill(key)
    if (end === 'failed') this.#avoided.unopened(key)
    // What is lost was said before its reading has ended, which may take long.
    if (end !== 'ended' && end !== 'lost') this.#avoided.running(key, consumer.drained())
    // Its children wait, or it waits itself: for all, unless one has asked for it, who looks.
    const isGiven = end === 'released' && consumer.held.lease.wanted !== undefined
    if (isGiven) this.#lost()
    else if (end !== 'lost') this.#freed()
    if (wasHeld && end === 'released')
      this.#settings.logger.info('lease given up', this.#fieldsOf(consumer.held))
  }

  #fieldsOf({ lease: { key, stream, shard } }: Consumer['held']): LogFields {
    return { lease: key, stream: this.#streams.nameOf(stream), shard }
  }

  /** @returns whether it was held: one that ends late may have a successor under its key, which stays */
  #forget(consumer: Consumer): boolean {
    const { key, stream, shard } = consumer.held.lease
    this.#troubles.forget(RENEWING, key)
    this.#troubles.forget(ENDING, key)
    this.#troubles.forget(READING, `${this.#streams.nameOf(stream)}/${shard}`)
    return this.holdings.remove(consumer)
  }
}
