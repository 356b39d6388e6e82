import { SpaceshipError } from '@spaceship/core'
import { keyAttributes, type Plan, type TableOptions } from './configuration.ts'
import { tableReady } from './dynamodb/index.ts'
import { type AwsCall, type Fields, isFields } from './http/index.ts'

interface Services {
  readonly dynamodb: AwsCall
  readonly kinesis: AwsCall
}

/** Creates what was asked for and waits until all of it is usable. */
export async function provision({ tables, streams }: Plan, { dynamodb, kinesis }: Services): Promise<void> {
  const arns = new Map<string, string>()
  for (const { name, shards } of streams) {
    await demand(kinesis, 'CreateStream', { StreamName: name, ShardCount: shards })
    arns.set(name, await streamReady(kinesis, name))
  }
  for (const table of tables) {
    await demand(dynamodb, 'CreateTable', definition(table))
    await tableReady(dynamodb, table.name)
    // A stream of the table may have been there before.
    const arn =
      table.stream === undefined
        ? undefined
        : (arns.get(table.stream) ?? (await streamReady(kinesis, table.stream)))
    if (arn !== undefined) {
      await demand(dynamodb, 'EnableKinesisStreamingDestination', {
        TableName: table.name,
        StreamArn: arn,
        EnableKinesisStreamingConfiguration: {
          ApproximateCreationDateTimePrecision: table.precision ?? 'MICROSECOND',
        },
      })
    }
    if (table.timeToLive !== undefined) {
      await demand(dynamodb, 'UpdateTimeToLive', {
        TableName: table.name,
        TimeToLiveSpecification: { Enabled: true, AttributeName: table.timeToLive },
      })
    }
  }
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
async function streamReady(kinesis: AwsCall, name: string): Promise<string> {
  for (;;) {
    const output = await demand(kinesis, 'DescribeStreamSummary', { StreamName: name })
    const summary = isFields(output.StreamDescriptionSummary) ? output.StreamDescriptionSummary : {}
    if (summary.StreamStatus === 'ACTIVE') return String(summary.StreamARN)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function demand(call: AwsCall, operation: string, input: Fields): Promise<Fields> {
  const answer = await call(operation, input)
  if (answer.ok) return answer.output
  throw new SpaceshipError('local-provision', `${operation} was refused: ${answer.error} ${answer.message}`)
}
