/**
 * Owns the life of a worker's process, from its start to the report of its drain.
 *
 * ```
 *  run ─> lease table ─> identify streams ─> sync shards ─┬─ every failover/3: beat all leases
 *                                                         ├─ every failover/3: scan, take leases
 *                                                         └─ every shardSync:  sync shards
 *  SIGTERM, SIGINT or stop() ─> no more leases ─> drain every consumer, beating on ─> report ─> close
 * ```
 */

import type { Reactor } from '@spaceship/core'
import { refuse } from '@spaceship/core/adapter'
import { Assignment, type AssignmentOptions, type DrainReport } from './assignment.ts'
import { nameOf } from './errors.ts'
import { SINGLE_STREAM } from './leases/index.ts'
import { parseWorkerOptions, type WorkerOptions, type WorkerSettings } from './options.ts'
import { ShardSync } from './sync.ts'

export interface Worker extends AsyncDisposable {
  readonly id: string
  /**
   * Consumes until SIGTERM or SIGINT, then drains. Calling it again joins the same run.
   *
   * @throws whatever keeps it from starting: missing permissions, an unknown stream
   */
  run(): Promise<DrainReport>
  /** Drains, as SIGTERM does. May be called more than once, and before `run`. */
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
    [Symbol.asyncDispose]: async () => {
      // An error of the run is the caller's of `run`.
      await life.stop().catch(() => {})
    },
  }
}

class Life {
  readonly #application: string
  readonly #settings: WorkerSettings
  readonly #shards: ShardSync
  readonly #assignment: Assignment
  readonly #stopping = new AbortController()
  #running: Promise<DrainReport> | undefined

  constructor(options: AssignmentOptions) {
    this.#application = options.engine.application
    this.#settings = options.settings
    this.#shards = options.shards
    this.#assignment = new Assignment(options)
  }

  async run(): Promise<DrainReport> {
    if (this.#running === undefined && this.#stopping.signal.aborted) return this.stop()
    this.#running ??= this.#live()
    return this.#running
  }

  async stop(): Promise<DrainReport> {
    this.#stopping.abort()
    if (this.#running !== undefined) return this.#running
    this.#settings.close()
    return { complete: true, leases: 0, unfinished: 0 }
  }

  async #live(): Promise<DrainReport> {
    const { failover, shardSync, close } = this.#settings
    const { signal } = this.#stopping
    const stop = () => this.#stopping.abort()
    process.on('SIGTERM', stop).on('SIGINT', stop)
    try {
      await this.#start()
      await Promise.all([
        this.#every(failover / 3, 'renewing leases', () => this.#assignment.beat()),
        this.#every(failover / 3, 'taking leases', () => this.#assignment.take(signal)),
        this.#every(shardSync, 'looking for shards', () => this.#shards.sync()),
      ])
      return await this.#drain()
    } finally {
      process.off('SIGTERM', stop).off('SIGINT', stop)
      close()
    }
  }

  async #start(): Promise<void> {
    const { leases: table, logger, me } = this.#settings
    await table.ensure()
    refuse(`worker of '${this.#application}'`, await this.#foreignLeases())
    await this.#shards.identify()
    await this.#shards.sync()
    const { streams } = this.#shards
    logger.info('worker started', { worker: me, application: this.#application, streams })
  }

  /** Reading such a table would start every shard anew beside the Java workers that own it. */
  async #foreignLeases(): Promise<string[]> {
    const leases = await this.#settings.leases.list()
    const advice =
      "its leases are of KCL's single-stream mode, which this worker does not share: choose another 'leases.table'"
    return leases.some((lease) => lease.stream === SINGLE_STREAM) ? [advice] : []
  }

  /** Works until the stop; a failure is logged and tried again at the next turn. */
  async #every(interval: number, what: string, work: () => Promise<void>): Promise<void> {
    const { clock, logger, me } = this.#settings
    while (!this.#stopping.signal.aborted) {
      try {
        await work()
      } catch (error) {
        logger.error(`${what} failed: will try again`, { worker: me, error: nameOf(error) })
      }
      await clock.sleep(interval, this.#stopping.signal)
    }
  }

  /** Leases stay alive while their handlers finish. */
  async #drain(): Promise<DrainReport> {
    const { clock, drainTimeout, logger, me } = this.#settings
    const drained = new AbortController()
    const alive = this.#keepAlive(drained.signal)
    const report = await this.#assignment.drain(new Date(clock.now() + drainTimeout))
    drained.abort()
    await alive
    logger.info('worker drained', { worker: me, ...report })
    return report
  }

  async #keepAlive(drained: AbortSignal): Promise<void> {
    const { clock, failover } = this.#settings
    while (!drained.aborted) {
      await clock.sleep(failover / 3, drained)
      if (!drained.aborted) await this.#assignment.beat()
    }
  }
}
