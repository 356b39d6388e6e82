/** A stand-in for the client of Kinesis: one stream whose open shards answer each read with the same number of new records. */

import { clientRecords } from '../clients.ts'

export const STREAM = 'clients-cdc'
const ACCOUNT = '123456789012'
const CREATED = 1_700_000_000
/** As leases name the stream. */
export const STREAM_ID = `${ACCOUNT}:${STREAM}:${CREATED}`

/** They come one after the other, and from the first one again. */
const CLIENTS = 1_000

interface Input {
  readonly ShardId?: string
  readonly ShardIterator?: string
  readonly ShardIteratorType?: string
  readonly StartingSequenceNumber?: string
}

export function shardId(n: number): string {
  return `shardId-${String(n).padStart(12, '0')}`
}

/** Of the shard with this number among so many, as decimals. */
export function hashRange(n: number, shards: number): readonly [string, string] {
  const at = (i: number) => (2n ** 128n * BigInt(i)) / BigInt(shards)
  return [String(at(n)), String(at(n + 1) - 1n)]
}

/** Of the number of a record in its sequence number, which is as long as those of Kinesis. */
const DIGITS = 39

export function sequenceNumber(n: number): string {
  return String(49_600_000_000_000_000n) + String(n).padStart(DIGITS, '0')
}

/** @param perRead new records in each answer: 0 of an idle stream */
export function standInStream(shards: number, perRead: number, now: () => number) {
  const data = clientRecords(CLIENTS).inserts.map((text) => new TextEncoder().encode(text))

  function list() {
    return Array.from({ length: shards }, (_, n) => {
      const [StartingHashKey, EndingHashKey] = hashRange(n, shards)
      return {
        ShardId: shardId(n),
        HashKeyRange: { StartingHashKey, EndingHashKey },
        SequenceNumberRange: { StartingSequenceNumber: sequenceNumber(0) },
      }
    })
  }

  /** An iterator is the shard, and the number of the record that comes next. */
  function iteratorOf({ ShardId, ShardIteratorType: type, StartingSequenceNumber: start = '0' }: Input) {
    const at = Number(start.slice(-DIGITS))
    return `${ShardId}/${type === 'AFTER_SEQUENCE_NUMBER' ? at + 1 : at}`
  }

  function read(iterator: string) {
    const [shard = '', at = '0'] = iterator.split('/')
    const from = Number(at)
    return {
      Records: Array.from({ length: perRead }, (_, n) => ({
        SequenceNumber: sequenceNumber(from + n),
        PartitionKey: `client-${(from + n) % CLIENTS}`,
        Data: data[(from + n) % CLIENTS],
        ApproximateArrivalTimestamp: new Date(now()),
      })),
      NextShardIterator: `${shard}/${from + perRead}`,
      MillisBehindLatest: 0,
    }
  }

  return {
    send: async (command: { readonly input: Input }) => {
      const action = command.constructor.name.replace('Command', '')
      const { ShardIterator = '' } = command.input
      if (action === 'DescribeStreamSummary')
        return {
          StreamDescriptionSummary: {
            StreamARN: `arn:aws:kinesis:eu-west-1:${ACCOUNT}:stream/${STREAM}`,
            StreamCreationTimestamp: new Date(CREATED * 1_000),
          },
        }
      if (action === 'ListShards') return { Shards: list() }
      if (action === 'GetShardIterator') return { ShardIterator: iteratorOf(command.input) }
      if (action === 'GetRecords') return read(ShardIterator)
      throw new Error(`this stream knows no ${action}`)
    },
  }
}
