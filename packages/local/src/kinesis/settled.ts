import { setImmediate as turn } from 'node:timers/promises'
import { awsCaller, fieldsOf, isFields, type Reply, type Request, targetOf } from '../http/index.ts'

const CHANGES = new Set(['CreateStream', 'DeleteStream', 'SplitShard', 'MergeShards'])
const IN_BETWEEN: readonly unknown[] = ['CREATING', 'UPDATING', 'DELETING']

/**
 * Answers a change of a stream once it is done. Nobody needs to wait for it, and what was answered survives a kill: until a stream is
 * ACTIVE again, kinesalite knows its shards in memory alone.
 */
export function settledChanges(forward: (request: Request) => Promise<Reply>): typeof forward {
  const call = awsCaller(forward, 'Kinesis_20131202', 'application/x-amz-json-1.1')

  async function isChanging(stream: string): Promise<boolean> {
    const answer = await call('DescribeStreamSummary', { StreamName: stream })
    const described = answer.ok ? answer.output.StreamDescriptionSummary : undefined
    return isFields(described) && IN_BETWEEN.includes(described.StreamStatus)
  }

  return async (request) => {
    const reply = await forward(request)
    const { operation } = targetOf(request)
    if (reply.status !== 200 || !CHANGES.has(operation)) return reply
    const { StreamName: stream } = fieldsOf(request.body) ?? {}
    while (typeof stream === 'string' && (await isChanging(stream))) await turn()
    return reply
  }
}
