import { setImmediate as turn } from 'node:timers/promises'
import { awsCaller, fieldsOf, isFields, type Reply, type Request, targetOf } from '../http/index.ts'

const CHANGES = new Set(['CreateStream', 'SplitShard', 'MergeShards'])

/**
 * Answers a change of a stream once it is done, so that what was answered survives a kill: until a stream is ACTIVE again, kinesalite
 * knows its shards in memory alone.
 */
export function settledChanges(forward: (request: Request) => Promise<Reply>): typeof forward {
  const call = awsCaller(forward, 'Kinesis_20131202', 'application/x-amz-json-1.1')

  async function isChanging(stream: string): Promise<boolean> {
    const answer = await call('DescribeStreamSummary', { StreamName: stream })
    const described = answer.ok ? answer.output.StreamDescriptionSummary : undefined
    const summary = isFields(described) ? described : {}
    return summary.StreamStatus === 'CREATING' || summary.StreamStatus === 'UPDATING'
  }

  return async (request) => {
    const reply = await forward(request)
    const { operation } = targetOf(request)
    if (reply.status !== 200 || !CHANGES.has(operation)) return reply
    // A client that speaks CBOR names its stream where only kinesalite reads it: it asks for the status itself.
    const { StreamName: stream } = fieldsOf(request.body) ?? {}
    while (typeof stream === 'string' && (await isChanging(stream))) await turn()
    return reply
  }
}
