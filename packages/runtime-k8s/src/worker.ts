/**
 * Owns the life of a worker's process, from its start to the report of its drain.
 *
 * ```
 *  run ─> check set-up ─> whose rows ─> identify streams ─> sync shards ─┬─ every failover/3: scan, take leases
 *                                                                       ├─ every shardSync:  sync shards
 *                                                                       └─ at each window's end: put ticks (`ticks.ts`)
 *  SIGTERM, SIGINT or stop() ─> no more leases ─> drain every consumer ─> report ─> close
 *
 *  A lease that is held is renewed until its consumer is done, in the drain too (`leases/renewal.ts`).
 * ```
 */

import type { Reactor } from '@spaceship/core'
import { refuse } from '@spaceship/core/adapter'
import type { Engine } from '@spaceship/core/engine'
import { classified } from '@spaceship/handlers/aws'
import { Assignment, type AssignmentOptions, type DrainReport } from './assignment.ts'
import { DirectTicks } from './direct.ts'
import { ABOUT_MOVED_ON, foreignLeases, type LeaseScan, layoutOf } from './leases/index.ts'
import { parseWorkerOptions, type WorkerOptions, type WorkerSettings } from './options.ts'
import { unlessAborted } from './patience.ts'
import { startUp } from './start.ts'
import { ShardSync } from './sync.ts'
import { keepTicking } from './ticks.ts'
import { Troubles } from './troubles.ts'

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
  const life = new Life({ engine, settings, shards: new ShardSync(settings) })
  return {
    id: settings.me,
    run: () => life.run(),
    stop: () => life.stop(),
    [Symbol.asyncDispose]: async () => void (await life.stop()),
  }
}

class Life {
  readonly #settings: WorkerSettings
  readonly #shards: ShardSync
  readonly #engine: Engine
  readonly #assignment: Assignment
  readonly #troubles: Troubles
  readonly #direct: DirectTicks
  readonly #stopping = new AbortController()
  #running: Promise<DrainReport> | undefined

  constructor(options: Omit<AssignmentOptions, 'troubles'>) {
    this.#troubles = new Troubles(options.settings.logger)
    this.#settings = options.settings
    this.#shards = options.shards
    this.#engine = options.engine
    this.#assignment = new Assignment({ ...options, troubles: this.#troubles })
    const holds = (key: string) => this.#holds(key)
    const failed = (route: string, error: unknown) => this.#troubles.failed('direct ticks', route, error)
    const { engine, settings } = options
    this.#direct = new DirectTicks({ engine, clock: settings.clock, holds, failed })
  }

  async run(): Promise<DrainReport> {
    if (this.#running === undefined && this.#stopping.signal.aborted) return this.stop()
    this.#running ??= this.#live()
    return this.#running
  }

  async stop(): Promise<DrainReport> {
    this.#stopping.abort()
    const nothing = { complete: true, leases: 0, unfinished: 0 }
    if (this.#running !== undefined) return this.#running.catch(() => nothing)
    this.#settings.close()
    return nothing
  }

  async #live(): Promise<DrainReport> {
    const { failover, shardSync, close } = this.#settings
    const { signal } = this.#stopping
    const stop = () => this.#stopping.abort()
    process.on('SIGTERM', stop).on('SIGINT', stop)
    try {
      await this.#start()
      const turns = Promise.all([
        this.#every(failover / 3, 'taking leases', () => this.#assignment.take(signal)),
        this.#every(shardSync, 'looking for shards', () => this.#shards.sync()),
        this.#tick(),
      ])
      // A request that does not answer must not keep the drain from beginning.
      await unlessAborted(turns, signal)
      return await this.#drain()
    } finally {
      process.off('SIGTERM', stop).off('SIGINT', stop)
      close()
    }
  }

  /** Without routes made with `every` there is nothing to do. */
  async #tick(): Promise<void> {
    const { clock, kinesis, streams, ticks } = this.#settings
    const { application, routes } = this.#engine
    const stream = streams[0]?.stream
    if (!ticks || stream === undefined) return
    const holds = (key: string) => this.#holds(key)
    const [troubles, direct] = [this.#troubles, this.#direct]
    const options = { application, routes, stream, kinesis, clock, troubles, direct, holds }
    await keepTicking(options, this.#stopping.signal)
  }

  /** Ticks lie on the first stream. */
  #holds(partitionKey: string): boolean {
    const [first] = this.#settings.streams
    return first !== undefined && this.#assignment.holds(first.stream, partitionKey)
  }

  async #start(): Promise<void> {
    const { signal } = this.#stopping
    await startUp(this.#engine, this.#settings, signal, () => this.#join())
    if (signal.aborted) return
    const { failover, logger, migrate } = this.#settings
    logger.info('worker started', {
      details: {
        streams: this.#shards.streams,
        routes: this.#engine.routes.map(({ key }) => key),
        failoverMs: failover,
        migrate,
      },
    })
  }

  async #join(): Promise<void> {
    const { leases, layout } = this.#settings
    const known = await leases.scan()
    this.#refuseForeign(known)
    if (known.leases.length === 0) this.#tellOfNewTable()
    await this.#shards.identify(layoutOf(known.leases, layout))
    await this.#shards.sync()
    // An application that starts at the same moment writes its rows between our look and our own rows.
    this.#refuseForeign(await leases.scan())
  }

  /** A table that is new by mistake, a name misspelt, starts every shard anew. */
  #tellOfNewTable(): void {
    const { logger, streams } = this.#settings
    const starts = Object.fromEntries(streams.map(({ stream, start }) => [stream, start]))
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

  /** Works until the stop; a failure is logged and tried again at the next turn. */
  async #every(interval: number, what: string, work: () => Promise<void>): Promise<void> {
    const { clock } = this.#settings
    const about = { dependency: 'kinesis', resource: 'streams', actions: ['kinesis:ListShards'] }
    while (!this.#stopping.signal.aborted) {
      try {
        await work()
        this.#troubles.over(what, '')
      } catch (error) {
        this.#troubles.failed(what, '', classified(about, error))
      }
      await clock.sleep(interval, this.#stopping.signal)
    }
  }

  async #drain(): Promise<DrainReport> {
    const { clock, drainTimeout, logger } = this.#settings
    logger.info('worker drains', { details: { leases: this.#assignment.held, within: drainTimeout } })
    const began = clock.monotonic()
    const until = new Date(clock.now() + drainTimeout)
    // A direct tick needs the lease of its shard: both end at the same time.
    const [report] = await Promise.all([this.#assignment.drain(until), this.#direct.drain(until)])
    const durationMs = Math.round(clock.monotonic() - began)
    logger.info('worker drained', { durationMs, details: { ...report } })
    return report
  }
}
