/** The runtime's scenarios on a worker's consumer: a lease, a shard that is polled, checkpoints, take-over. */

import { GetShardIteratorCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { type Life, type RuntimeGiven, type RuntimeSubject, runtimeCases } from '@spaceship/core/conformance'
import { createEngine, type StreamRecord } from '@spaceship/core/engine'
import { silent } from '@spaceship/core/ports'
import { test } from 'vitest'
import { holdLease, isSentinel, type LeaseTable, SHARD_END } from '../leases/index.ts'
import { memoryLeases } from '../leases/memory.ts'
import { Troubles } from '../troubles.ts'
import { type Consumer, startConsumer } from './consumer.ts'
import { Fetches } from './fetches.ts'
import { pollShard } from './polling.ts'

const FAILOVER = 10_000

const subject: RuntimeSubject = { start: consuming }

async function consuming({ clock, make, born, stream, shard }: RuntimeGiven) {
  const leases = memoryLeases()
  const id = `123456789012:${stream}:1`
  await leases.create({ stream: id, shard, checkpoint: 'TRIM_HORIZON', parents: [], hashRange: undefined })
  /** The shards in the order of their lives: each is the child of the one before it. */
  const shards: Shard[] = [{ name: shard, records: [], closed: false }]
  let owners = 0
  let at: { readonly consumer: Consumer; readonly life: Life; readonly beats: AbortController } | undefined

  /** The table as a process sees it: cut off when it dies. */
  function tableOf(life: Life): LeaseTable {
    return {
      ...leases,
      renew: (lease) => life.write(() => leases.renew(lease)),
      checkpoint: (lease, progress) => life.write(() => leases.checkpoint(lease, progress)),
      release: (lease) => life.write(() => leases.release(lease)),
    }
  }

  async function takeOver(): Promise<void> {
    const life = born()
    owners += 1
    const lease = (await leases.scan()).leases.find(({ checkpoint }) => checkpoint.sequence !== SHARD_END)
    if (lease === undefined) throw new Error('the lease is gone')
    const taken = await leases.take(lease, `worker-${owners}`)
    if (taken === undefined) throw new Error('the lease was not taken')
    const held = holdLease({
      table: tableOf(life),
      taken,
      sentAt: clock.monotonic(),
      failover: FAILOVER,
      clock,
      lost: () => at?.consumer.revoke(),
      remade: () => {},
      wanted: () => {},
    })
    const engine = createEngine({
      application: 'conformance',
      logger: silent,
      reactors: [make(life)],
      state: life.state,
      deadLetters: life.deadLetters,
      clock,
      random: () => 0.5,
    })
    const consumer = await startConsumer({
      engine,
      held: { ...held, isHeld: () => life.alive && held.isHeld(), lease: taken },
      stream,
      clock,
      logger: silent,
      reader: (from, signal) =>
        pollShard(
          {
            of: { stream, startAt: undefined },
            ...{ client: clientOf(shards), stream, shard: lease.shard, limit: 3, interval: 200, clock },
            ...{
              random: () => 0.5,
              logger: silent,
              troubles: new Troubles(silent),
              isCurrent: async () => true,
            },
            fetches: new Fetches(clock, () => engine.room),
          },
          from,
          signal,
        ),
      maxStandstill: 3_600_000,
      patience: 10_000,
      isCurrent: async () => true,
      makeChildren: async () => {
        const child = shards[shards.findIndex(({ name }) => name === lease.shard) + 1]
        if (child === undefined) return []
        const about = { stream: id, checkpoint: 'TRIM_HORIZON', parents: [lease.shard], hashRange: undefined }
        await life.write(() => leases.create({ ...about, shard: child.name }))
        return [child.name]
      },
    })
    const beats = new AbortController()
    at = { consumer, life, beats }
    void beat(consumer, beats.signal)
    void consumer.done.then((end) => {
      if (end !== 'ended' || !life.alive) return
      beats.abort()
      void takeOver()
    })
  }

  async function beat(consumer: Consumer, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(FAILOVER / 3, signal)
      // The writes of a dead process are not answered, and its next owner needs none of them.
      if (!signal.aborted) await consumer.beat().catch(() => {})
    }
  }

  await takeOver()
  let checkpoint = ''

  async function pass(ms: number): Promise<void> {
    await idle()
    await clock.moveTo(clock.now() + ms, idle)
    checkpoint = ''
    for (const [i, lease] of (await leases.scan()).leases.entries()) {
      const { sequence } = lease.checkpoint
      if (sequence === SHARD_END) checkpoint = shards[i]?.records.at(-1)?.sequence ?? checkpoint
      else if (!isSentinel(sequence)) checkpoint = sequence
    }
  }

  return {
    put: (records: readonly StreamRecord[]) => void shards.at(-1)?.records.push(...records),
    reshard: () => {
      const parent = shards.at(-1)
      if (parent !== undefined) parent.closed = true
      shards.push({ name: `shardId-${String(shards.length).padStart(12, '0')}`, records: [], closed: false })
    },
    pass,
    died: () => {
      at?.beats.abort()
      at?.consumer.revoke()
      void clock.sleep(FAILOVER).then(takeOver)
    },
    loseLease: () => {
      at?.beats.abort()
      void clock.sleep(FAILOVER).then(takeOver)
    },
    handOver: async () => {
      at?.beats.abort()
      let drained = false
      void at?.consumer.drain(new Date(clock.now() + 5_000)).then(() => {
        drained = true
      })
      while (!drained) await pass(250)
      await takeOver()
    },
    get acknowledged() {
      return checkpoint
    },
    close: async () => {
      at?.beats.abort()
      at?.consumer.revoke()
      await pass(FAILOVER)
    },
  }
}

