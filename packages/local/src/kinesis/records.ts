import { fieldsOf, isFields } from '../http/index.ts'
import { type Place, placeOf } from './place.ts'
import { rateExceeded, throttledOnDemand } from './refusals.ts'
import { listOf, type Operation, refused, type Stage } from './stage.ts'
import { streamIn } from './stream.ts'

/** A page with its true lag; at the end of a closed shard, with the shards that go on where it ends. */
export const getRecords: Operation = async (stage, input, request) => {
  const struck = throttledOnDemand(stage.faults)
  if (struck !== undefined) return refused(struck)
  const place = placeOf(input.ShardIterator)
  const isLimited = place !== undefined && stage.faults.state().limits.kinesis
  const read = isLimited ? stage.limits.read(place.stream, place.shard) : undefined
  if (isLimited && read === undefined) return refused(rateExceeded(place.stream, place.shard))

  const reply = await stage.forward(request)
  const output = reply.status === 200 ? fieldsOf(reply.body) : undefined
  if (output === undefined) return reply
  const { Waiting: waiting, ...page } = output
  read?.(listOf(page.Records).reduce<number>((sum, record) => sum + bytesOf(record), 0))
  const isEnd = place !== undefined && typeof page.NextShardIterator !== 'string'
  if (typeof waiting !== 'number' && !isEnd) return reply
  return {
    ...reply,
    body: JSON.stringify({
      ...page,
      // kinesalite says 0 while there are records. At least 1: zero would say that nothing waits.
      ...(typeof waiting === 'number' && {
        MillisBehindLatest: Math.max(1, Math.round(stage.now() - waiting * 1_000)),
      }),
      ...(isEnd && { ChildShards: await childrenOf(stage, place) }),
    }),
  }
}

/** What AWS counts of a record: its data, and its partition key. */
export function bytesOf(record: unknown): number {
  if (!isFields(record)) return 0
  const { Data: data, PartitionKey: key } = record
  return (
    (typeof data === 'string' ? Buffer.byteLength(data, 'base64') : 0) +
    (typeof key === 'string' ? Buffer.byteLength(key) : 0)
  )
}

async function childrenOf({ call }: Stage, place: Place): Promise<object[]> {
  const answer = await call('DescribeStream', { StreamName: place.stream })
  if (!answer.ok) return []
  return streamIn(answer.output)
    .shards.filter(({ parents }) => parents.includes(place.shard))
    .map(({ id, parents, fields }) => ({
      ShardId: id,
      ParentShards: parents,
      HashKeyRange: fields.HashKeyRange,
    }))
}
