import { fieldsOf } from '../http/index.ts'
import { answered, listOf, type Operation, replyTo } from './stage.ts'
import { described, fieldsIn } from './stream.ts'

/** AWS's for DescribeStream, whatever `Limit` says beyond it. */
const MOST_SHARDS = 100

export const describeStream: Operation = async ({ call, region, resharding }, input) => {
  const answer = await call('DescribeStream', input)
  if (!answer.ok) return replyTo(answer)
  const { Shards, ...stream } = fieldsIn(answer.output.StreamDescription)
  const { ExclusiveStartShardId: start } = input
  const limit = Math.min(typeof input.Limit === 'number' ? input.Limit : MOST_SHARDS, MOST_SHARDS)
  const behind = listOf(Shards)
    .map((shard) => {
      const { _closedAt, ...fields } = fieldsIn(shard)
      return fields
    })
    .filter(({ ShardId }) => typeof start !== 'string' || String(ShardId) > start)
  return answered({
    StreamDescription: {
      ...described(stream, region, resharding.has(String(input.StreamName))),
      Shards: behind.slice(0, limit),
      HasMoreShards: behind.length > limit,
    },
  })
}

export const describeStreamSummary: Operation = async ({ forward, region, resharding }, input, request) => {
  const reply = await forward(request)
  const output = reply.status === 200 ? fieldsOf(reply.body) : undefined
  if (output === undefined) return reply
  const summary = fieldsIn(output.StreamDescriptionSummary)
  const StreamDescriptionSummary = {
    ...described(summary, region, resharding.has(String(input.StreamName))),
    MaxRecordSizeInKiB: summary.MaxRecordSizeInKiB ?? 1_024,
  }
  return { ...reply, body: JSON.stringify({ StreamDescriptionSummary }) }
}
