import type { AwsFault, Fields } from '../http/index.ts'
import { isFault } from '../http/index.ts'
import { answered, type Operation, refused, replyTo } from './stage.ts'
import { fieldsIn, openShards, type Shard, type Stream, streamIn } from './stream.ts'
import { nextIn, tokenOf } from './token.ts'

const USUAL_PAGE = 1_000
const TYPES = [
  'AFTER_SHARD_ID',
  'AT_TRIM_HORIZON',
  'FROM_TRIM_HORIZON',
  'AT_LATEST',
  'AT_TIMESTAMP',
  'FROM_TIMESTAMP',
]

/** The shards that a filter lets through, a page at a time. Those whose records have all expired are not listed. */
export const listShards: Operation = async ({ call, now }, input) => {
  const wanted = wantedBy(input)
  if (isFault(wanted)) return refused(wanted)
  const { StreamName, ExclusiveStartShardId, ShardFilter, StreamCreationTimestamp } = wanted
  const { MaxResults } = input
  // kinesalite checks what it knows, and lists without regard to it.
  const checked = await call('ListShards', { StreamName, MaxResults, ExclusiveStartShardId })
  if (!checked.ok) return replyTo(checked)
  const answer = await call('DescribeStream', { StreamName })
  if (!answer.ok) return replyTo(answer)
  const stream = streamIn(answer.output)
  const passes = filterOf(ShardFilter, stream, now())
  if (isFault(passes)) return refused(passes)
  if (!isCreatedAt(stream, StreamCreationTimestamp))
    return refused({
      type: 'ResourceNotFoundException',
      message: `Stream ${stream.name} that was created at ${StreamCreationTimestamp} not found.`,
    })

  const shards = stream.shards.filter(
    (shard) =>
      passes(shard) && (typeof ExclusiveStartShardId !== 'string' || shard.id > ExclusiveStartShardId),
  )
  const page = shards.slice(0, typeof MaxResults === 'number' ? MaxResults : USUAL_PAGE)
  const next = {
    StreamName,
    StreamCreationTimestamp: stream.createdAt / 1_000,
    ExclusiveStartShardId: page.at(-1)?.id,
    ShardFilter,
  }
  return answered({
    Shards: page.map(({ fields }) => fields),
    ...(page.length < shards.length && { NextToken: tokenOf('shards', next) }),
  })
}

/** The list that a call asks for, or that its token goes on with. */
function wantedBy(input: Fields): Fields | AwsFault {
  const { NextToken: token } = input
  if (token === undefined || token === null) return input
  const together = ['StreamName', 'ExclusiveStartShardId', 'StreamCreationTimestamp', 'ShardFilter'].find(
    (name) => input[name] !== undefined && input[name] !== null,
  )
  if (together !== undefined)
    return {
      type: 'InvalidArgumentException',
      message: `NextToken and ${together} cannot be provided together.`,
    }
  return (
    nextIn('shards', token) ?? {
      type: 'InvalidArgumentException',
      message: 'NextToken is invalid: it is not one that ListShards gave.',
    }
  )
}

function isCreatedAt({ createdAt }: Stream, wanted: unknown): boolean {
  return typeof wanted !== 'number' || Math.floor(wanted) === Math.floor(createdAt / 1_000)
}

function filterOf(given: unknown, stream: Stream, now: number): ((shard: Shard) => boolean) | AwsFault {
  const horizon = Math.max(now - stream.retentionMs, stream.createdAt)
  const isKept = ({ closedAt }: Shard) => closedAt === undefined || closedAt >= horizon
  if (given === undefined || given === null) return isKept
  const { Type, ShardId, Timestamp } = fieldsIn(given)
  const problem = problemOf(Type, ShardId, Timestamp, now)
  if (problem !== undefined) return problem

  const at = Math.max(Number(Timestamp) * 1_000, horizon)
  const isOpenAt = (time: number) => (shard: Shard) =>
    shard.openedAt <= time && (shard.closedAt === undefined || shard.closedAt > time)
  switch (Type) {
    case 'AFTER_SHARD_ID':
      return (shard) => isKept(shard) && shard.id > String(ShardId)
    case 'AT_LATEST':
      return (shard) => openShards(stream).includes(shard)
    case 'AT_TIMESTAMP':
      return isOpenAt(at)
    case 'AT_TRIM_HORIZON':
      return isOpenAt(horizon)
    case 'FROM_TIMESTAMP':
      return ({ closedAt }) => closedAt === undefined || closedAt >= at
    default:
      return isKept
  }
}

function problemOf(type: unknown, shardId: unknown, timestamp: unknown, now: number): AwsFault | undefined {
  if (typeof type !== 'string' || !TYPES.includes(type))
    return {
      type: 'ValidationException',
      message: `1 validation error detected: Value '${type ?? 'null'}' at 'shardFilter.type' failed to satisfy constraint: Member must satisfy enum value set: [${TYPES.join(', ')}]`,
    }
  const needsTime = type.endsWith('TIMESTAMP')
  const needsShard = type === 'AFTER_SHARD_ID'
  const message =
    needsTime !== (typeof timestamp === 'number')
      ? `ShardFilter of type ${type} must ${needsTime ? '' : 'not '}have a Timestamp.`
      : needsShard !== (typeof shardId === 'string')
        ? `ShardFilter of type ${type} must ${needsShard ? '' : 'not '}have a ShardId.`
        : Number(timestamp) * 1_000 > now
          ? 'The Timestamp of ShardFilter cannot be greater than the current time.'
          : undefined
  return message === undefined ? undefined : { type: 'InvalidArgumentException', message }
}
