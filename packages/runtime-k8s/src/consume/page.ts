/**
 * Owns how the records of a page come out of an answer of GetRecords. The SDK walks along a schema for each of them, which is much of what
 * a worker spends on one; so the records are taken out of the body before the SDK reads the rest. Signing, retries, credentials,
 * endpoints and errors stay the SDK's.
 *
 * ```
 *   body ─┬─ JSON with records ─> records ─┐        (a client of the SDK)
 *         │                     └ the rest ─> SDK ──┴─> page
 *         └─ anything else: an error, another format ─> SDK ─> page      (also any other client that has `send`)
 * ```
 */

import {
  type ChildShard,
  GetRecordsCommand,
  type KinesisClient,
  type _Record as KinesisRecord,
} from '@aws-sdk/client-kinesis'
import { SpaceshipError } from '@spaceship/core'
import type { StreamRecord } from '@spaceship/core/engine'
import type { Shard } from '../shards/index.ts'

export interface Answer {
  readonly records: readonly StreamRecord[]
  /** Undefined at the end of the shard. */
  readonly next: string | undefined
  readonly millisBehind: number
  /** When Kinesis answered, by its own clock, in whole seconds; what is no HTTP does not say. */
  readonly answeredAt: Date | undefined
  /** At the end of the shard: those that follow it. Some that answer for Kinesis do not say. */
  readonly children: readonly Shard[]
}

export interface Asking {
  readonly iterator: string | undefined
  readonly limit: number
  /** Names the stream again, if it is of another account. */
  readonly arn: { readonly StreamARN?: string }
  /** Milliseconds since 1970: the arrival of a record that does not say its own. */
  readonly now: number
  readonly signal: AbortSignal
}

export async function getRecords(
  client: KinesisClient,
  { iterator, limit, arn, now, signal }: Asking,
): Promise<Answer> {
  const command = new GetRecordsCommand({ ShardIterator: iterator, Limit: limit, ...arn })
  let taken: readonly StreamRecord[] | undefined
  let answeredAt: Date | undefined
  command.middlewareStack.add(
    (next) => async (args) => {
      const output = await next(args)
      taken = await takeRecords(output.response, now)
      answeredAt = dateOf(output.response)
      return output
    },
    // Next to the network: what the SDK reads is what this one leaves.
    { step: 'deserialize', priority: 'low', name: 'spaceshipRecords' },
  )
  const answer = await client.send(command, { abortSignal: signal })
  const records = taken ?? answer.Records?.map((record) => recordOf(record, now))
  // Without records and an iterator it would be the end of the shard, and what follows would never be read.
  if (records === undefined) {
    const advice = 'look at the endpoint of the client'
    throw new SpaceshipError('stream', `what answers for Kinesis answers no records: ${advice}`)
  }
  const { NextShardIterator: next, MillisBehindLatest: millisBehind = 0, ChildShards = [] } = answer
  return { records, next, millisBehind, answeredAt, children: ChildShards.map(childOf) }
}

function dateOf(response: unknown): Date | undefined {
  const date = new Date(String(Object(Object(response).headers).date))
  return Number.isNaN(date.getTime()) ? undefined : date
}

function childOf({ ShardId, ParentShards, HashKeyRange }: ChildShard): Shard {
  const { StartingHashKey: start, EndingHashKey: end } = HashKeyRange ?? {}
  return {
    id: ShardId ?? '',
    parents: ParentShards ?? [],
    open: true,
    hashRange: start === undefined || end === undefined ? undefined : [start, end],
  }
}

function recordOf(
  { SequenceNumber, PartitionKey, Data, ApproximateArrivalTimestamp }: Partial<KinesisRecord>,
  now: number,
): StreamRecord {
  return {
    sequence: SequenceNumber ?? '',
    subSequence: 0,
    partitionKey: PartitionKey ?? '',
    data: Data ?? new Uint8Array(),
    arrivedAt: ApproximateArrivalTimestamp ?? new Date(now),
  }
}

/** Takes the records out of an HTTP answer. @returns undefined if it has none that are known; then the answer is as it was */
async function takeRecords(response: unknown, now: number): Promise<readonly StreamRecord[] | undefined> {
  const answer = Object(response)
  const { statusCode, headers, body } = answer
  if (statusCode !== 200 || !/json/i.test(String(Object(headers)['content-type']))) return undefined
  const bytes = await collected(body)
  if (bytes === undefined) return undefined
  answer.body = bytes
  const { Records, ...rest } = parsed(bytes)
  if (!Array.isArray(Records)) return undefined
  const records: StreamRecord[] = []
  for (const record of Records) {
    const { SequenceNumber, PartitionKey, Data, ApproximateArrivalTimestamp: at } = Object(record)
    if (typeof SequenceNumber !== 'string' || typeof Data !== 'string') return undefined
    records.push({
      sequence: SequenceNumber,
      subSequence: 0,
      partitionKey: typeof PartitionKey === 'string' ? PartitionKey : '',
      data: bytesOf(Data),
      // Seconds since 1970, with a fraction.
      arrivedAt: new Date(typeof at === 'number' ? Math.round(at * 1_000) : now),
    })
  }
  answer.body = Buffer.from(JSON.stringify(rest))
  return records
}

/** As the SDK gives them: a buffer shows itself otherwise in logs and copies. */
function bytesOf(base64: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = Buffer.from(base64, 'base64')
  return new Uint8Array(buffer, byteOffset, byteLength)
}

async function collected(body: unknown): Promise<Buffer | undefined> {
  if (body instanceof Uint8Array) return Buffer.from(body)
  if (typeof Object(body)[Symbol.asyncIterator] !== 'function') return undefined
  const parts: Uint8Array[] = []
  // What a handler of the SDK gives as a body on Node is a stream of bytes.
  for await (const part of body as AsyncIterable<Uint8Array>) parts.push(part)
  return Buffer.concat(parts)
}

/** What is no JSON object is left to the SDK, which says what is wrong with it. */
function parsed(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(bytes.toString('utf8')))
  } catch {
    return {}
  }
}
