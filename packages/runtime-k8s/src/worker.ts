/**
 * Owns the life of a worker's process, from its start to the report of its drain.
 *
 * ```
 *  run ─> check set-up ─> whose rows ─> identify streams ─> sync shards ─┬─ now and then, and when told: scan, take leases
 *                                                                       ├─ every second:     listen for notices (`notices.ts`)
 *                                                                       ├─ every shardSync:  sync shards
 *                                                                       └─ at each window's end: put ticks (`ticks.ts`)
 *  SIGTERM, SIGINT or stop() ─> no more leases ─> drain every consumer ─> report ─> close
 *
 *  A lease that is held is renewed until its consumer is done, in the drain too (`leases/renewal.ts`).
 * ```
 */

import { codeOf, type Reactor } from '@spaceship/core'
import { refuse } from '@spaceship/core/adapter'
import type { Engine } from '@spaceship/core/engine'
import { classified } from '@spaceship/handlers/aws'
import { Assignment } from './assignment.ts'
import { DirectTicks } from './direct.ts'
import type { DrainReport } from './drain-report.ts'
import { ABOUT_MOVED_ON, foreignLeases, type LeaseScan, layoutOf, type StreamId } from './leases/index.ts'
import { Notices } from './notices.ts'
import { parseWorkerOptions, type WorkerOptions, type WorkerSettings } from './options.ts'
import { unlessAborted } from './patience.ts'
import { startUp } from './start.ts'
import { Streams } from './streams.ts'
import { LATE, ShardSync } from './sync.ts'
import { keepTicking } from './ticks.ts'
import { Troubles } from './troubles.ts'

/** Milliseconds in which another worker makes the rows that are missing, or has taken what it takes. */
const SOON = 2_000

/** In words, for what is told of its troubles. */
const LOOKING = 'looking for shards'

export interface Worker extends AsyncDisposable {
  readonly id: string
  /**
   * Consumes until SIGTERM or SIGINT, then drains. Calling it again joins the same run.
   *
   * @throws whatever keeps it from starting: missing permissions, an unknown stream
   */
  run(): Promise<DrainReport>
  /** Drains, as SIGTERM does. May be called more than once, and before `run`. What keeps a run from starting is said by `run` alone. */
  stop(): Promise<DrainReport>
}

/**
 * A worker: shares the shards of its streams with the other workers of the application, and feeds the reactors.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * await using pod = worker([onboarding(deps)], { application: 'onboarding', streams: ['clients-cdc'], state, deadLetters })
 * await pod.run()
 */
export function worker(reactors: readonly Reactor[], options: WorkerOptions): Worker {
  const { engine, settings } = parseWorkerOptions(reactors, options)
  const life = new Life(engine, settings)
  return {
    id: settings.me,
    run: () => life.run(),
    stop: () => life.stop(),
    [Symbol.asyncDispose]: async () => void (await life.stop()),
  }
}

class Life {
  readonly #settings: WorkerSettings
  readonly #streams: Streams
  readonly #shards: ShardSync
  readonly #engine: Engine
  readonly #assignment: Assignment
  readonly #troubles: Troubles
  readonly #direct: DirectTicks
  readonly #stopping = new AbortController()
  readonly #notices: Notices
  /** Ends the wait for the next look for leases. */
  #hurry = new AbortController()
  #running: Promise<DrainReport> | undefined
  #drained: DrainReport | undefined

