/**
 * Owns polling a shard: what follows on each answer of Kinesis, and the pace.
 *
 * | answer                                               | then                                                          |
 * |------------------------------------------------------|---------------------------------------------------------------|
 * | records, or none and the shard has newer ones        | the next read after 200 ms, or after as long as the page's    |
 * |                                                      | bytes take at 2 MiB a second                                  |
 * | none, and the shard is caught up                     | the next read after the poll interval                         |
 * | another record than the one that is read on from     | retention has passed that one: told, and read on              |
 * | ExpiredIterator, or InvalidArgument for an iterator  | a new iterator at the last record that was read; one that is  |
 * |                                                      | refused before it was of use is a failure like others         |
 * | ResourceNotFound, or InvalidArgument for an iterator, | before the next iterator: whether it is the same stream;     |
 * | and no record to read on from                        | the lease of a former one is given up                         |
 * | ResourceNotFound, and the shard is not listed        | the shard is gone: its unread records are lost, and it ends   |
 * | InvalidArgument for the checkpoint                   | the checkpoint is refused: a fresh start from the oldest one  |
 * | InvalidArgument for a later record                   | the position is lost: the lease is taken again                |
 * | InvalidArgument for a mark                           | its time is to come: the newest record on                     |
 * | throughput exceeded, throttling, outage, no answer   | wait, with full jitter, for up to 2 s or the poll interval    |
 * | within 30 s                                          |                                                               |
 * | a missing permission, another set-up that is wrong   | wait likewise; told once, with what to do                     |
 * | anything else                                        | wait likewise                                                 |
 */

import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { SpaceshipError } from '@spaceship/core'
import type { StreamRecord } from '@spaceship/core/engine'
import { errorFields, type Log } from '@spaceship/core/log'
import type { Clock } from '@spaceship/core/ports'
import { answered, classified, nameOf } from '@spaceship/handlers/aws'
import { type Checkpoint, compareCheckpoints, isSentinel, markOf, timeOf } from '../leases/index.ts'
import { arnOf, listShards } from '../shards/index.ts'
import type { Troubles } from '../troubles.ts'
import type { Fetches } from './fetches.ts'
import { type Beginning, iteratorAt } from './iterators.ts'
import { type Answer, getRecords } from './page.ts'
import type { Page } from './reader.ts'

/** In words, for what is told of its troubles. */
export const READING = 'reading shards'

/** Milliseconds between two reads: Kinesis allows five a second and shard, shared by all applications. */
export const READ_INTERVAL = 200

/**
 * Milliseconds that a failed read is followed by, at the most and with full jitter: on average as many as pass between two reads of a shard
 * that is caught up. So an outage brings Kinesis no more reads than a quiet day, and the shard is hardly later than the outage.
 */
const LONGEST_WAIT = 2_000

/** The same while the stream, or its shard, is not found: each such read is followed by looks that an account has few of. */
const MISSING_WAIT = 10_000

/** What to do about records that are lost. */
const BACKFILL =
  'if records came there, read them from the table itself (a backfill); lengthen the retention of the stream if workers may be down for longer'

/** Kinesis gives so many of a shard, shared likewise: who asks sooner after a large page is refused. */
const BYTES_PER_SECOND = 2 * 1024 * 1024

export interface Polling {
  readonly client: KinesisClient
  /** The stream's name. */
  readonly stream: string
  readonly of: Beginning['of']
  readonly shard: string
  /** Records per read. */
  readonly limit: number
  /** Between two reads of a shard that is caught up, in milliseconds. */
  readonly interval: number
  readonly fetches: Fetches
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Log
  readonly troubles: Troubles
  /** Asks whether the stream is still the one that the lease is of. @throws what Kinesis refuses it with */
  readonly isCurrent: () => Promise<boolean>
}

