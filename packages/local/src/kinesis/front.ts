/**
 * What stands before kinesalite.
 *
 * | call                 | what is added                                                                          |
 * |----------------------|----------------------------------------------------------------------------------------|
 * | GetRecords           | `MillisBehindLatest` as it is; throttled on demand                                     |
 * | GetShardIterator     | AT_TIMESTAMP after the last record is answered (kinesalite never would)                |
 * | PutRecord            | throttled on demand                                                                    |
 * | PutRecords           | throttled on demand, as a call or in single records                                    |
 * | by `StreamARN`       | understood as the stream's name (kinesalite knows no ARNs)                             |
 * | anything else        | passed on untouched, and so is every call in CBOR                                      |
 */

import type { FaultSource } from '../faults/index.ts'
import {
  awsRequest,
  type Fields,
  faultReply,
  fieldsOf,
  isFields,
  type Reply,
  type Request,
  signed,
  targetOf,
} from '../http/index.ts'
import { putRecordsWithFailures } from './partial.ts'

const JSON_TYPE = 'application/x-amz-json-1.1'
const PAGE = 10_000

interface Front {
  readonly forward: (request: Request) => Promise<Reply>
  readonly faults: FaultSource
  readonly now: () => number
}

export function kinesisFront(front: Front): (request: Request) => Promise<Reply> {
  return async (incoming) => {
    const given = signed(incoming)
    const { operation } = targetOf(given)
    const type = given.headers['content-type'] ?? JSON_TYPE
    const fields = type.includes('json') ? fieldsOf(given.body) : undefined
    if (fields === undefined) return front.forward(given)

    const input = byName(fields)
    const request = input === fields ? given : { ...given, body: Buffer.from(JSON.stringify(input)) }
    switch (operation) {
      case 'GetRecords':
        return throttled(front, type) ?? getRecords(front, request, input)
      case 'GetShardIterator':
        return getShardIterator(front, request, input)
      case 'PutRecord':
        return throttled(front, type) ?? front.forward(request)
      case 'PutRecords':
        return throttled(front, type) ?? putRecordsWithFailures(front, request, input)
      default:
        return front.forward(request)
    }
  }
}

function byName(input: Fields): Fields {
  const { StreamARN: arn, ...rest } = input
  const name = typeof arn === 'string' ? /:stream\/([^/]+)$/.exec(arn)?.[1] : undefined
  // GetRecords has its stream in the iterator.
  if (name === undefined || 'StreamName' in input || 'ShardIterator' in input) return input
  return { ...rest, StreamName: name }
}

function throttled({ faults }: Front, contentType: string): Reply | undefined {
  if (!faults.strikes(faults.state().throttle.kinesis)) return undefined
  const message = 'Rate exceeded for shard (throttled on demand by the embedded Kinesis)'
  return faultReply({ type: 'ProvisionedThroughputExceededException', message }, contentType)
}

/**
 * kinesalite always says 0. A page that was not full reached the tip, so 0 is true. After a full one the next record is
 * peeked at: its age is the lag.
 */
async function getRecords(front: Front, request: Request, input: Fields): Promise<Reply> {
  const reply = await front.forward(request)
  const output = reply.status === 200 ? fieldsOf(reply.body) : undefined
  const next = output?.NextShardIterator
  const limit = typeof input.Limit === 'number' ? input.Limit : PAGE
  const count = Array.isArray(output?.Records) ? output.Records.length : 0
  if (output === undefined || typeof next !== 'string' || count < limit) return reply

  const peeked = await front.forward(
    awsRequest('Kinesis_20131202.GetRecords', { ShardIterator: next, Limit: 1 }, JSON_TYPE),
  )
  const [waiting]: unknown[] = listOf(fieldsOf(peeked.body)?.Records)
  const arrived = isFields(waiting) ? Number(waiting.ApproximateArrivalTimestamp) * 1_000 : undefined
  // At least 1: zero would say that nothing waits.
  const lag = arrived === undefined ? 0 : Math.max(1, Math.round(front.now() - arrived))
  return { ...reply, body: JSON.stringify({ ...output, MillisBehindLatest: lag }) }
}

/** kinesalite never answers AT_TIMESTAMP when no record is as young as that: what follows is then what LATEST means. */
async function getShardIterator(front: Front, request: Request, input: Fields): Promise<Reply> {
  if (input.ShardIteratorType !== 'AT_TIMESTAMP' || typeof input.Timestamp !== 'number')
    return front.forward(request)
  if (input.Timestamp * 1_000 > front.now()) return front.forward(request)
  const { Timestamp, ...rest } = input
  const latest = await front.forward({
    ...request,
    body: Buffer.from(JSON.stringify({ ...rest, ShardIteratorType: 'LATEST' })),
  })
  if (latest.status !== 200) return latest
  return (await anyRecordSince(front, rest, Timestamp)) ? front.forward(request) : latest
}

async function anyRecordSince(front: Front, shard: Fields, timestamp: unknown): Promise<boolean> {
  const call = async (operation: string, input: Fields) =>
    fieldsOf((await front.forward(awsRequest(`Kinesis_20131202.${operation}`, input, JSON_TYPE))).body)
  const start = await call('GetShardIterator', { ...shard, ShardIteratorType: 'TRIM_HORIZON' })
  for (let iterator = start?.ShardIterator; typeof iterator === 'string'; ) {
    const page = await call('GetRecords', { ShardIterator: iterator, Limit: PAGE })
    const records = listOf(page?.Records)
    const found = records.some(
      (r) => isFields(r) && Number(r.ApproximateArrivalTimestamp) >= Number(timestamp),
    )
    if (found) return true
    iterator = records.length < PAGE ? undefined : page?.NextShardIterator
  }
  return false
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
