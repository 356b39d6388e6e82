import { setImmediate as turn } from 'node:timers/promises'
import { SpaceshipError } from '@spaceship/core'
import { keyAttributes, type Plan, type TableOptions } from './configuration.ts'
import type { Shelf } from './data/index.ts'
import { tableReady } from './dynamodb/index.ts'
import { type AwsCall, type Fields, isFields } from './http/index.ts'

interface Services {
  readonly dynamodb: AwsCall
  readonly kinesis: AwsCall
  /** Names the tables that are being made: a killed process leaves them without all that was asked for. */
  readonly begun: Shelf
  /** True if there may be tables and streams of an earlier launch. */
  readonly keeps: boolean
}

/**
 * Creates what was asked for and is not there yet, and waits until all of it is usable.
 *
 * @throws SpaceshipError `local-data-differs` for tables that are there with another key or stream; then nothing was created
 */
export async function provision(plan: Plan, services: Services): Promise<void> {
  const { kinesis } = services
  await removeHalfMade(services)
  const { missing, differences } = services.keeps
    ? await comparedWithKept(plan, services)
    : { missing: plan, differences: [] }
  if (differences.length > 0) {
    throw new SpaceshipError(
      'local-data-differs',
      `${differences.join('; ')}. Launch with what is there, delete the table first, or name another folder as 'data'`,
    )
  }
  const arns = new Map<string, string>()
  for (const { name, shards } of missing.streams) {
    await demand(kinesis, 'CreateStream', { StreamName: name, ShardCount: shards })
    arns.set(name, await streamArn(kinesis, name))
  }
  for (const table of missing.tables) await make(table, arns, services)
}

async function make(
  table: TableOptions,
  arns: ReadonlyMap<string, string>,
  { dynamodb, kinesis, begun }: Services,
): Promise<void> {
  const { name, stream, precision = 'MICROSECOND', timeToLive } = table
  begun.set(name, true)
  await demand(dynamodb, 'CreateTable', definition(table))
  await tableReady(dynamodb, name)
  if (stream !== undefined) {
    await demand(dynamodb, 'EnableKinesisStreamingDestination', {
      TableName: name,
      StreamArn: arns.get(stream) ?? (await streamArn(kinesis, stream)),
      EnableKinesisStreamingConfiguration: { ApproximateCreationDateTimePrecision: precision },
    })
  }
  if (timeToLive !== undefined) {
    await demand(dynamodb, 'UpdateTimeToLive', {
      TableName: name,
      TimeToLiveSpecification: { Enabled: true, AttributeName: timeToLive },
    })
  }
  begun.delete(name)
}

/** A launch that was killed may have left a table that nobody has used yet, without its stream. */
async function removeHalfMade({ dynamodb, begun }: Services): Promise<void> {
  for (const [name] of begun.all()) {
    const answer = await dynamodb('DeleteTable', { TableName: name })
    while (answer.ok && (await describe(dynamodb, name)) !== undefined) await turn()
    begun.delete(name)
  }
}

/** What is not there yet, and how that which is there differs from what was asked for. */
async function comparedWithKept(
  { tables, streams }: Plan,
  { dynamodb, kinesis }: Services,
): Promise<{ readonly missing: Plan; readonly differences: readonly string[] }> {
  const missing: { tables: TableOptions[]; streams: Plan['streams'][number][] } = { tables: [], streams: [] }
  const differences: string[] = []
  for (const stream of streams) {
    const answer = await kinesis('DescribeStreamSummary', { StreamName: stream.name })
    if (!answer.ok) missing.streams.push(stream)
  }
  for (const table of tables) {
    const kept = await describe(dynamodb, table.name)
    if (kept === undefined) {
      missing.tables.push(table)
      continue
    }
    const asked = keyText(keyAttributes(table))
    const found = keyText(keysOf(kept))
    if (asked !== found) differences.push(`table '${table.name}' has the key ${found}: expected ${asked}`)
    const known = await streamsOf(dynamodb, table.name)
    if (table.stream === undefined || known.includes(table.stream)) continue
    const there = known.length === 0 ? 'no stream' : `the stream '${known.join("', '")}'`
    differences.push(`table '${table.name}' has ${there}: expected '${table.stream}'`)
  }
  return { missing, differences }
}

async function describe(dynamodb: AwsCall, table: string): Promise<Fields | undefined> {
  const answer = await dynamodb('DescribeTable', { TableName: table })
  return answer.ok && isFields(answer.output.Table) ? answer.output.Table : undefined
}

/** The streams that get a table's changes, or got them once. */
async function streamsOf(dynamodb: AwsCall, table: string): Promise<readonly string[]> {
  const output = await demand(dynamodb, 'DescribeKinesisStreamingDestination', { TableName: table })
  const destinations: readonly unknown[] = Array.isArray(output.KinesisDataStreamDestinations)
    ? output.KinesisDataStreamDestinations
    : []
  return destinations.map((destination) => String(Object(destination).StreamArn).split(':stream/')[1] ?? '')
}

type Keys = readonly { readonly name: string; readonly type: string }[]

function keysOf({ KeySchema: schema, AttributeDefinitions: attributes }: Fields): Keys {
  const types = new Map(
    listOf(attributes).map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]),
  )
  return listOf(schema)
    .sort(({ KeyType }) => (KeyType === 'HASH' ? -1 : 1))
    .map(({ AttributeName }) => ({ name: String(AttributeName), type: String(types.get(AttributeName)) }))
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : []
}

function keyText(keys: Keys): string {
  return keys.map(({ name, type }) => `'${name}' (${type})`).join(' and ')
}

function definition(table: TableOptions): Fields {
  const keys = keyAttributes(table)
  return {
    TableName: table.name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: keys.map(({ name, type }) => ({ AttributeName: name, AttributeType: type })),
    KeySchema: keys.map(({ name }, index) => ({
      AttributeName: name,
      KeyType: index === 0 ? 'HASH' : 'RANGE',
    })),
  }
}

/** The stream's ARN, once it is ACTIVE. */
async function streamArn(kinesis: AwsCall, name: string): Promise<string> {
  for (;;) {
    const output = await demand(kinesis, 'DescribeStreamSummary', { StreamName: name })
    const summary = isFields(output.StreamDescriptionSummary) ? output.StreamDescriptionSummary : {}
    if (summary.StreamStatus === 'ACTIVE') return String(summary.StreamARN)
    await turn()
  }
}

async function demand(call: AwsCall, operation: string, input: Fields): Promise<Fields> {
  const answer = await call(operation, input)
  if (answer.ok) return answer.output
  throw new SpaceshipError('local-provision', `${operation} was refused: ${answer.error} ${answer.message}`)
}