/** A reader of the shard (`reader.ts`). */
export async function* pollShard(
  polling: Polling,
  from: Checkpoint,
  signal: AbortSignal,
): AsyncGenerator<Page, void> {
  const { stream, shard, clock, logger, random, troubles } = polling
  let last = from
  let average: number | undefined
  let isBehind = true
  let iterator: string | undefined
  let isFresh = false
  /** The record that comes first is to be the one that is read on from. */
  let isExpected = false
  /** The stream was not found, or an iterator of it refused: it may have been made again. */
  let isDoubtful = false
  for (let failures = 0; !signal.aborted; ) {
    try {
      if (iterator === undefined) {
        // A place that is no record is one of any stream, and Kinesis would not refuse it.
        if (isDoubtful && isSentinel(last.sequence) && !(await polling.isCurrent()))
          return yield { records: [], millisBehind: 0, pause: 0, lost: 'position' }
        isDoubtful = false
        iterator = await iteratorFor(polling, last, signal)
        isFresh = true
        isExpected = !isSentinel(last.sequence)
      }
      const answer = await fetched(polling, iterator, { average, isBehind }, signal)
      failures = 0
      isFresh = false
      troubles.over(READING, `${stream}/${shard}`)
      iterator = answer.next
      const { millisBehind } = answer
      const [first] = answer.records
      if (isExpected && first !== undefined) tellOfGap(polling, last, first)
      // What was read before is not given again; of the checkpoint's record a part may be left.
      const isAgain = last !== from && first?.sequence === last.sequence
      const records = isAgain ? answer.records.slice(1) : answer.records
      if (first !== undefined || millisBehind === 0) isExpected = false
      const mark = first === undefined && last.sequence === 'LATEST' ? markIn(answer, clock) : undefined
      // An iterator that expires before a record has come would be followed by one at a newer record.
      last = answer.records.at(-1) ?? (mark === undefined ? last : { sequence: mark, subSequence: 0 })
      isBehind = millisBehind > 0
      const bytes = weightOf(answer.records)
      if (answer.records.length > 0) average = bytes / answer.records.length
      const rest = isBehind ? READ_INTERVAL : polling.interval
      const pause = Math.max(rest, (bytes / BYTES_PER_SECOND) * 1_000)
      const page = { records, millisBehind, pause, ...(mark !== undefined && { mark }) }
      if (iterator === undefined) return yield { ...page, ended: answer.children }
      const next = clock.monotonic() + pause
      yield page
      // What was made of the page meanwhile took a part of the pause, or all of it.
      await clock.sleep(Math.max(0, next - clock.monotonic()), signal)
    } catch (error) {
      if (signal.aborted) return
      const name = nameOf(error)
      // Whether a read was refused, or an iterator.
      const isRead = iterator !== undefined
      const isRefused = name === 'InvalidArgumentException' && !isRead
      const isUseless = name === 'InvalidArgumentException' && isRead
      const isMissing = name === 'ResourceNotFoundException'
      isDoubtful ||= isUseless || isMissing
      if (name === 'ExpiredIteratorException' || isUseless) {
        iterator = undefined
        if (!isFresh) continue
      }
      if (isMissing && (await isGone(polling, signal))) {
        const details = { advice: BACKFILL }
        const fields = { stream, shard, position: last.sequence, error: errorFields(error), details }
        logger.error('a shard is gone: its records after this position are lost, to its end', fields)
        return yield { records: [], millisBehind: 0, pause: 0, ended: [] }
      }
      if (isRefused && !isSentinel(last.sequence)) {
        if (last !== from) return yield { records: [], millisBehind: 0, pause: 0, lost: 'position' }
        await tellOfRefusal(polling, last, error, signal)
        return yield { records: [], millisBehind: 0, pause: 0, lost: 'checkpoint' }
      }
      if (isRefused && timeOf(last.sequence) !== undefined) {
        // Whoever wrote it had a clock that runs ahead, and Kinesis reads nothing that is to come.
        last = { sequence: 'LATEST', subSequence: 0 }
        logger.warn(
          'an idle shard is read from its newest record on: since when it was read is a time to come',
          {
            ...{ stream, shard, error: errorFields(error) },
          },
        )
        continue
      }
      // That of a stream which is not there says nothing of one that is there later.
      if (isMissing) iterator = undefined
      failures += 1
      const actions = ['kinesis:GetShardIterator', 'kinesis:GetRecords']
      const about = { dependency: 'kinesis', resource: `stream '${stream}'`, actions }
      troubles.failed(READING, `${stream}/${shard}`, classified(about, error), { stream, shard })
      const longest = isMissing ? MISSING_WAIT : Math.max(LONGEST_WAIT, polling.interval)
      await clock.sleep(random() * Math.min(longest, READ_INTERVAL * 2 ** failures), signal)
    }
  }
}

