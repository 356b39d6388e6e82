import { type Fields, isFields } from '../http/index.ts'
import { ACCOUNT, listOf } from './stage.ts'

export interface Shard {
  readonly id: string
  readonly parents: readonly string[]
  /** The first and the last hash key. */
  readonly from: bigint
  readonly to: bigint
  /** Milliseconds since 1970. */
  readonly openedAt: number
  /** Nothing for a shard that is open. */
  readonly closedAt: number | undefined
  /** As a client sees it. */
  readonly fields: Fields
}

export interface Stream {
  readonly name: string
  readonly status: string
  readonly isOnDemand: boolean
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly retentionMs: number
  readonly largestRecord: number
  /** In the order of their ids, so parents first. */
  readonly shards: readonly Shard[]
}

const HOUR = 3_600_000
const KIB = 1_024

/** What kinesalite says of a stream in DescribeStream. */
export function streamIn(output: Fields): Stream {
  const given = fieldsIn(output.StreamDescription)
  const createdAt = Number(given.StreamCreationTimestamp) * 1_000
  const closings = new Map<string, number>()
  const shards = listOf(given.Shards).map((each) => {
    const shard = shardIn(fieldsIn(each), createdAt, closings)
    if (shard.closedAt !== undefined) closings.set(shard.id, shard.closedAt)
    return shard
  })
  return {
    name: String(given.StreamName),
    status: String(given.StreamStatus),
    isOnDemand: fieldsIn(given.StreamModeDetails).StreamMode === 'ON_DEMAND',
    createdAt,
    retentionMs: Number(given.RetentionPeriodHours) * HOUR,
    largestRecord: Number(given.MaxRecordSizeInKiB ?? KIB) * KIB,
    shards,
  }
}

export function openShards({ shards }: Stream): Shard[] {
  return shards.filter(({ closedAt }) => closedAt === undefined)
}

/** A stream's description without what kinesalite keeps for itself, with the ARN that it has here. */
export function described(given: unknown, region: string, isResharding: boolean): Fields {
  const { MaxRecordSizeInKiB: _, ...fields } = fieldsIn(given)
  return {
    StreamModeDetails: { StreamMode: 'PROVISIONED' },
    ...fields,
    StreamARN: arnOf(String(fields.StreamName), region),
    ...(isResharding && { StreamStatus: 'UPDATING' }),
  }
}

export function arnOf(name: string, region: string): string {
  return `arn:aws:kinesis:${region}:${ACCOUNT}:stream/${name}`
}

export function fieldsIn(value: unknown): Fields {
  return isFields(value) ? value : {}
}

function shardIn(given: Fields, createdAt: number, closings: ReadonlyMap<string, number>): Shard {
  const { _closedAt: closed, ...fields } = given
  const range = fieldsIn(given.HashKeyRange)
  const { EndingSequenceNumber: end } = fieldsIn(given.SequenceNumberRange)
  const parents = [given.ParentShardId, given.AdjacentParentShardId].filter((id) => typeof id === 'string')
  return {
    id: String(given.ShardId),
    parents,
    from: BigInt(String(range.StartingHashKey)),
    to: BigInt(String(range.EndingHashKey)),
    // A shard opens as its parents close.
    openedAt: Math.max(createdAt, ...parents.map((id) => closings.get(id) ?? 0)),
    closedAt: typeof end !== 'string' ? undefined : typeof closed === 'number' ? closed : timeIn(end),
    fields,
  }
}

/** The second in a sequence number, for a shard that was closed before kinesalite kept the time itself. */
function timeIn(sequenceNumber: string): number {
  return Number.parseInt(BigInt(sequenceNumber).toString(16).slice(29, 38), 16) * 1_000
}
