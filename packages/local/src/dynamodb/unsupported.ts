/**
 * Owns the parameters that DynamoDB has and the embedded one does not: the emulator would leave them out without a word. What asks for
 * nothing but the usual is taken. A parameter that DynamoDB does not have either is ignored, as DynamoDB does.
 */

import { type AwsFault, type Fields, isFields } from '../http/index.ts'
import { validation } from './refusal.ts'

/** The value that changes nothing, where there is one. */
type Harmless = (value: unknown) => boolean

const never: Harmless = () => false
const is =
  (usual: unknown): Harmless =>
  (value) =>
    value === usual
const off =
  (name: string): Harmless =>
  (value) =>
    isFields(value) && value[name] === false

const METRICS = { ReturnItemCollectionMetrics: is('NONE') }
const TABLE = {
  StreamSpecification: off('StreamEnabled'),
  SSESpecification: off('Enabled'),
  TableClass: is('STANDARD'),
  DeletionProtectionEnabled: is(false),
  WarmThroughput: never,
  OnDemandThroughput: never,
  GlobalTableSettingsReplicationMode: never,
}

const UNSUPPORTED: Readonly<Record<string, Readonly<Record<string, Harmless>>>> = {
  PutItem: METRICS,
  UpdateItem: METRICS,
  DeleteItem: METRICS,
  BatchWriteItem: METRICS,
  TransactWriteItems: { ...METRICS, ReturnConsumedCapacity: is('NONE') },
  TransactGetItems: { ReturnConsumedCapacity: is('NONE') },
  ExecuteStatement: { NextToken: never, Limit: never, ReturnConsumedCapacity: is('NONE') },
  BatchExecuteStatement: { ReturnConsumedCapacity: is('NONE') },
  ListTagsOfResource: { NextToken: never },
  CreateTable: {
    ...TABLE,
    Tags: never,
    ResourcePolicy: never,
    GlobalTableSourceArn: never,
    VectorIndexes: never,
  },
  UpdateTable: {
    ...TABLE,
    AttributeDefinitions: never,
    ReplicaUpdates: never,
    MultiRegionConsistency: never,
    GlobalTableWitnessUpdates: never,
    DisassociationProtectionEnabled: never,
    VectorIndexUpdates: never,
  },
}

const ADVICE: Readonly<Record<string, string>> = {
  StreamSpecification: 'enable a Kinesis streaming destination instead, or leave StreamSpecification out',
  Tags: 'leave Tags out, and call TagResource once the table is there',
  AttributeDefinitions: 'define the attributes of every index as the table is created',
}

/** The refusal of a call that asks for what is not there, or nothing. */
export function unsupported(operation: string, input: Fields): AwsFault | undefined {
  const known = UNSUPPORTED[operation] ?? {}
  for (const [name, harmless] of Object.entries(known)) {
    const value = input[name]
    if (value === undefined || harmless(value)) continue
    return refusal(`${name} of ${operation}`, ADVICE[name] ?? `leave ${name} out`)
  }
  return indexRefusal(operation, input)
}

/** The throughput of single indices is not there either. */
function indexRefusal(operation: string, input: Fields): AwsFault | undefined {
  const { GlobalSecondaryIndexes: created, GlobalSecondaryIndexUpdates: updates } = input
  const indexes = [...listOf(created), ...listOf(updates).flatMap((update) => Object.values(Object(update)))]
  for (const index of indexes)
    for (const name of ['OnDemandThroughput', 'WarmThroughput'])
      if (isFields(index) && index[name] !== undefined)
        return refusal(`${name} of an index in ${operation}`, `leave ${name} out`)
  return undefined
}

function refusal(what: string, advice: string): AwsFault {
  return validation(`${what} is not supported by the embedded DynamoDB: ${advice}`)
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
