/**
 * Owns putting records on a stream. PutRecords keeps no order and may take some records and refuse others, so a request
 * holds at most one record of each partition key: the next one of the key follows once the former is accepted.
 */

import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { Unavailable } from '@spaceship/core'
import { bare, callable, check, count, port, required, type ShapesOf } from '@spaceship/core/adapter'
import { type Clock, type EventSink, type OutgoingRecord, systemClock } from '@spaceship/core/ports'
import { nameFor, client as sdk } from '../aws/index.ts'

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
const MOST_RECORDS = 500
const MOST_BYTES = 5_000_000

export interface KinesisSinkOptions {
  readonly client: KinesisClient
  readonly stream: string
  /** Rounds without progress before the put fails. @default 8 */
  readonly attempts?: number
  readonly clock?: Clock
  readonly random?: () => number
}

interface Waiting {
  readonly record: OutgoingRecord
  readonly accepted: () => void
  readonly refused: (error: unknown) => void
}

export const SINK = {
  options: bare({
    client: required(sdk('KinesisClient')),
    stream: nameFor('stream'),
    attempts: count(),
    clock: port('sleep', 'a Clock'),
    random: callable,
  } satisfies ShapesOf<KinesisSinkOptions>),
}

/**
 * An EventSink on a Kinesis stream. Puts that run at the same time share requests.
 *
 * @throws ConfigurationError that lists every problem
 */
export function kinesisSink(options: KinesisSinkOptions): EventSink {
  check('kinesisSink', SINK, { options })
  const { client, stream, attempts = 8, clock = systemClock, random = Math.random } = options
  let queue: Waiting[] = []
  let running = false

  async function run(): Promise<void> {
    running = true
    for (let failures = 0; queue.length > 0; ) {
      const batch = nextBatch(queue)
      const left = await send(batch)
      const done = new Set(batch.filter((waiting) => !left.has(waiting)))
      queue = queue.filter((waiting) => !done.has(waiting))
      for (const waiting of done) waiting.accepted()
      failures = done.size > 0 ? 0 : failures + 1
      if (failures >= attempts) {
        const error = new Unavailable(
          'kinesis',
          `the stream '${stream}' took nothing in ${attempts} attempts`,
          { cause: [...left.values()][0] },
        )
        for (const waiting of queue.splice(0)) waiting.refused(error)
      } else if (left.size > 0) {
        await clock.sleep(random() * Math.min(5_000, 50 * 2 ** failures))
      }
    }
    // In the same turn as the last look at the queue: a put that comes next must start another run.
    running = false
  }

  /** @returns what was not accepted, with the reason */
  async function send(batch: readonly Waiting[]): Promise<Map<Waiting, unknown>> {
    const Records = batch.map(({ record }) => ({ PartitionKey: record.partitionKey, Data: record.data }))
    const left = new Map<Waiting, unknown>()
    try {
      const answer = await client.send(new PutRecordsCommand({ StreamName: stream, Records }))
      batch.forEach((waiting, i) => {
        const code = answer.Records?.[i]?.ErrorCode
        if (code !== undefined) left.set(waiting, new Error(code))
      })
    } catch (error) {
      for (const waiting of batch) left.set(waiting, error)
    }
    return left
  }

  return {
    put: async (records, signal) => {
      signal?.throwIfAborted()
      const puts = records.map(
        (record) => new Promise<void>((accepted, refused) => queue.push({ record, accepted, refused })),
      )
      if (!running) void run()
      await Promise.all(puts)
    },
  }
}

/** The first waiting record of each partition key, within the limits of one request. */
function nextBatch(queue: readonly Waiting[]): Waiting[] {
  const keys = new Set<string>()
  const batch: Waiting[] = []
  let bytes = 0
  for (const waiting of queue) {
    const { partitionKey, data } = waiting.record
    if (keys.has(partitionKey)) continue
    keys.add(partitionKey)
    const size = data.length + Buffer.byteLength(partitionKey)
    if (batch.length > 0 && (batch.length === MOST_RECORDS || bytes + size > MOST_BYTES)) break
    bytes += size
    batch.push(waiting)
  }
  return batch
}