async function fetched(
  polling: Polling,
  iterator: string,
  known: { readonly average: number | undefined; readonly isBehind: boolean },
  signal: AbortSignal,
): Promise<Answer> {
  const { client, of, clock, fetches } = polling
  const fetch = await fetches.next({ limit: polling.limit, ...known }, signal)
  try {
    const asking = { iterator, limit: fetch.limit, arn: arnOf(of.stream), now: clock.now() }
    return await answered('Kinesis', (signal) => getRecords(client, { ...asking, signal }), { clock, signal })
  } finally {
    fetch.over()
  }
}

/** Retention ran out for the record that is read on from. What came after it and before this one may have been read by nobody. */
function tellOfGap({ stream, shard, logger }: Polling, { sequence }: Checkpoint, first: StreamRecord): void {
  if (compareCheckpoints(first, { sequence, subSequence: first.subSequence }) === 0) return
  logger.error(
    'retention has passed the position that a shard is read on from: records after it may be lost',
    {
      stream,
      shard,
      position: sequence,
      details: {
        next: first.sequence,
        nextArrivedAt: first.arrivedAt.toISOString(),
        advice: BACKFILL,
      },
    },
  )
}

/** The range ends where reading starts again, if that can be seen. */
async function tellOfRefusal(
  polling: Polling,
  { sequence }: Checkpoint,
  error: unknown,
  signal: AbortSignal,
): Promise<void> {
  const { stream, shard, logger } = polling
  const next = await oldest(polling, signal).catch(() => undefined)
  logger.error(
    'Kinesis refuses the checkpoint: records after it may be lost, and reading starts at the oldest record of the shard',
    {
      stream,
      shard,
      position: sequence,
      error: errorFields(error),
      details: { next: next ?? 'the oldest record is not known yet', advice: BACKFILL },
    },
  )
}

async function oldest(polling: Polling, signal: AbortSignal): Promise<string | undefined> {
  const iterator = await iteratorFor(polling, { sequence: 'TRIM_HORIZON', subSequence: 0 }, signal)
  const asking = { iterator, limit: 1, arn: arnOf(polling.of.stream), now: polling.clock.now() }
  const ask = (signal: AbortSignal) => getRecords(polling.client, { ...asking, signal })
  return (await answered('Kinesis', ask, { clock: polling.clock, signal })).records[0]?.sequence
}

/** By Kinesis's clock, where it is known. */
function markIn({ answeredAt, millisBehind }: Answer, clock: Clock): string {
  return markOf(answeredAt?.getTime() ?? clock.now(), millisBehind)
}

function weightOf(records: readonly StreamRecord[]): number {
  return records.reduce((sum, { data, partitionKey }) => sum + data.length + partitionKey.length, 0)
}

/** A stream that is not found either is a set-up to mend, not a shard that expired. */
async function isGone({ client, clock, of, shard }: Polling, signal: AbortSignal): Promise<boolean> {
  try {
    const shards = await answered('Kinesis', () => listShards(client, of.stream), { clock, signal })
    return shards.every(({ id }) => id !== shard)
  } catch {
    return false
  }
}

async function iteratorFor(
  polling: Polling,
  { sequence: position }: Checkpoint,
  signal: AbortSignal,
): Promise<string> {
  const { client, clock, of, shard } = polling
  const command = iteratorAt({ of, shard, position })
  const ask = (abortSignal: AbortSignal) => client.send(command, { abortSignal })
  const { ShardIterator } = await answered('Kinesis', ask, { clock, signal })
  if (ShardIterator !== undefined) return ShardIterator
  const advice = 'look at the endpoint of the client'
  throw new SpaceshipError('stream', `what answers for Kinesis gives no iterator: ${advice}`)
}
