/**
 * Owns reading one shard: the iterator, and what its errors mean.
 *
 * | error                                                | then                                                          |
 * |------------------------------------------------------|---------------------------------------------------------------|
 * | ExpiredIterator                                      | a new iterator after the last record that was read; one that  |
 * |                                                      | expires before it was of use is a failure like others         |
 * | ResourceNotFound, and the shard is not listed        | the shard is gone: its unread records are lost, and it ends   |
 * | InvalidArgument for the checkpoint                   | the checkpoint is refused: a fresh start from the oldest one  |
 * | InvalidArgument for a later record                   | the reading fails: the lease is taken again at its checkpoint |
 * | throughput exceeded, throttling, outage, no answer   | wait, with full jitter                                        |
 * | within 30 s                                          |                                                               |
 * | a missing permission, another set-up that is wrong   | wait likewise; told once, with what to do                     |
 * | anything else                                        | wait likewise                                                 |
 */

import { GetShardIteratorCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import type { StreamRecord } from '@spaceship/core/engine'
import { errorFields, type Log } from '@spaceship/core/log'
import type { Clock } from '@spaceship/core/ports'
import { classified, nameOf } from '@spaceship/handlers/aws'
import { type Checkpoint, isSentinel } from '../leases/index.ts'
import { inTime } from '../patience.ts'
import { arnOf, listShards, streamAt } from '../shards/index.ts'
import type { Troubles } from '../troubles.ts'
import { getRecords } from './page.ts'

/** In words, for what is told of its troubles. */
export const READING = 'reading shards'

export interface Page {
  readonly records: readonly StreamRecord[]
  readonly millisBehind: number
  /** The last page of the shard: it has ended, or it is gone. */
  readonly ended: boolean
  /** What no repeat can change. It comes with no records. */
  readonly lost?: 'shard' | 'checkpoint'
}

export interface Reading {
  readonly client: KinesisClient
  /** Its name. */
  readonly stream: string
  /** As Kinesis is to be asked for it, and from when on a lease at `AT_TIMESTAMP` is read. */
  readonly of: { readonly stream: string; readonly startAt: Date | undefined }
  readonly shard: string
  readonly from: Checkpoint
  readonly limit: number
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Log
  readonly troubles: Troubles
  readonly signal: AbortSignal
}

/** Pages in stream order, until the shard ends or the signal is aborted. Each is fetched when it is asked for. */
export async function* readShard(reading: Reading): AsyncGenerator<Page> {
  const { client, stream, of, shard, limit, clock, logger, random, signal, troubles } = reading
  let last = reading.from
  let iterator: string | undefined
  let isFresh = false
  for (let failures = 0; !signal.aborted; ) {
    try {
      if (iterator === undefined) {
        iterator = await iteratorFor(reading, last, last === reading.from)
        isFresh = true
      }
      const asking = { iterator, limit, arn: arnOf(of.stream), now: clock.now() }
      const answer = await answered(reading, (signal) => getRecords(client, { ...asking, signal }))
      failures = 0
      isFresh = false
      troubles.over(READING, `${stream}/${shard}`)
      iterator = answer.next
      const { records, millisBehind } = answer
      last = records.at(-1) ?? last
      const ended = iterator === undefined
      yield { records, millisBehind, ended }
      if (ended) return
    } catch (error) {
      if (signal.aborted) return
      const name = nameOf(error)
      if (name === 'ExpiredIteratorException') {
        iterator = undefined
        if (!isFresh) continue
      }
      if (name === 'ResourceNotFoundException' && (await isGone(reading))) {
        const fields = { stream, shard, position: last.sequence, error: errorFields(error) }
        logger.error('a shard is gone: its records after this position are lost', fields)
        yield { records: [], millisBehind: 0, ended: true, lost: 'shard' }
        return
      }
      if (name === 'InvalidArgumentException' && iterator === undefined && !isSentinel(last.sequence)) {
        if (last !== reading.from) throw error
        const fields = { stream, shard, position: last.sequence, error: errorFields(error) }
        logger.error(
          'Kinesis refuses the checkpoint: records after it may be lost, and reading starts at the oldest record of the shard',
          fields,
        )
        yield { records: [], millisBehind: 0, ended: false, lost: 'checkpoint' }
        return
      }
      failures += 1
      const actions = ['kinesis:GetShardIterator', 'kinesis:GetRecords']
      const about = { dependency: 'kinesis', resource: `stream '${stream}'`, actions }
      troubles.failed(READING, `${stream}/${shard}`, classified(about, error), { stream, shard })
      await clock.sleep(random() * Math.min(10_000, 200 * 2 ** failures), signal)
    }
  }
}

/** A stream that is not found either is a set-up to mend, not a shard that expired. */
async function isGone({ client, of, shard }: Reading): Promise<boolean> {
  try {
    return (await listShards(client, of.stream)).every(({ id }) => id !== shard)
  } catch {
    return false
  }
}

async function iteratorFor(
  reading: Reading,
  { sequence }: Checkpoint,
  again: boolean,
): Promise<string | undefined> {
  const { client, of, shard } = reading
  // A checkpoint may stand inside an aggregate: its record is read again, and the engine drops what is done of it.
  const type = again ? 'AT_SEQUENCE_NUMBER' : 'AFTER_SEQUENCE_NUMBER'
  const position = isSentinel(sequence)
    ? begin(sequence, of.startAt)
    : ({ ShardIteratorType: type, StartingSequenceNumber: sequence } as const)
  const command = new GetShardIteratorCommand({ ...streamAt(of.stream), ShardId: shard, ...position })
  return (await answered(reading, (abortSignal) => client.send(command, { abortSignal }))).ShardIterator
}

/** How long a read may take: a client without a time-out of its own waits for ever where a connection is half open. */
const PATIENCE = 30_000

function answered<T>({ clock, signal }: Reading, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = `Kinesis did not answer within ${PATIENCE} ms`
  return inTime(ask, { within: PATIENCE, clock, signal, late })
}

/** A time that the options do not say any more is that of the oldest record: nothing is passed over. */
function begin(sentinel: string, startAt: Date | undefined) {
  if (sentinel === 'LATEST') return { ShardIteratorType: 'LATEST' } as const
  if (sentinel === 'AT_TIMESTAMP' && startAt !== undefined)
    return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: startAt } as const
  return { ShardIteratorType: 'TRIM_HORIZON' } as const
}
