/** Owns the record of a row that a backfill has found: a change as DynamoDB would write one, of a kind of its own. */

import type { EntitySpec } from '../declare/event.ts'
import { sha256 } from '../wire/digest.ts'
import { comparePositions, type StreamRecord } from '../wire/index.ts'

/**
 * Milliseconds by which a row is dated before it was read. A change that was made at the same time, by another clock, is newer than what the
 * backfill has found; an older one, that a reactor has yet to see, is older.
 */
export const EARLY = 300_000

/** Sequence numbers of one page of a segment, as a power of two: rows of one page that share one are less likely than a broken disk. */
const PER_PAGE = 80n

type Attributes = Readonly<Record<string, unknown>>

/**
 * The records of a page, in the order of their positions. A position is that of a row's key in its page, and not its place among the others: a
 * page that is read again has rows less and rows more, and what was done of it is known by positions.
 *
 * @param readAt when the read of its page began, in milliseconds since 1970
 * @param page how many pages of its segment came before
 */
export function recordsOf(
  items: readonly Attributes[],
  { table, key }: Pick<EntitySpec, 'table' | 'key'>,
  readAt: number,
  page: number,
): readonly StreamRecord[] {
  const records = items.map((item) => {
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
    const keys = JSON.stringify(change.dynamodb.Keys, base64)
    return {
      sequence: String((BigInt(page) << PER_PAGE) + placeOf(keys)),
      subSequence: 0,
      partitionKey: keys.slice(0, 256),
      data,
      arrivedAt: new Date(readAt),
    }
  })
  return records.sort(comparePositions)
}

/** From 1 on. */
function placeOf(keys: string): bigint {
  return BigInt.asUintN(Number(PER_PAGE) - 1, BigInt(`0x${sha256(keys, 'hex')}`)) + 1n
}

/** Binary comes from clients as bytes, and stands in records as base64. */
function base64(this: Attributes, name: string, value: unknown): unknown {
  const own = this[name]
  return own instanceof Uint8Array ? Buffer.from(own).toString('base64') : value
}
