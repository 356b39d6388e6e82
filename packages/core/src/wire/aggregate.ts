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
import { eachField, nextField } from './protobuf.ts'
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
 * The user records of an aggregate, each made when an iteration comes to it: one of 6 bytes costs no memory before. Every iteration
 * begins at the first.
 */
export interface Aggregate extends Iterable<UserRecord> {
  /** So many an iteration gives. Counted when it is read, in one pass over the bytes. */
  readonly size: number
}

/**
 * The user records of an aggregate, at sub-sequences from 0; undefined if it is none and the record stands for itself.
 *
 * @param range of the shard; without it no hash is looked at
 */
export function deaggregate(record: StreamRecord, range?: HashKeyRange): Aggregate | undefined {
  const { data } = record
  if (data[0] !== MAGIC >>> 24 || data.length <= 4 + DIGEST) return undefined
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const end = bytes.length - DIGEST
  if (bytes.readUInt32BE() !== MAGIC || !md5(bytes.subarray(4, end)).equals(bytes.subarray(end)))
    return undefined
  const message = messageOf(bytes, 4, end)
  if (message === undefined) return undefined
  const inRange = range && hashesIn(message, range)
  return {
    [Symbol.iterator]: () => userRecords(record, message, inRange),
    get size() {
      let size = 0
      for (const entry of entriesOf(message)) {
        size += 1
        if (isDamaged(message, entry)) break
      }
      return size
    },
  }
}

interface Message {
  readonly bytes: Buffer
  readonly from: number
  readonly to: number
  readonly keys: readonly string[]
  /** Undefined for one that is none. Looked at once, as many entries may name it. */
  readonly hashKeys: readonly (string | undefined)[]
}

interface Entry {
  key: number | undefined
  hashKey: number | undefined
  from: number
  to: number
}

function* userRecords(
  record: StreamRecord,
  message: Message,
  inRange: ((entry: Entry) => boolean) | undefined,
): Generator<UserRecord, void> {
  const { bytes, keys } = message
  let subSequence = 0
  for (const entry of entriesOf(message)) {
    if (isDamaged(message, entry)) {
      yield { ...record, subSequence, damaged: true }
      return
    }
    const partitionKey = keys[entry.key ?? -1] ?? ''
    const user = { ...record, subSequence, partitionKey, data: bytes.subarray(entry.from, entry.to) }
    yield inRange === undefined || inRange(entry) ? user : { ...user, outOfRange: true }
    subSequence += 1
  }
}

/** One after the other, out of a message that is whole. */
function* entriesOf({ bytes, from, to }: Message): Generator<Entry, void> {
  let found: Entry | undefined
  for (let i = from; i !== -1 && i < to; ) {
    i = nextField(bytes, i, to, (number, type, _, start, end) => {
      if (number === 3 && type === 2) found = entryOf(bytes, start, end)
    })
    if (found === undefined) continue
    yield found
    found = undefined
  }
}

/** An index that is none, or an explicit key that is none. */
function isDamaged({ keys, hashKeys }: Message, { key, hashKey }: Entry): boolean {
  if (keys[key ?? -1] === undefined) return true
  return hashKey !== undefined && hashKeys[hashKey] === undefined
}

/** As KCL reads it, into an integer of any length. */
function hashKeyOf(text: string): string | undefined {
  return /^[+-]?\d+$/.test(text) ? text : undefined
}

/** Of the highest, 2^128 - 1. */
const MOST_DIGITS = 39

/** Whether an entry's hash is in the range. Many entries may name one key, so that each key is hashed once. */
function hashesIn({ keys, hashKeys }: Message, range: HashKeyRange): (entry: Entry) => boolean {
  const first = BigInt(range.startingHashKey)
  const last = BigInt(range.endingHashKey)
  const isIn = (hash: bigint | undefined) => hash !== undefined && hash >= first && hash <= last
  const byKey: (boolean | undefined)[] = []
  const byHashKey: (boolean | undefined)[] = []
  return ({ key = -1, hashKey }) => {
    if (hashKey === undefined) byKey[key] ??= isIn(hashOf(keys[key] ?? ''))
    else byHashKey[hashKey] ??= isIn(integerOf(hashKeys[hashKey] ?? ''))
    return (hashKey === undefined ? byKey[key] : byHashKey[hashKey]) === true
  }
}

/** Undefined for one that is beyond every range: its text may be as long as the record. */
function integerOf(text: string): bigint | undefined {
  const digits = text.replace(/^[+-]?0*/, '')
  if (digits.length > MOST_DIGITS) return undefined
  return BigInt(digits) * (text.startsWith('-') ? -1n : 1n)
}

/** Undefined if it is not protobuf, or lacks what is required. */
function messageOf(bytes: Buffer, from: number, to: number): Message | undefined {
  const keys: string[] = []
  const hashKeys: (string | undefined)[] = []
  let whole = true
  const read = eachField(bytes, from, to, (number, type, _, start, end) => {
    if (type !== 2) return
    if (number === 1) keys.push(bytes.toString('utf8', start, end))
    if (number === 2) hashKeys.push(hashKeyOf(bytes.toString('utf8', start, end)))
    if (number === 3) whole &&= entryOf(bytes, start, end) !== undefined
  })
  return read && whole ? { bytes, from, to, keys, hashKeys } : undefined
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

/** Whether the shard of a range takes the records of a partition key, which Kinesis hashes by MD5: once, for all shards that are asked. */
export function takenBy(partitionKey: string): (range: HashKeyRange) => boolean {
  const hash = hashOf(partitionKey)
  return ({ startingHashKey, endingHashKey }) =>
    hash >= BigInt(startingHashKey) && hash <= BigInt(endingHashKey)
}

function hashOf(partitionKey: string): bigint {
  return BigInt(`0x${md5(partitionKey).toString('hex')}`)
}
