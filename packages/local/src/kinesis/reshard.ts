import type { AwsAnswer, AwsCall, AwsFault, Fields } from '../http/index.ts'
import { notActive } from './refusals.ts'
import { ACCOUNT, answered, type Operation, refused, replyTo } from './stage.ts'
import { arnOf, openShards, type Shard, streamIn } from './stream.ts'

const KEYS = 2n ** 128n

/** SplitShard and MergeShards, for streams that have their shards in hand. */
export const changeShards: Operation = async ({ call, forward, resharding }, input, request) => {
  const name = String(input.StreamName)
  if (resharding.has(name)) return refused(notActive(name))
  const answer = await call('DescribeStream', { StreamName: input.StreamName })
  if (answer.ok && streamIn(answer.output).isOnDemand) return refused(onDemand(name))
  return forward(request)
}

/** Splits and merges until the open shards are as many as asked for, each with as many hash keys as another. */
export const updateShardCount: Operation = async ({ call, region, resharding }, input) => {
  const answer = await call('DescribeStream', { StreamName: input.StreamName })
  if (!answer.ok) return replyTo(answer)
  const stream = streamIn(answer.output)
  const current = openShards(stream).length
  const refusal = malformed(input) ?? (stream.isOnDemand ? onDemand(stream.name) : undefined)
  if (refusal !== undefined) return refused(refusal)
  if (stream.status !== 'ACTIVE' || resharding.has(stream.name)) return refused(notActive(stream.name))
  const target = Number(input.TargetShardCount)
  const beyond = beyondLimits(current, target)
  if (beyond !== undefined) return refused(beyond)

  resharding.add(stream.name)
  try {
    const failed = await reshard(call, stream.name, target)
    if (failed !== undefined) return replyTo(failed)
  } finally {
    resharding.delete(stream.name)
  }
  return answered({
    StreamName: stream.name,
    CurrentShardCount: current,
    TargetShardCount: target,
    StreamARN: arnOf(stream.name, region),
  })
}

async function reshard(call: AwsCall, StreamName: string, target: number): Promise<AwsAnswer | undefined> {
  const edges = Array.from({ length: target }, (_, index) => (KEYS / BigInt(target)) * BigInt(index))
  for (;;) {
    const answer = await call('DescribeStream', { StreamName })
    if (!answer.ok) return answer
    const step = nextStep(openShards(streamIn(answer.output)), edges)
    if (step === undefined) return undefined
    const done = await call(step.operation, { StreamName, ...step.input })
    if (!done.ok) return done
  }
}

interface Step {
  readonly operation: 'SplitShard' | 'MergeShards'
  readonly input: Fields
}

/** First shards are split where an edge is missing, then those merged that have none between them. */
function nextStep(open: readonly Shard[], edges: readonly bigint[]): Step | undefined {
  const shards = open.toSorted((one, other) => (one.from < other.from ? -1 : 1))
  const begins = new Set(shards.map(({ from }) => from))
  const missing = edges.find((edge) => !begins.has(edge))
  if (missing !== undefined) return splitAt(shards, missing)
  const kept = new Set(edges)
  const needless = shards.findIndex(({ from }) => !kept.has(from))
  return needless === -1 ? undefined : mergeAt(shards, needless)
}

function splitAt(shards: readonly Shard[], edge: bigint): Step {
  const index = shards.findIndex(({ from, to }) => from < edge && edge <= to)
  const shard = shards[index]
  // Kinesis splits no shard next to its end. Together with its neighbour it has its end elsewhere.
  if (shard === undefined || edge === shard.from + 1n) return mergeAt(shards, index)
  if (edge === shard.to) return mergeAt(shards, index + 1)
  return {
    operation: 'SplitShard',
    input: { ShardToSplit: shard.id, NewStartingHashKey: String(edge) },
  }
}

/** With the shard before it. */
function mergeAt(shards: readonly Shard[], index: number): Step {
  return {
    operation: 'MergeShards',
    input: { ShardToMerge: shards[index - 1]?.id, AdjacentShardToMerge: shards[index]?.id },
  }
}

function malformed({ TargetShardCount: target, ScalingType: type }: Fields): AwsFault | undefined {
  if (type !== 'UNIFORM_SCALING')
    return validation(
      `Value '${type ?? 'null'}' at 'scalingType'`,
      'satisfy enum value set: [UNIFORM_SCALING]',
    )
  if (typeof target !== 'number' || !Number.isInteger(target) || target < 1)
    return validation(
      `Value '${target ?? 'null'}' at 'targetShardCount'`,
      'have value greater than or equal to 1',
    )
  return undefined
}

function validation(value: string, must: string): AwsFault {
  return {
    type: 'ValidationException',
    message: `1 validation error detected: ${value} failed to satisfy constraint: Member must ${must}`,
  }
}

function beyondLimits(current: number, target: number): AwsFault | undefined {
  const way = target > current * 2 ? 'up over double' : target * 2 < current ? 'down below half' : undefined
  if (way === undefined) return undefined
  return {
    type: 'LimitExceededException',
    message: `UpdateShardCount cannot scale ${way} your current open shard count. Current open shard count: ${current}, Target shard count: ${target}`,
  }
}

function onDemand(name: string): AwsFault {
  return {
    type: 'ValidationException',
    message: `Request is invalid. Stream ${name} under account ${ACCOUNT} is in On-Demand mode.`,
  }
}
