/**
 * Owns the worker: which leases it holds, and its life from start to drain.
 *
 * ```
 *  run ─> table ─> sync shards ─┬─ every failover/3: beat all leases, scan, take ──┐
 *                               │                         ▲                        │
 *                               └─ every shardSync: sync ─┴────────────────────────┘
 *  SIGTERM or stop() ─> no more leases ─> drain every consumer ─> report
 * ```
 */

import { type Reactor, refuse } from '@spaceship/core'
import { type Consumer, startConsumer } from './consume/index.ts'
import { nameOf } from './errors.ts'
import {
  chooseLeases,
  holdLease,
  type Lease,
  type NewLease,
  observeLeases,
  SHARD_END,
  SINGLE_STREAM,
  type StreamId,
} from './leases/index.ts'
import { parseWorkerOptions, READ_INTERVAL, type WorkerOptions } from './options.ts'
import { identify, listShards, missingLeases } from './shards/index.ts'

/** What a drain came to. */
export interface DrainReport {
  /** Everything that had been read is done or kept. */
  readonly complete: boolean
  /** Leases that were given up. */
  readonly leases: number
  /** Positions that the next owner reads again. */
  readonly unfinished: number
}

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
  const { clock, failover, kinesis, leases: table, logger, me, random } = settings
  const consumers = new Map<string, Consumer>()
  const observer = observeLeases(failover)
  const streams = new Map<StreamId, string>()
  const stopping = new AbortController()
  let running: Promise<DrainReport> | undefined

  async function run(): Promise<DrainReport> {
    const stop = () => stopping.abort()
    process.on('SIGTERM', stop).on('SIGINT', stop)
    try {
      await start()
      await Promise.all([heartbeats(), assignments(), shardSyncs()])
      return await drain()
    } finally {
      process.off('SIGTERM', stop).off('SIGINT', stop)
      settings.close()
    }
  }

  async function start(): Promise<void> {
    await table.ensure()
    refuse(`worker of '${engine.application}'`, await foreignLeases())
    for (const { stream } of settings.streams) streams.set(await identify(kinesis, stream), stream)
    await syncShards()
    logger.info('worker started', {
      worker: me,
      application: engine.application,
      streams: [...streams.values()],
    })
  }

  /** Reading such a table would start every shard anew beside the Java workers that own it. */
  async function foreignLeases(): Promise<string[]> {
    const single = (await table.list()).filter((lease) => lease.stream === SINGLE_STREAM)
    const advice =
      "its leases are of KCL's single-stream mode, which this worker does not share: choose another 'leases.table'"
    return single.length === 0 ? [] : [advice]
  }

  /** Works until the stop; a failure is logged and tried again at the next turn. */
  async function every(interval: number, what: string, work: () => Promise<void>): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await work()
      } catch (error) {
        logger.error(`${what} failed: will try again`, {
          worker: me,
          error: nameOf(error),
        })
      }
      await clock.sleep(interval, stopping.signal)
    }
  }

  const heartbeats = () => every(failover / 3, 'renewing leases', beatAll)
  const assignments = () => every(failover / 3, 'taking leases', takeLeases)
  const shardSyncs = () => every(settings.shardSync, 'looking for shards', syncShards)

  async function beatAll(): Promise<void> {
    const beats = [...consumers.values()].map((consumer) =>
      consumer.beat().catch((error: unknown) => beatFailed(consumer, error)),
    )
    await Promise.all(beats)
  }

  /** Throttled or cut off: the lease is ours until it runs out; then it is lost without anyone telling us. */
  function beatFailed(consumer: Consumer, error: unknown): void {
    const { held } = consumer
    logger.warn('a lease could not be renewed', {
      lease: held.lease.key,
      held: held.isHeld(),
      error: nameOf(error),
    })
    if (!held.isHeld()) lose(consumer, 'it was not renewed in time')
  }

  async function takeLeases(): Promise<void> {
    const all = await table.list()
    const open = all.filter((lease) => streams.has(lease.stream))
    const ended = new Set(
      open.filter((lease) => lease.checkpoint.sequence === SHARD_END).map((lease) => lease.key),
    )
    const ready = (lease: Lease) =>
      lease.parents.every(
        (parent) =>
          !open.some(
            (other) => other.stream === lease.stream && other.shard === parent && !ended.has(other.key),
          ),
      )
    // A lease under our own id that we do not hold is from before a restart, or from a start that failed.
    const expired = new Set(observer.free(open, clock.monotonic()))
    const free = open
      .filter((lease) => expired.has(lease) || lease.owner === me)
      .filter((lease) => !ended.has(lease.key) && !consumers.has(lease.key) && ready(lease))
    const counted = open.filter((lease) => !ended.has(lease.key) && ready(lease))
    for (const lease of chooseLeases({ leases: counted, free, me, random })) {
      if (stopping.signal.aborted) return
      if (!consumers.has(lease.key)) await take(lease)
    }
  }

  async function take(lease: Lease): Promise<void> {
    const sentAt = clock.monotonic()
    const taken = await table.take(lease, me)
    if (taken === undefined) return
    // Nobody beats before the consumer is there, so nobody can lose it either.
    const lost = (why: string) => lose(consumer, why)
    const held = holdLease({ table, taken, sentAt, failover, monotonic: clock.monotonic, lost })
    const stream = streams.get(lease.stream) ?? ''
    const { shard } = lease
    const consumer: Consumer = await startConsumer({
      engine,
      held,
      stream,
      clock,
      logger,
      pollInterval: settings.pollInterval,
      readInterval: READ_INTERVAL,
      reading: (from, signal) => ({
        client: kinesis,
        stream,
        shard,
        from,
        limit: settings.limit,
        clock,
        random,
        logger,
        signal,
      }),
      children: () => childrenOf(lease.stream, shard),
      createLease: table.create,
    })
    consumers.set(lease.key, consumer)
    logger.info('lease taken', {
      worker: me,
      lease: lease.key,
      from: lease.owner ?? 'nobody',
      checkpoint: taken.checkpoint.sequence,
    })
    consumer.done.then(
      () => forget(consumer),
      (error: unknown) => lose(consumer, `its consumer failed: ${nameOf(error)}`),
    )
  }

  /** A consumer that ends late may have a successor under the same key, which stays. */
  function forget(consumer: Consumer): void {
    const { key } = consumer.held.lease
    if (consumers.get(key) === consumer) consumers.delete(key)
  }

  function lose(consumer: Consumer, why: string): void {
    forget(consumer)
    consumer.revoke()
    logger.warn('lease lost', { worker: me, lease: consumer.held.lease.key, why })
  }

  async function childrenOf(stream: StreamId, shard: string): Promise<NewLease[]> {
    const shards = await listShards(kinesis, streams.get(stream) ?? '')
    return shards
      .filter((child) => child.parents.includes(shard))
      .map(({ id, parents, hashRange }) => ({
        stream,
        shard: id,
        checkpoint: 'TRIM_HORIZON',
        parents,
        hashRange,
      }))
  }

  async function syncShards(): Promise<void> {
    const leases = await table.list()
    for (const { stream: name, start } of settings.streams) {
      const [stream = ''] = [...streams].find(([, known]) => known === name) ?? []
      const leased = new Set(leases.filter((lease) => lease.stream === stream).map((lease) => lease.shard))
      for (const { shard, checkpoint } of missingLeases(await listShards(kinesis, name), leased, start)) {
        await table.create({
          stream,
          shard: shard.id,
          checkpoint,
          parents: shard.parents,
          hashRange: shard.hashRange,
        })
      }
    }
  }

  /** Leases stay alive while their handlers finish: each drain writes and releases its own. */
  async function drain(): Promise<DrainReport> {
    const until = new Date(clock.now() + settings.drainTimeout)
    const drained = new AbortController()
    const alive = keepAlive(drained.signal)
    const ends = await Promise.allSettled([...consumers.values()].map((consumer) => consumer.drain(until)))
    drained.abort()
    await alive
    const unfinished = ends.reduce((sum, end) => sum + (end.status === 'fulfilled' ? end.value : 0), 0)
    const report = {
      complete: unfinished === 0 && ends.every((end) => end.status === 'fulfilled'),
      leases: ends.length,
      unfinished,
    }
    logger.info('worker drained', { worker: me, ...report })
    return report
  }

  async function keepAlive(drained: AbortSignal): Promise<void> {
    while (!drained.aborted) {
      await clock.sleep(failover / 3, drained)
      if (!drained.aborted) await beatAll()
    }
  }

  const self: Worker = {
    id: me,
    run: () => {
      if (running === undefined && stopping.signal.aborted) return self.stop()
      running ??= run()
      return running
    },
    stop: async () => {
      stopping.abort()
      if (running !== undefined) return running
      settings.close()
      return { complete: true, leases: 0, unfinished: 0 }
    },
    [Symbol.asyncDispose]: async () => {
      // An error of the run is the caller's of `run`.
      await self.stop().catch(() => {})
    },
  }
  return self
}
