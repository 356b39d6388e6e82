/** Owns what Kinesis takes: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */

import { Permanent } from '@spaceship/core'
import type { OutgoingRecord } from '@spaceship/core/ports'
import { partitionKeyFor } from '../aws/index.ts'
import { type Entry, tooLarge } from '../publishing/index.ts'

/** In one request: its bytes are below the 5 MiB that every stream takes, partition keys included. A larger record travels alone. */
export const LIMITS = { records: 500, bytes: 5_000_000 }

/** Of one record, partition key included: what streams take by default, and what they can be told to take. */
export const RECORD_BYTES = { usual: 1_048_576, most: 10_485_760 }

/** Its `key` is a partition key that Kinesis takes. */
export interface StreamEntry extends Entry {
  readonly data: Uint8Array
}

/** A record as it is sent. @throws Permanent if it is larger than the stream takes */
export function entryOf(
  { partitionKey, data }: OutgoingRecord,
  resource: string,
  limit: number,
): StreamEntry {
  const key = partitionKeyFor(partitionKey)
  const size = data.length + Buffer.byteLength(key)
  if (size <= limit) return { key, data, size }
  throw new Permanent(tooLarge({ size, limit, resource, option: 'maxRecordBytes' }))
}
