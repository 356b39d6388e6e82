/**
 * What stands before dynalite.
 *
 * | call                                             | what is added                                              |
 * |--------------------------------------------------|------------------------------------------------------------|
 * | PutItem, UpdateItem, DeleteItem, BatchWriteItem  | captured; the old item of a failed condition               |
 * | TransactWriteItems, TransactGetItems             | answered here                                              |
 * | ...KinesisStreamingDestination, ...TimeToLive    | answered here                                              |
 * | CreateTable, UpdateTable                         | DynamoDB Streams are refused instead of ignored            |
 * | what reads or writes items                       | throttled on demand                                        |
 * | null among attributes                            | refused as AWS does (dynalite would throw)                 |
 * | anything else                                    | passed on untouched; what dynalite lacks is refused by name|
 */

import type { FaultSource } from '../faults/index.ts'
import {
  type AwsFault,
  type Fields,
  faultOf,
  faultReply,
  fieldsOf,
  isFields,
  type Reply,
  type Request,
  signed,
  targetOf,
} from '../http/index.ts'
import { fault, isFault, validation } from './refusal.ts'

type Answer = (request: Request, input: Fields) => Promise<Reply>
type Emulated = (operation: string, input: Fields) => Promise<Fields | AwsFault>

export interface FrontOptions {
  readonly forward: (request: Request) => Promise<Reply>
  readonly faults: FaultSource
  readonly singleWrite: Answer
  readonly batchWrite: Answer
  readonly transactWrite: Emulated
  readonly transactGet: Emulated
  readonly streaming: Emulated
  readonly timeToLive: Emulated
  /** A table was created, changed or deleted. */
  readonly tableChanged: (table: string, operation: string) => void
}

const JSON_TYPE = 'application/x-amz-json-1.0'

const ON_ITEMS = new Set([
  'GetItem',
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'Query',
  'Scan',
  'BatchGetItem',
  'BatchWriteItem',
  'TransactGetItems',
  'TransactWriteItems',
])

/** A JSON null among attributes would end the process: dynalite trips over it in a callback. */
const HOLD_ATTRIBUTES = [
  'Item',
  'Key',
  'ExpressionAttributeValues',
  'RequestItems',
  'TransactItems',
  'Expected',
]

function holdsNull(value: unknown): boolean {
  if (typeof value !== 'object') return false
  return value === null || Object.values(value).some(holdsNull)
}

export function dynamodbFront(options: FrontOptions): (request: Request) => Promise<Reply> {
  const { faults, forward } = options
  return async (incoming) => {
    const request = signed(incoming)
    const { service, operation } = targetOf(request)
    const input = fieldsOf(request.body)
    // A body that is no JSON object, and a target that is no operation, are the emulator's to refuse.
    if (input === undefined || service !== 'DynamoDB_20120810')
      return named(await forward(request), service, operation)
    if (ON_ITEMS.has(operation) && faults.strikes(faults.state().throttle.dynamodb)) {
      const message =
        'The level of configured provisioned throughput is exceeded (on demand by the embedded DynamoDB)'
      return faultReply(fault('ProvisionedThroughputExceededException', message), JSON_TYPE)
    }
    if (HOLD_ATTRIBUTES.some((name) => holdsNull(input[name]))) {
      const message = 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes'
      return faultReply(validation(message), JSON_TYPE)
    }
    return route(options, operation, request, input)
  }
}

async function route(
  options: FrontOptions,
  operation: string,
  request: Request,
  input: Fields,
): Promise<Reply> {
  switch (operation) {
    case 'PutItem':
    case 'UpdateItem':
    case 'DeleteItem':
      return options.singleWrite(request, input)
    case 'BatchWriteItem':
      return options.batchWrite(request, input)
    case 'TransactWriteItems':
      return emulated(options.transactWrite(operation, input))
    case 'TransactGetItems':
      return emulated(options.transactGet(operation, input))
    case 'EnableKinesisStreamingDestination':
    case 'DisableKinesisStreamingDestination':
    case 'DescribeKinesisStreamingDestination':
    case 'UpdateKinesisStreamingDestination':
      return emulated(options.streaming(operation, input))
    case 'UpdateTimeToLive':
    case 'DescribeTimeToLive':
      return emulated(options.timeToLive(operation, input))
    case 'CreateTable':
    case 'UpdateTable':
    case 'DeleteTable':
      return tableCall(options, operation, request, input)
    default:
      return named(await options.forward(request), 'DynamoDB_20120810', operation)
  }
}

async function emulated(outcome: Promise<Fields | AwsFault>): Promise<Reply> {
  const result = await outcome
  if (isFault(result)) return faultReply(result, JSON_TYPE)
  return { status: 200, headers: { 'content-type': JSON_TYPE }, body: JSON.stringify(result) }
}

async function tableCall(
  options: FrontOptions,
  operation: string,
  request: Request,
  input: Fields,
): Promise<Reply> {
  const { StreamSpecification: streams, TableName: table } = input
  if (isFields(streams) && streams.StreamEnabled === true) {
    const advice = 'enable a Kinesis streaming destination instead, or leave StreamSpecification out'
    return faultReply(
      validation(`DynamoDB Streams are not part of the embedded DynamoDB: ${advice}`),
      JSON_TYPE,
    )
  }
  const reply = await options.forward(request)
  if (reply.status === 200 && typeof table === 'string') options.tableChanged(table, operation)
  return reply
}

/** The emulator refuses an unknown operation without a word. */
function named(reply: Reply, service: string, operation: string): Reply {
  if (faultOf(reply)?.name !== 'UnknownOperationException') return reply
  const what = operation === '' ? 'A request without x-amz-target' : `${service}.${operation}`
  const type = 'com.amazon.coral.service#UnknownOperationException'
  return faultReply({ type, message: `${what} is not supported by the embedded DynamoDB` }, JSON_TYPE)
}
