/**
 * What stands before dynalite.
 *
 * | call                                             | what is added                                              |
 * |--------------------------------------------------|------------------------------------------------------------|
 * | PutItem, UpdateItem, DeleteItem, BatchWriteItem  | captured; the old item of a failed condition               |
 * | TransactWriteItems, TransactGetItems             | answered here                                              |
 * | ExecuteStatement, BatchExecuteStatement          | answered here                                              |
 * | ...KinesisStreamingDestination, ...TimeToLive    | answered here                                              |
 * | parameters that dynalite would ignore            | refused by name                                            |
 * | what reads or writes items                       | throttled on demand                                        |
 * | null within a parameter, a tag without a value   | refused as AWS does (dynalite would throw)                 |
 * | what is beyond a limit                           | refused as AWS does (dynalite would take it)               |
 * | anything else                                    | passed on untouched; what dynalite lacks is refused by name|
 */

import type { FaultSource } from '../faults/index.ts'
import {
  type AwsFault,
  type Fields,
  faultOf,
  faultReply,
  fieldsOf,
  isFault,
  JSON_TYPE,
  type Reply,
  type Request,
  signed,
  targetOf,
} from '../http/index.ts'
import { beyondLimits } from './limits.ts'
import { given, malformed } from './malformed.ts'
import { fault } from './refusal.ts'
import { unsupported } from './unsupported.ts'

type Answer = (request: Request, input: Fields) => Promise<Reply>
type Emulated = (operation: string, input: Fields) => Promise<Fields | AwsFault>

export interface FrontOptions {
  readonly forward: (request: Request) => Promise<Reply>
  readonly faults: FaultSource
  readonly singleWrite: Answer
  readonly batchWrite: Answer
  readonly transactWrite: Emulated
  readonly transactGet: Emulated
  readonly statements: Emulated
  readonly streaming: Emulated
  readonly timeToLive: Emulated
  /** A table was created, changed or deleted. */
  readonly tableChanged: (table: string, operation: string) => void
}

const SERVICE = 'DynamoDB_20120810'

const NOT_AN_OBJECT = {
  type: 'com.amazon.coral.service#SerializationException',
  message: 'The body of the request is not a JSON object, or nests too deep',
}

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
  'ExecuteStatement',
  'BatchExecuteStatement',
])

export function dynamodbFront(options: FrontOptions): (request: Request) => Promise<Reply> {
  const { faults, forward } = options
  return async (incoming) => {
    const request = signed(incoming)
    const { service, operation } = targetOf(request)
    if (request.method !== 'POST' || service !== SERVICE) return other(forward, request, service, operation)
    const input = fieldsOf(request.body)
    if (input === undefined) return faultReply(NOT_AN_OBJECT, JSON_TYPE)
    const wrong =
      malformed(operation, input) ??
      beyondLimits(operation, given(input)) ??
      unsupported(operation, given(input))
    if (wrong !== undefined) return faultReply(wrong, JSON_TYPE)
    if (ON_ITEMS.has(operation) && faults.strikes(faults.state().throttle.dynamodb)) {
      const message =
        'The level of configured provisioned throughput is exceeded (on demand by the embedded DynamoDB)'
      return faultReply(fault('ProvisionedThroughputExceededException', message), JSON_TYPE)
    }
    return route(options, operation, request, given(input))
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
    case 'ExecuteStatement':
    case 'BatchExecuteStatement':
      return emulated(options.statements(operation, input))
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
      return named(await options.forward(request), SERVICE, operation)
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
  const { TableName: table } = input
  const reply = await options.forward(request)
  if (reply.status === 200 && typeof table === 'string') options.tableChanged(table, operation)
  return reply
}

/** What names no operation of this version of the API: preflights and health checks are the emulator's, an older version is nobody's. */
async function other(
  forward: FrontOptions['forward'],
  request: Request,
  service: string,
  operation: string,
): Promise<Reply> {
  if (service === 'DynamoDB_20111205') return unknown(service, operation)
  return named(await forward(request), service, operation)
}

/** The emulator refuses an unknown operation without a word. */
function named(reply: Reply, service: string, operation: string): Reply {
  return faultOf(reply)?.name === 'UnknownOperationException' ? unknown(service, operation) : reply
}

function unknown(service: string, operation: string): Reply {
  const what = operation === '' ? 'A request without x-amz-target' : `${service}.${operation}`
  const type = 'com.amazon.coral.service#UnknownOperationException'
  return faultReply({ type, message: `${what} is not supported by the embedded DynamoDB` }, JSON_TYPE)
}
