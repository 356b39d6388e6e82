/** Owns what Kinesis takes: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */

import { Permanent } from '@spaceship/core'
import type { OutgoingRecord } from '@spaceship/core/ports'
import { partitionKeyFor } from '../aws/index.ts'

/** In one request. */
export const MOST_RECORDS = 500

/** In one request, partition keys included: below the 5 MiB that every stream takes. A larger record travels alone. */
export const MOST_BYTES = 5_000_000

/** Of one record, partition key included: what streams take by default, and what they can be told to take. */
export const RECORD_BYTES = { usual: 1_048_576, most: 10_485_760 }

export interface Entry {
  /** A partition key that Kinesis takes. */
  readonly key: string
  readonly data: Uint8Array
  /** Bytes, with the key. */
  readonly size: number
}

/** A record as it is sent. @throws Permanent if it is larger than the stream takes */
export function entryOf({ partitionKey, data }: OutgoingRecord, stream: string, limit: number): Entry {
  const key = partitionKeyFor(partitionKey)
  const size = data.length + Buffer.byteLength(key)
  if (size <= limit) return { key, data, size }
  const advice =
    "publish less, such as where the rest is kept; or raise the stream's maximum record size, and 'maxRecordBytes' with it"
  throw new Permanent(
    `a record has ${size} bytes with its partition key, more than the ${limit} of the stream '${stream}': ${advice}`,
  )
}
