/**
 * Owns putting records on a stream. PutRecords keeps no order and may take some records and refuse others, so a request
 * holds at most one record of each partition key: the next one of the key follows once the former is accepted.
 *
 * Beside the table of `../aws/errors.ts`, which says it of all of AWS:
 *
 * | what is found, or answered                             | then                                                           |
 * |--------------------------------------------------------|----------------------------------------------------------------|
 * | a record that is larger than the stream takes          | Permanent for its own put, before anything is sent             |
 * | a partition key that Kinesis does not take             | its digest is the key: its records stay on one shard, in order |
 * | the request is refused for what it holds               | each of its records goes out alone; Permanent for the one that |
 * |                                                        | is refused alone                                               |
 * | set-up: access, credentials, KMS, no stream            | `Unavailable` with `setup` for all that wait, at once          |
 * | throttled, or an outage, of the request or of a record | sent again; `Unavailable` for all after `attempts` without     |
 * |                                                        | progress                                                       |
 * | the put's signal is aborted                            | its reason; what is not under way yet is not sent              |
 */

import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { codeOf, Unavailable } from '@spaceship/core'
import { bare, callable, check, count, port, required, type ShapesOf, setUpOf } from '@spaceship/core/adapter'
import { type Clock, type EventSink, systemClock } from '@spaceship/core/ports'
import { classified, nameFor, ofName, client as sdk } from '../aws/index.ts'
import { type Entry, entryOf, MOST_BYTES, MOST_RECORDS, RECORD_BYTES } from './entry.ts'

export interface KinesisSinkOptions {
  readonly client: KinesisClient
  readonly stream: string
  /**
   * What the stream takes in one record, data and partition key together: its `MaxRecordSizeInKiB`, in bytes. A larger record is
   * refused before it is sent.
   *
   * @default 1_048_576
   */
  readonly maxRecordBytes?: number
  /** Rounds without progress before the put fails. @default 8 */
  readonly attempts?: number
  readonly clock?: Clock
  readonly random?: () => number
}

interface Waiting {
  readonly entry: Entry
  readonly accepted: () => void
  readonly refused: (error: unknown) => void
  /** A request that held others, too, was refused for what it held. */
  alone: boolean
}

export const SINK = {
  options: bare({
    client: required(sdk('KinesisClient')),
    stream: nameFor('stream'),
    maxRecordBytes: count(1, RECORD_BYTES.most),
    attempts: count(),
    clock: port('sleep', 'a Clock'),
    random: callable,
  } satisfies ShapesOf<KinesisSinkOptions>),
}

/**
 * An EventSink on a Kinesis stream. Puts that run at the same time share requests.
 *
 * @throws ConfigurationError that lists every problem; `put`: Permanent for what the stream does not take, Unavailable
 */
export function kinesisSink(options: KinesisSinkOptions): EventSink {
  check('kinesisSink', SINK, { options })
  const { client, stream, attempts = 8, clock = systemClock, random = Math.random } = options
  const limit = options.maxRecordBytes ?? RECORD_BYTES.usual
  const about = { dependency: 'kinesis', resource: `stream '${stream}'`, actions: ['kinesis:PutRecords'] }
  let queue: Waiting[] = []
  let running = false

  async function run(): Promise<void> {
    running = true
    try {
      for (let failures = 0; queue.length > 0; ) {
        const batch = nextBatch(queue)
        const left = await send(batch)
        const again = settle(batch, left)
        failures = again.length < batch.length || again.some(({ alone }) => alone) ? 0 : failures + 1
        const [first] = again
        if (failures >= attempts && first !== undefined) {
          const message = `the stream '${stream}' took nothing in ${attempts} attempts`
          refuseAll(new Unavailable('kinesis', message, { cause: left.get(first) }))
        } else if (first !== undefined && !first.alone) {
          await clock.sleep(random() * Math.min(5_000, 50 * 2 ** failures))
        }
      }
    } catch (error) {
      // A clock or a source of chance that fails; no put may wait for ever.
      refuseAll(error)
    }
    // In the same turn as the last look at the queue: a put that comes next must start another run.
    running = false
  }

  /** @returns what was not accepted, with the reason */
  async function send(batch: readonly Waiting[]): Promise<Map<Waiting, unknown>> {
    const Records = batch.map(({ entry }) => ({ PartitionKey: entry.key, Data: entry.data }))
    const left = new Map<Waiting, unknown>()
    try {
      const answer = await client.send(new PutRecordsCommand({ StreamName: stream, Records }))
      batch.forEach((waiting, i) => {
        const code = answer.Records?.[i]?.ErrorCode
        const cause = new Error(code)
        if (code !== undefined) left.set(waiting, ofName(about, code, cause) ?? cause)
      })
    } catch (error) {
      for (const waiting of batch) left.set(waiting, classified(about, error))
    }
    return left
  }

  /** Ends the puts whose outcome is known. @returns those that are to be sent again */
  function settle(batch: readonly Waiting[], left: ReadonlyMap<Waiting, unknown>): readonly Waiting[] {
    const blocked = [...left.values()].find((error) => setUpOf(error) !== undefined)
    const ended = new Set<Waiting>()
    for (const waiting of batch) {
      const error = left.get(waiting)
      if (!left.has(waiting)) waiting.accepted()
      else if (codeOf(error) !== 'permanent') continue
      else if (batch.length === 1) waiting.refused(error)
      else {
        waiting.alone = true
        continue
      }
      ended.add(waiting)
    }
    queue = queue.filter((waiting) => !ended.has(waiting))
    if (blocked !== undefined) refuseAll(blocked)
    const waiting = new Set(queue)
    return batch.filter((sent) => waiting.has(sent))
  }

  function refuseAll(error: unknown): void {
    for (const waiting of queue.splice(0)) waiting.refused(error)
  }

  return {
    put: async (records, signal) => {
      signal?.throwIfAborted()
      const entries = records.map((record) => entryOf(record, stream, limit))
      const own = new Set<Waiting>()
      const puts = entries.map(
        (entry) =>
          new Promise<void>((accepted, refused) => own.add({ entry, accepted, refused, alone: false })),
      )
      const leave = () => {
        queue = queue.filter((waiting) => !own.has(waiting))
        for (const { refused } of own) refused(signal?.reason)
      }
      signal?.addEventListener('abort', leave, { once: true })
      queue.push(...own)
      // Never rejects: what fails is told to those who wait.
      if (!running) void run()
      try {
        await Promise.all(puts)
      } finally {
        signal?.removeEventListener('abort', leave)
      }
    },
  }
}

/** The first waiting record of each partition key, within the limits of one request; one that goes alone goes alone. */
function nextBatch(queue: readonly Waiting[]): Waiting[] {
  const [first] = queue
  if (first?.alone) return [first]
  const keys = new Set<string>()
  const batch: Waiting[] = []
  let bytes = 0
  for (const waiting of queue) {
    const { key, size } = waiting.entry
    if (keys.has(key)) continue
    keys.add(key)
    if (waiting.alone) continue
    if (batch.length > 0 && (batch.length === MOST_RECORDS || bytes + size > MOST_BYTES)) break
    bytes += size
    batch.push(waiting)
  }
  return batch
}
