/** The runtime's scenarios on Lambda: a mapping that retries from the lowest identifier it is told, for ever. */

import { type RuntimeGiven, type RuntimeSubject, runtimeCases } from '@spaceship/core/conformance'
import type { StreamRecord } from '@spaceship/core/engine'
import { silent } from '@spaceship/core/ports'
import { test } from 'vitest'
import type { KinesisEventRecord } from './event.ts'
import { type KinesisHandler, lambda } from './lambda.ts'

const TIMEOUT = 60_000
const BATCH = 4

const subject: RuntimeSubject = {
  start: async (given) => mapping(given),
  without: {
    'lost lease: a process that is paused starts nothing after its successor did':
      'Lambda has no lease: a frozen environment is tested in the engine, as A4',
    'reshard: a child begins when its parent has ended, also if a process dies in between':
      'the mapping reads parents first; a function sees batches of one shard',
  },
}

function mapping({ clock, make, born, stream, shard }: RuntimeGiven) {
  const shardRecords: StreamRecord[] = []
  let next = 0
  let environment = init()
  let closed = false
  let invocations = 0

  function init(): KinesisHandler {
    const life = born()
    return lambda(make(life), {
      application: 'conformance',
      state: life.state,
      deadLetters: life.deadLetters,
      clock,
      random: () => 0.5,
      logger: silent,
      exit: () => {},
    })
  }

  /** One invocation; undefined if the environment died or passed its timeout. */
  async function invoke(records: readonly StreamRecord[]) {
    const began = clock.now()
    const event = { Records: records.map((record) => encoded(record, stream, shard)) }
    const context = { getRemainingTimeInMillis: () => began + TIMEOUT - clock.now() }
    const own = ++invocations
    const died = new Promise<undefined>((resolve) => {
      gone = () => resolve(undefined)
    })
    const response = await Promise.race([environment(event, context), died])
    return own === invocations ? response : undefined
  }
  let gone = () => {}

  async function poll(): Promise<void> {
    while (!closed) {
      const batch = shardRecords.slice(next, next + BATCH)
      if (batch.length === 0) {
        await clock.sleep(200)
        continue
      }
      const response = await invoke(batch)
      const failed = response?.batchItemFailures[0]?.itemIdentifier
      if (response === undefined) await clock.sleep(100)
      else if (failed === undefined) next += batch.length
      else next = shardRecords.findIndex(({ sequence }) => sequence === failed)
    }
  }
  const polling = poll()

  return {
    put: (records: readonly StreamRecord[]) => void shardRecords.push(...records),
    pass: async (ms: number) => {
      await idle()
      await clock.moveTo(clock.now() + ms, idle)
    },
    died: () => {
      invocations += 1
      gone()
      environment = init()
    },
    // Between two invocations an environment may be replaced.
    handOver: async () => {
      const before = next
      for (let i = 0; i < 100 && next === before; i += 1) await clock.moveTo(clock.now() + 1_000, idle)
      environment = init()
    },
    get acknowledged() {
      return next === 0 ? '' : (shardRecords[next - 1]?.sequence ?? '')
    },
    close: async () => {
      closed = true
      gone()
      await clock.moveTo(clock.now() + TIMEOUT, idle)
      await polling
    },
  }
}

function encoded(record: StreamRecord, stream: string, shard: string): KinesisEventRecord {
  return {
    eventID: `${shard}:${record.sequence}`,
    eventSourceARN: `arn:aws:kinesis:eu-west-1:123456789012:stream/${stream}`,
    kinesis: {
      partitionKey: record.partitionKey,
      sequenceNumber: record.sequence,
      data: Buffer.from(record.data).toString('base64'),
      approximateArrivalTimestamp: record.arrivedAt.getTime() / 1_000,
    },
  }
}

const idle = () => new Promise<void>((resolve) => setImmediate(resolve))

for (const { name, run } of runtimeCases) {
  const why = subject.without?.[name]
  if (why === undefined) test(`lambda: ${name}`, () => run(subject))
  else test.skip(`lambda: ${name} (${why})`)
}
