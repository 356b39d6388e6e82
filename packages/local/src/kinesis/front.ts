/**
 * What stands before kinesalite.
 *
 * | call                                   | what is added                                                                |
 * |----------------------------------------|------------------------------------------------------------------------------|
 * | any                                    | an operation or a parameter that is not here is refused by its name          |
 * | by `StreamARN`                         | understood as the stream's name (kinesalite knows no ARNs)                   |
 * | GetRecords                             | `MillisBehindLatest` as it is; `ChildShards`; throttling                     |
 * | GetShardIterator                       | AT_TIMESTAMP after the last record is answered (kinesalite never would)      |
 * | PutRecord, PutRecords                  | throttling, as a call or of single records; the stream's own record size     |
 * | CreateStream                           | modes, record sizes, tags                                                    |
 * | DescribeStream, ListShards, ListStreams | pages; filters; summaries                                                   |
 * | UpdateShardCount                       | by SplitShard and MergeShards                                                |
 * | UpdateStreamMode, UpdateMaxRecordSize  | kept by kinesalite: see `emulator/streams.ts`                                |
 * | anything else                          | passed on untouched                                                          |
 */

import { fieldsOf, isFault, type Reply, type Request, signed, targetOf } from '../http/index.ts'
import { describeStream, describeStreamSummary } from './describe.ts'
import { getShardIterator } from './iterators.ts'
import { listShards } from './list-shards.ts'
import { listStreams } from './list-streams.ts'
import { byName } from './names.ts'
import { unknownOperation, unknownParameter } from './parameters.ts'
import { putRecord, putRecords } from './put.ts'
import { getRecords } from './records.ts'
import { changeShards, updateShardCount } from './reshard.ts'
import { changeStream, createStream } from './settings.ts'
import { LARGEST_BODY } from './sizes.ts'
import { JSON_TYPE, type Operation, refused, type Stage, withInput } from './stage.ts'
import { listTagsForResource, tagResource, untagResource } from './tags.ts'

const OPERATIONS: Readonly<Record<string, Operation>> = {
  CreateStream: createStream,
  DescribeStream: describeStream,
  DescribeStreamSummary: describeStreamSummary,
  GetRecords: getRecords,
  GetShardIterator: getShardIterator,
  ListShards: listShards,
  ListStreams: listStreams,
  ListTagsForResource: listTagsForResource,
  MergeShards: changeShards,
  PutRecord: putRecord,
  PutRecords: putRecords,
  SplitShard: changeShards,
  TagResource: tagResource,
  UntagResource: untagResource,
  UpdateMaxRecordSize: changeStream,
  UpdateShardCount: updateShardCount,
  UpdateStreamMode: changeStream,
}

export function kinesisFront(stage: Stage): (request: Request) => Promise<Reply> {
  return async (incoming) => {
    if (incoming.body.length > LARGEST_BODY) return { status: 413 }
    const given = signed(incoming)
    const { service, operation } = targetOf(given)
    const isHere = service === 'Kinesis_20131202' && operation !== ''
    const stranger = isHere ? unknownOperation(operation) : undefined
    if (stranger !== undefined) return refused(stranger)
    const type = given.headers['content-type'] ?? JSON_TYPE
    const fields = isHere && type.includes('json') ? fieldsOf(given.body) : undefined
    if (fields === undefined) return stage.forward(given)

    const unknown = unknownParameter(operation, fields)
    if (unknown !== undefined) return refused(unknown)
    const input = byName(operation, fields, stage.region)
    if (isFault(input)) return refused(input)
    const request = input === fields ? given : withInput(given, input)
    const handle = OPERATIONS[operation]
    return handle === undefined ? stage.forward(request) : handle(stage, input, request)
  }
}
