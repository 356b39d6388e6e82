/**
 * KPL aggregates: many user records in one record of the stream, to save on puts.
 *
 * ```
 * F3 89 9A C2 │ protobuf: AggregatedRecord │ MD5 of it
 *               1 partition keys*  2 explicit hash keys*  3 records*: { 1 key's index  2 hash key's index?  3 data  4 tags* }
 * ```
 * https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
 *
 * | what came                                   | what KCL delivers    | what is delivered here                             |
 * |---------------------------------------------|----------------------|----------------------------------------------------|
 * | magic, but digest or message wrong          | the record whole     | the same                                           |
 * | a hash outside of the shard's range (a part of a resharding) | nothing of it | what is inside; the rest marked `outOfRange` |
 * | an index or explicit key that is none       | the records before it | these, and the rest as one record, marked `damaged` |
 */

import { md5 } from './digest.ts'
import { eachField } from './protobuf.ts'
import type { StreamRecord } from './record.ts'

/** A user record. One with a mark is not for a handler: it is kept as a dead letter. */
export interface UserRecord extends StreamRecord {
  /** Its hash belongs to another shard, which has it as well or had it. */
  readonly outOfRange?: true
  /** From this position on the aggregate cannot be read: `data` is the whole of it. */
  readonly damaged?: true
}

/** A shard's hash keys, both ends inclusive, as decimal strings. */
export interface HashKeyRange {
  readonly startingHashKey: string
  readonly endingHashKey: string
}

const MAGIC = 0xf3899ac2
const DIGEST = 16

/**
 * The user records of an aggregate, at sub-sequences from 0; undefined if it is none and the record stands for itself.
 *
 * @param range of the shard; without it no hash is looked at
 */
export function deaggregate(record: StreamRecord, range?: HashKeyRange): readonly UserRecord[] | undefined {
  const { data } = record
  if (data[0] !== MAGIC >>> 24 || data.length <= 4 + DIGEST) return undefined
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const end = bytes.length - DIGEST
  if (bytes.readUInt32BE() !== MAGIC || !md5(bytes.subarray(4, end)).equals(bytes.subarray(end)))
    return undefined
  const message = messageOf(bytes, 4, end)
  return message && userRecords(record, bytes, message, range)
}

interface Message {
  readonly keys: readonly string[]
  readonly hashKeys: readonly string[]
  readonly entries: readonly Entry[]
}

interface Entry {
  key: number | undefined
  hashKey: number | undefined
  from: number
  to: number
}

function userRecords(
  record: StreamRecord,
  bytes: Buffer,
  { keys, hashKeys, entries }: Message,
  range?: HashKeyRange,
) {
  const records: UserRecord[] = []
  const first = range && BigInt(range.startingHashKey)
  const last = range && BigInt(range.endingHashKey)
  for (const [subSequence, entry] of entries.entries()) {
    const partitionKey = keys[entry.key ?? -1]
    const hashKey = entry.hashKey === undefined ? undefined : hashKeys[entry.hashKey]
    const damaged = entry.hashKey !== undefined && (hashKey === undefined || !/^[+-]?\d+$/.test(hashKey))
    if (partitionKey === undefined || damaged) {
      records.push({ ...record, subSequence, damaged: true })
      break
    }
    const user = { ...record, subSequence, partitionKey, data: bytes.subarray(entry.from, entry.to) }
    if (first === undefined || last === undefined) records.push(user)
    else {
      const hash = hashKey === undefined ? hashOf(partitionKey) : BigInt(hashKey)
      records.push(hash >= first && hash <= last ? user : { ...user, outOfRange: true })
    }
  }
  return records
}

/** Undefined if it is not protobuf, or lacks what is required. */
function messageOf(data: Buffer, from: number, to: number): Message | undefined {
  const message = { keys: [] as string[], hashKeys: [] as string[], entries: [] as Entry[] }
  let whole = true
  const read = eachField(data, from, to, (number, type, _, start, end) => {
    if (type !== 2) return
    if (number === 1) message.keys.push(data.toString('utf8', start, end))
    if (number === 2) message.hashKeys.push(data.toString('utf8', start, end))
    if (number !== 3) return
    const entry = entryOf(data, start, end)
    if (entry === undefined) whole = false
    else message.entries.push(entry)
  })
  return read && whole ? message : undefined
}

function entryOf(data: Buffer, from: number, to: number): Entry | undefined {
  const entry: Entry = { key: undefined, hashKey: undefined, from: 0, to: 0 }
  let whole = true
  const read = eachField(data, from, to, (number, type, value, start, end) => {
    if (number === 1 && type === 0) entry.key = value
    if (number === 2 && type === 0) entry.hashKey = value
    if (number === 3 && type === 2) Object.assign(entry, { from: start, to: end })
    if (number === 4 && type === 2) whole &&= isTag(data, start, end)
  })
  return read && whole && entry.key !== undefined && entry.from > 0 ? entry : undefined
}

/** A tag is not delivered, but one without its key spoils the message, as KCL's parser says. */
function isTag(data: Buffer, from: number, to: number): boolean {
  let named = false
  const read = eachField(data, from, to, (number, type) => {
    if (number === 1 && type === 2) named = true
  })
  return read && named
}

function hashOf(partitionKey: string): bigint {
  return BigInt(`0x${md5(partitionKey).toString('hex')}`)
}