  constructor(engine: Engine, settings: WorkerSettings) {
    const { clock, closed, random, failover, application } = settings
    this.#troubles = new Troubles(settings.logger)
    this.#settings = settings
    this.#engine = engine
    this.#notices = new Notices({
      ...{ application, state: settings.state, clock, closed, random, failover },
      failed: (what, error) => this.#troubles.failed(what, '', error),
      worked: (what) => this.#troubles.over(what, ''),
    })
    const freed = () => {
      this.#hurry.abort()
      // Never rejects.
      void this.#notices.tell()
    }
    // Of two that steal from it in one moment neither knows, and it would look for its share in a minute. At a start many lose some at the same time.
    const lost = () => {
      // Never rejects.
      void clock.sleep((0.5 + random()) * SOON, this.#stopping.signal).then(() => this.#hurry.abort())
    }
    this.#streams = new Streams(settings)
    this.#shards = new ShardSync(settings, this.#streams, freed)
    const [streams, shards, troubles, notices] = [this.#streams, this.#shards, this.#troubles, this.#notices]
    const holds = (key: string) => this.#holds(key)
    const first = settings.streams[0]?.name ?? ''
    const leaves = (key: string) => this.#assignment.holdings.isLeaving(first, key)
    const failed = (route: string, error: unknown) => this.#troubles.failed('direct ticks', route, error)
    const direct = new DirectTicks({ engine, clock, holds, leaves, failed })
    this.#direct = direct
    const told = { troubles, notices, freed, lost }
    this.#assignment = new Assignment({ engine, settings, streams, shards, direct, ...told })
  }

  async run(): Promise<DrainReport> {
    if (this.#running === undefined && this.#stopping.signal.aborted) return this.stop()
    this.#running ??= this.#live()
    return this.#running
  }

  async stop(): Promise<DrainReport> {
    this.#stopping.abort()
    const nothing = { complete: true, leases: 0, unfinished: 0 }
    if (this.#running !== undefined) return this.#running.catch(() => this.#drained ?? nothing)
    this.#settings.close()
    return nothing
  }

  async #live(): Promise<DrainReport> {
    const { close } = this.#settings
    const { signal } = this.#stopping
    const stop = () => this.#stopping.abort()
    process.on('SIGTERM', stop).on('SIGINT', stop)
    try {
      await this.#start()
      const turns = Promise.all([
        this.#take(),
        this.#syncOnAndOn(),
        this.#notices.listen(() => this.#hurry.abort(), signal),
        this.#tick(),
      ])
      try {
        // A request that does not answer must not keep the drain from beginning.
        await unlessAborted(turns, signal)
      } finally {
        // None of them should fail: whatever does, what is held is given back before that is told.
        stop()
        this.#drained = await this.#drain()
      }
      return this.#drained
    } finally {
      process.off('SIGTERM', stop).off('SIGINT', stop)
      close()
    }
  }

  /** Without routes made with `every` there is nothing to do. */
  async #tick(): Promise<void> {
    const { clock, kinesis, streams, ticks } = this.#settings
    const { application, routes } = this.#engine
    const [stream] = streams
    if (!ticks || stream === undefined) return
    const holds = (key: string) => this.#holds(key)
    const [troubles, direct] = [this.#troubles, this.#direct]
    const options = { application, routes, stream, kinesis, clock, troubles, direct, holds }
    await keepTicking(options, this.#stopping.signal)
  }

  /** Ticks lie on the first stream. */
  #holds(partitionKey: string): boolean {
    const [first] = this.#settings.streams
    return first !== undefined && this.#assignment.holdings.holds(first.name, partitionKey)
  }

  async #start(): Promise<void> {
    const { signal } = this.#stopping
    await startUp(this.#engine, this.#settings, signal, (identities) => this.#join(identities))
    if (signal.aborted) return
    const { failover, logger, migrate, process: holder } = this.#settings
    logger.info('worker started', {
      details: {
        // As its leases name it, and as others do that were given the same id.
        ...(holder !== undefined && { holder }),
        streams: this.#streams.names,
        routes: this.#engine.routes.map(({ key }) => key),
        failoverMs: failover,
        migrate,
      },
    })
  }

  async #join(identities: ReadonlyMap<string, StreamId>): Promise<void> {
    const { leases, layout } = this.#settings
    const known = await leases.scan()
    this.#refuseForeign(known)
    const rows = [...known.leases, ...known.malformed.flatMap(({ place }) => place ?? [])]
    if (rows.length === 0) this.#tellOfNewTable()
    this.#streams.identify(layoutOf(rows, layout), identities)
    const failures = (await this.#shards.sync())?.values() ?? []
    // A slow list fails no start: the next look, which comes soon, makes the rows or tells of it.
    const failure = [...failures].find((error) => codeOf(error) !== LATE)
    if (failure !== undefined) throw failure
    // An application that starts at the same moment writes its rows between our look and our own rows.
    this.#refuseForeign(await leases.scan())
  }

  /** A table that is new by mistake, a name misspelt, starts every shard anew. */
  #tellOfNewTable(): void {
    const { logger, streams } = this.#settings
    const starts = Object.fromEntries(
      streams.map(({ name, start, startAt }) => [name, startAt?.toISOString() ?? start]),
    )
    logger.warn('the lease table is new: each stream is read from its start position', {
      details: { starts },
    })
  }

  #refuseForeign({ leases, movedOn }: LeaseScan): void {
    refuse(`worker of '${this.#settings.application}'`, [
      ...foreignLeases(leases, this.#settings),
      ...(movedOn === undefined
        ? []
        : [`the lease table has moved on from KCL 2.x (${movedOn}): ${ABOUT_MOVED_ON}`]),
    ])
  }

  /** Looks for leases until the stop: when its time has come, and when others tell of some. */
  async #take(): Promise<void> {
    const { clock, failover } = this.#settings
    const { signal } = this.#stopping
    signal.addEventListener('abort', () => {
      this.#hurry.abort()
    })
    while (!signal.aborted) {
      // What is told while it looks may not be in what it saw.
      this.#hurry = new AbortController()
      const wait = await this.#tried('taking leases', () => this.#assignment.take(signal))
      if (!signal.aborted) await clock.sleep(wait ?? failover / 3, this.#hurry.signal)
    }
  }

  async #syncOnAndOn(): Promise<void> {
    const { clock, random, shardSync } = this.#settings
    const { signal } = this.#stopping
    for (;;) {
      // The start has just looked.
      const wait = this.#shards.isBeaten ? (0.5 + random()) * SOON : shardSync
      await clock.sleep(Math.min(shardSync, wait), signal)
      if (signal.aborted) return
      const failures = await this.#tried(LOOKING, () => this.#shards.sync())
      if (failures !== undefined) this.#tellOfStreams(failures)
    }
  }

  /** Each by itself: what is denied for one may be throttled for another. */
  #tellOfStreams(failures: ReadonlyMap<string, unknown>): void {
    for (const stream of this.#streams.names) {
      const error = failures.get(stream)
      const about = { dependency: 'kinesis', resource: `stream '${stream}'`, actions: ['kinesis:ListShards'] }
      if (error === undefined) this.#troubles.over(LOOKING, stream)
      else this.#troubles.failed(LOOKING, stream, classified(about, error), { stream })
    }
  }

  /** @returns undefined after a failure, which is logged: it is tried again at the next turn */
  async #tried<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    const about = { dependency: 'kinesis', resource: 'streams', actions: ['kinesis:ListShards'] }
    try {
      const answer = await work()
      this.#troubles.over(what, '')
      return answer
    } catch (error) {
      this.#troubles.failed(what, '', classified(about, error))
      return undefined
    }
  }

  async #drain(): Promise<DrainReport> {
    const { clock, drainTimeout, logger } = this.#settings
    logger.info('worker drains', {
      details: { leases: this.#assignment.holdings.size, within: drainTimeout },
    })
    const began = clock.monotonic()
    const until = new Date(clock.now() + drainTimeout)
    const { routes } = this.#direct
    const ended = this.#direct.drain(until)
    const stream = this.#settings.streams[0]?.name ?? ''
    const [taken, ticks] = await Promise.all([
      this.#assignment.drain(until, { stream, routes, ended }),
      ended,
    ])
    const unfinished = taken.unfinished + ticks
    const report = { ...taken, unfinished, complete: taken.complete && ticks === 0 }
    const durationMs = Math.round(clock.monotonic() - began)
    logger.info('worker drained', { durationMs, details: { ...report } })
    return report
  }
}
