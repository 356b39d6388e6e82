/**
 * `node canned.ts inserts|modifies`: a server in the place of Kinesis, HTTP/2 and JSON as its client asks for, with one stream whose shards have no end:
 * each GetRecords gets a page of 1,000 change records, the same bytes but for their sequence numbers. Prints its port, and ends with its standard input.
 */

import { createServer, type ServerHttp2Stream } from 'node:http2'
import { clientRecords } from '../clients.ts'
import { hashRange, sequenceNumber, shardId } from '../leases/stream.ts'
import { SHARDS } from './shards.ts'

const PAGE = 1_000
const [kind = ''] = process.argv.slice(2)
if (kind !== 'inserts' && kind !== 'modifies') throw new Error(`no records of the kind '${kind}'`)

const NUMBER = sequenceNumber(0).length
/** Digits of an iterator after its shard. */
const PLACE = 12
/** Where a page has what changes. */
const numbers: number[] = []
const template = pageOf(clientRecords(PAGE)[kind])
const iteratorAt = template.lastIndexOf('"NextShardIterator":"') + '"NextShardIterator":"'.length

function pageOf(texts: readonly string[]): Buffer {
  let page = '{"Records":['
  for (const [n, text] of texts.entries()) {
    page += `${n === 0 ? '' : ','}{"SequenceNumber":"`
    numbers.push(page.length)
    page += `${sequenceNumber(0)}","ApproximateArrivalTimestamp":1796000000.123,"PartitionKey":"client-${n}","Data":"${Buffer.from(text).toString('base64')}"}`
  }
  page += `],"MillisBehindLatest":3600000,"NextShardIterator":"${iterator(shardId(0), 0)}"}`
  return Buffer.from(page, 'latin1')
}

function iterator(shard: string, read: number): string {
  return `${shard}/${String(read).padStart(PLACE, '0')}`
}

/** The page after so many records of the shard. */
function page(from: string): Buffer {
  const [shard = '', at = ''] = from.split('/')
  const read = Number(at)
  const copy = Buffer.from(template)
  for (const [n, offset] of numbers.entries())
    copy.write(sequenceNumber(read + n + 1), offset, NUMBER, 'latin1')
  copy.write(iterator(shard, read + PAGE), iteratorAt, 'latin1')
  return copy
}

function answer(action: string, input: Readonly<Record<string, unknown>>): string | Buffer {
  if (action === 'GetRecords') {
    // The check at a worker's start reads one, from the end.
    const only = input.Limit === 1
    return only
      ? JSON.stringify({ Records: [], MillisBehindLatest: 0, NextShardIterator: input.ShardIterator })
      : page(String(input.ShardIterator))
  }
  if (action === 'GetShardIterator')
    return JSON.stringify({ ShardIterator: iterator(String(input.ShardId), 0) })
  if (action === 'ListShards') return JSON.stringify({ Shards: shards() })
  if (action === 'DescribeStreamSummary')
    return JSON.stringify({
      StreamDescriptionSummary: {
        StreamARN: `arn:aws:kinesis:eu-west-1:123456789012:stream/${input.StreamName}`,
        StreamCreationTimestamp: 1_700_000_000,
      },
    })
  throw new Error(`this server knows no ${action}`)
}

function shards() {
  return Array.from({ length: SHARDS }, (_, n) => {
    const [StartingHashKey, EndingHashKey] = hashRange(n, SHARDS)
    const SequenceNumberRange = { StartingSequenceNumber: sequenceNumber(0) }
    return { ShardId: shardId(n), HashKeyRange: { StartingHashKey, EndingHashKey }, SequenceNumberRange }
  })
}

async function serve(stream: ServerHttp2Stream, target: string): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  const body = answer(target.replace(/^.*\./, ''), JSON.parse(Buffer.concat(chunks).toString()))
  stream.respond({ ':status': 200, 'content-type': 'application/x-amz-json-1.1' })
  stream.end(body)
}

const server = createServer()
server.on('stream', (stream, headers) => {
  // A client that ends closes its streams: nobody waits for them.
  stream.on('error', () => {})
  serve(stream, String(headers['x-amz-target'])).catch((error) => stream.destroy(error))
})
server.listen(0, '127.0.0.1', () => console.log(Object(server.address()).port))
process.stdin.on('end', () => process.exit()).resume()
