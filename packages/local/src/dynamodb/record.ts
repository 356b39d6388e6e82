import { randomUUID } from 'node:crypto'
import { NO_SHELF, type Shelf } from '../data/index.ts'
import { canonicalItem, type Item, sizeOf } from './attribute.ts'

export type Precision = 'MILLISECOND' | 'MICROSECOND'

export interface Change {
  readonly table: string
  readonly key: Item
  readonly before: Item | undefined
  readonly after: Item | undefined
  /** Microseconds since 1970, different for each change. */
  readonly at: number
  /** True for a delete by time to live. */
  readonly expired: boolean
}

/** True if a write left something else behind than it found. */
export function differs(before: Item | undefined, after: Item | undefined): boolean {
  if (before === undefined || after === undefined) return before !== after
  return canonicalItem(before) !== canonicalItem(after)
}

/** The payload that DynamoDB writes to a Kinesis destination. It is not the record of DynamoDB Streams. */
export function changeRecord(change: Change, precision: Precision, region: string): Item {
  const { table, key, before, after, at, expired } = change
  return {
    awsRegion: region,
    eventID: randomUUID(),
    eventName: before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY',
    userIdentity: expired ? { type: 'Service', principalId: 'dynamodb.amazonaws.com' } : null,
    recordFormat: 'application/json',
    tableName: table,
    dynamodb: {
      ApproximateCreationDateTime: precision === 'MICROSECOND' ? at : Math.floor(at / 1_000),
      ApproximateCreationDateTimePrecision: precision,
      Keys: key,
      ...(after && { NewImage: after }),
      ...(before && { OldImage: before }),
      SizeBytes: sizeOf(key) + sizeOf(after) + sizeOf(before),
    },
    eventSource: 'aws:dynamodb',
  }
}

/**
 * Microseconds that strictly increase. The wall clock has milliseconds; changes within one of them are counted through,
 * and a clock that is set back is waited out, also by the next launch.
 */
export function microClock(now: () => number, shelf: Shelf = NO_SHELF): () => number {
  let last = Number(shelf.all()[0]?.[1] ?? 0)
  return () => {
    last = Math.max(last + 1, Math.floor(now()) * 1_000)
    shelf.set('last', last)
    return last
  }
}
