/**
 * The operations that are here, and their parameters. What is not in this table is refused by its name: a parameter that is passed over
 * without a word would let a test pass which fails on AWS.
 */

import { type AwsFault, type Fields, isFields } from '../http/index.ts'

/** Of a structure, or of the structures in a list; nothing of a value that has no members of its own. */
interface Members {
  readonly [name: string]: Members | null
}

const STREAM: Members = { StreamName: null, StreamARN: null }
const RECORD: Members = { Data: null, PartitionKey: null, ExplicitHashKey: null }
const MODE: Members = { StreamModeDetails: { StreamMode: null } }

const OPERATIONS: Readonly<Record<string, Members>> = {
  AddTagsToStream: { ...STREAM, Tags: null },
  CreateStream: { StreamName: null, ShardCount: null, ...MODE, MaxRecordSizeInKiB: null, Tags: null },
  DecreaseStreamRetentionPeriod: { ...STREAM, RetentionPeriodHours: null },
  // Without enhanced fan-out no stream has consumers, so that their deletion need not be enforced.
  DeleteStream: { ...STREAM, EnforceConsumerDeletion: null },
  DescribeStream: { ...STREAM, Limit: null, ExclusiveStartShardId: null },
  DescribeStreamSummary: STREAM,
  GetRecords: { StreamARN: null, ShardIterator: null, Limit: null },
  GetShardIterator: {
    ...STREAM,
    ShardId: null,
    ShardIteratorType: null,
    StartingSequenceNumber: null,
    Timestamp: null,
  },
  IncreaseStreamRetentionPeriod: { ...STREAM, RetentionPeriodHours: null },
  ListShards: {
    ...STREAM,
    NextToken: null,
    ExclusiveStartShardId: null,
    MaxResults: null,
    StreamCreationTimestamp: null,
    ShardFilter: { Type: null, ShardId: null, Timestamp: null },
  },
  ListStreams: { Limit: null, ExclusiveStartStreamName: null, NextToken: null },
  ListTagsForResource: { ResourceARN: null },
  ListTagsForStream: { ...STREAM, ExclusiveStartTagKey: null, Limit: null },
  MergeShards: { ...STREAM, ShardToMerge: null, AdjacentShardToMerge: null },
  PutRecord: { ...STREAM, ...RECORD, SequenceNumberForOrdering: null },
  PutRecords: { ...STREAM, Records: RECORD },
  RemoveTagsFromStream: { ...STREAM, TagKeys: null },
  SplitShard: { ...STREAM, ShardToSplit: null, NewStartingHashKey: null },
  TagResource: { ResourceARN: null, Tags: null },
  UntagResource: { ResourceARN: null, TagKeys: null },
  UpdateMaxRecordSize: { StreamARN: null, MaxRecordSizeInKiB: null },
  UpdateShardCount: { ...STREAM, TargetShardCount: null, ScalingType: null },
  UpdateStreamMode: { StreamARN: null, ...MODE },
}

export function unknownOperation(operation: string): AwsFault | undefined {
  if (Object.hasOwn(OPERATIONS, operation)) return undefined
  return {
    type: 'UnknownOperationException',
    message: `the embedded Kinesis does not support the operation '${operation}'`,
  }
}

export function unknownParameter(operation: string, input: Fields): AwsFault | undefined {
  const members = OPERATIONS[operation] ?? {}
  const name = strangerIn(input, members, '')
  if (name === undefined) return undefined
  return {
    type: 'ValidationException',
    message: `the embedded Kinesis does not support the parameter '${name}' of ${operation}: expected '${Object.keys(members).join("', '")}' only`,
  }
}

/** The first parameter that is not known, by its path. */
function strangerIn(value: unknown, members: Members, path: string): string | undefined {
  if (Array.isArray(value)) {
    for (const each of value) {
      const stranger = strangerIn(each, members, path)
      if (stranger !== undefined) return stranger
    }
    return undefined
  }
  if (!isFields(value)) return undefined
  for (const [name, given] of Object.entries(value)) {
    // A parameter that is null counts as left out.
    if (given === null || given === undefined) continue
    if (!Object.hasOwn(members, name)) return path + name
    const inner = members[name]
    const stranger = inner ? strangerIn(given, inner, `${path}${name}.`) : undefined
    if (stranger !== undefined) return stranger
  }
  return undefined
}
