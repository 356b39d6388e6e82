/** The runtime's scenarios on a worker's consumer: a lease, a shard that is polled, checkpoints, take-over. */

import { GetShardIteratorCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { type Life, type RuntimeGiven, type RuntimeSubject, runtimeCases } from '@spaceship/core/conformance'
import { createEngine, type StreamRecord } from '@spaceship/core/engine'
import { silent } from '@spaceship/core/ports'
import { test } from 'vitest'
import { holdLease, isSentinel, type LeaseTable } from '../leases/index.ts'
import { memoryLeases } from '../leases/memory.ts'
import { type Consumer, startConsumer } from './consumer.ts'

const FAILOVER = 10_000

const subject: RuntimeSubject = { start: consuming }

async function consuming({ clock, make, born, stream, shard }: RuntimeGiven) {
  const leases = memoryLeases()
  await leases.create({ stream, shard, checkpoint: 'TRIM_HORIZON', parents: [], hashRange: undefined })
  const shardRecords: StreamRecord[] = []
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
    const [lease] = await leases.list()
    if (lease === undefined) throw new Error('the lease is gone')
    const taken = await leases.take(lease, `worker-${owners}`)
    if (taken === undefined) throw new Error('the lease was not taken')
    const held = holdLease({
      table: tableOf(life),
      taken,
      sentAt: clock.now(),
      failover: FAILOVER,
      monotonic: clock.now,
      lost: () => at?.consumer.revoke(),
    })
    const engine = createEngine({
      application: 'conformance',
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
      reading: (from, signal) => ({
        client: clientOf(shardRecords),
        stream,
        shard,
        from,
        limit: 3,
        clock,
        random: () => 0.5,
        logger: silent,
        signal,
      }),
      pollInterval: 200,
      readInterval: 200,
      children: async () => [],
      createLease: async () => {},
    })
    const beats = new AbortController()
    at = { consumer, life, beats }
    void beat(consumer, beats.signal)
  }

  async function beat(consumer: Consumer, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(FAILOVER / 3, signal)
      if (!signal.aborted) await consumer.beat()
    }
  }

  await takeOver()
  let checkpoint = ''

  async function pass(ms: number): Promise<void> {
    await idle()
    await clock.moveTo(clock.now() + ms, idle)
    const [lease] = await leases.list()
    const sequence = lease?.checkpoint.sequence ?? ''
    checkpoint = isSentinel(sequence) ? '' : sequence
  }

  return {
    put: (records: readonly StreamRecord[]) => void shardRecords.push(...records),
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

/** Answers what a consumer asks, from a list. */
function clientOf(records: readonly StreamRecord[]): KinesisClient {
  const send = async (command: { readonly input: Asked }) => {
    const { input } = command
    if (command instanceof GetShardIteratorCommand) {
      const { ShardIteratorType: type, StartingSequenceNumber: start } = input
      const found = records.findIndex(({ sequence }) => sequence === start)
      return {
        ShardIterator: String(
          type === 'TRIM_HORIZON' ? 0 : type === 'AT_SEQUENCE_NUMBER' ? found : found + 1,
        ),
      }
    }
    const from = Number(input.ShardIterator)
    const page = records.slice(from, from + (input.Limit ?? 1))
    return {
      Records: page.map(({ sequence, partitionKey, data, arrivedAt }) => ({
        SequenceNumber: sequence,
        PartitionKey: partitionKey,
        Data: data,
        ApproximateArrivalTimestamp: arrivedAt,
      })),
      NextShardIterator: String(from + page.length),
      MillisBehindLatest: from + page.length < records.length ? 1_000 : 0,
    }
  }
  // Only `send` is used, with the two commands above.
  return { send } as unknown as KinesisClient
}

interface Asked {
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
