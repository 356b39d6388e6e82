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
import { timeOf } from '../leases/index.ts'
import { streamAt } from '../shards/index.ts'

export interface Beginning {
  /** As Kinesis is to be asked for it, and from when on a lease at `AT_TIMESTAMP` is read. */
  readonly of: { readonly stream: string; readonly startAt: Date | undefined }
  readonly shard: string
  readonly position: string
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
  const mark = timeOf(position)
  if (mark !== undefined) return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: mark } as const
  if (position === 'AT_TIMESTAMP' && startAt !== undefined)
    return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: startAt } as const
  return { ShardIteratorType: 'TRIM_HORIZON' } as const
}
