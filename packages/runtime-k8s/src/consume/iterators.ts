/**
 * Owns where the iterator of a shard begins. After a record it begins *at* that one: if another record comes first, retention has passed it, which an
 * iterator that begins behind it does not show.
 *
 * | the position is                | the iterator is                                                               |
 * |--------------------------------|-------------------------------------------------------------------------------|
 * | a sequence number              | `AT_SEQUENCE_NUMBER`                                                          |
 * | a mark, `@` and a time         | `AT_TIMESTAMP` of that time: since then the shard is read at its newest record |
 * | `AT_TIMESTAMP`                 | that of the options; a time that they do not say any more is the oldest record |
 * | `LATEST`, `TRIM_HORIZON`       | the same                                                                      |
 */

import { GetShardIteratorCommand } from '@aws-sdk/client-kinesis'
import { streamAt } from '../shards/index.ts'

export interface Beginning {
  /** As Kinesis is to be asked for it, and from when on a lease at `AT_TIMESTAMP` is read. */
  readonly of: { readonly stream: string; readonly startAt: Date | undefined }
  readonly shard: string
  readonly position: string
}

const MARK = /^@(\d{1,15})$/

/** Says from when on a shard is read in which nothing has come since: who reads it next at its newest record would pass over what comes meanwhile. */
export function markOf(ms: number): string {
  return `@${Math.floor(ms)}`
}

export function isMark(position: string): boolean {
  return MARK.test(position)
}

export function iteratorAt({ of, shard, position }: Beginning): GetShardIteratorCommand {
  return new GetShardIteratorCommand({
    ...streamAt(of.stream),
    ShardId: shard,
    ...begin(position, of.startAt),
  })
}

function begin(position: string, startAt: Date | undefined) {
  if (/^\d+$/.test(position))
    return { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: position } as const
  if (position === 'LATEST') return { ShardIteratorType: 'LATEST' } as const
  const [, mark] = MARK.exec(position) ?? []
  if (mark !== undefined)
    return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(Number(mark)) } as const
  if (position === 'AT_TIMESTAMP' && startAt !== undefined)
    return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: startAt } as const
  return { ShardIteratorType: 'TRIM_HORIZON' } as const
}