interface Shard {
  readonly name: string
  readonly records: StreamRecord[]
  closed: boolean
}

/** Answers what a consumer asks, from lists. */
function clientOf(shards: readonly Shard[]): KinesisClient {
  const send = async (command: { readonly input: Asked }) => {
    const { input } = command
    if (command instanceof GetShardIteratorCommand) {
      const { ShardId, ShardIteratorType: type, StartingSequenceNumber: start } = input
      const index = shards.findIndex(({ name }) => name === ShardId)
      const found = shards[index]?.records.findIndex(({ sequence }) => sequence === start) ?? -1
      const from = type === 'TRIM_HORIZON' ? 0 : type === 'AT_SEQUENCE_NUMBER' ? found : found + 1
      return { ShardIterator: `${index}:${from}` }
    }
    const [index = 0, from = 0] = (input.ShardIterator ?? '').split(':').map(Number)
    const { records, closed } = shards[index] ?? { records: [], closed: true }
    const page = records.slice(from, from + (input.Limit ?? 1))
    const to = from + page.length
    return {
      Records: page.map(({ sequence, partitionKey, data, arrivedAt }) => ({
        SequenceNumber: sequence,
        PartitionKey: partitionKey,
        Data: data,
        ApproximateArrivalTimestamp: arrivedAt,
      })),
      ...(closed && to === records.length ? {} : { NextShardIterator: `${index}:${to}` }),
      MillisBehindLatest: to < records.length ? 1_000 : 0,
    }
  }
  // Only `send` is used, with the two commands above.
  return { send } as unknown as KinesisClient
}

interface Asked {
  readonly ShardId?: string
  readonly ShardIteratorType?: string
  readonly StartingSequenceNumber?: string
  readonly ShardIterator?: string
  readonly Limit?: number
}

const idle = () => new Promise<void>((resolve) => setImmediate(resolve))

for (const { name, run } of runtimeCases) {
  const why = subject.without?.[name]
  if (why === undefined) test(`worker: ${name}`, () => run(subject))
  else test.skip(`worker: ${name} (${why})`)
}
