/** Owns the record of a row that a backfill has found: a change as DynamoDB would write one, of a kind of its own. */

import type { EntitySpec } from '../declare/event.ts'
import type { StreamRecord } from '../wire/index.ts'

/**
 * Milliseconds by which a row is dated before it was read. A change that was made at the same time, by another clock, is newer than what the
 * backfill has found; an older one, that a reactor has yet to see, is older.
 */
export const EARLY = 300_000

/** Sequence numbers of one page of a segment. */
const PER_PAGE = 1_000_000

type Attributes = Readonly<Record<string, unknown>>

/**
 * @param readAt when the read of its page began, in milliseconds since 1970
 * @param page how many pages of its segment came before
 */
export function recordsOf(
  items: readonly Attributes[],
  { table, key }: Pick<EntitySpec, 'table' | 'key'>,
  readAt: number,
  page: number,
): readonly StreamRecord[] {
  return items.map((item, place) => {
    const change = {
      eventName: 'BACKFILL',
      tableName: table,
      dynamodb: {
        ApproximateCreationDateTime: (readAt - EARLY) * 1_000,
        ApproximateCreationDateTimePrecision: 'MICROSECOND',
        Keys: Object.fromEntries(key.map((name) => [name, item[name]])),
        NewImage: item,
      },
    }
    const data = new TextEncoder().encode(JSON.stringify(change, base64))
    return {
      sequence: String(page * PER_PAGE + place + 1),
      subSequence: 0,
      partitionKey: JSON.stringify(change.dynamodb.Keys, base64).slice(0, 256),
      data,
      arrivedAt: new Date(readAt),
    }
  })
}

/** Binary comes from clients as bytes, and stands in records as base64. */
function base64(this: Attributes, name: string, value: unknown): unknown {
  const own = this[name]
  return own instanceof Uint8Array ? Buffer.from(own).toString('base64') : value
}
