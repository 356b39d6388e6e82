import {
  CreateTableCommand,
  type DynamoDBClient,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { bare, check } from '@spaceship/core/adapter'
import { nameOf } from '../aws/index.ts'
import { TABLE } from './item.ts'

export const STATE_TABLE = { options: bare(TABLE) }

/**
 * Creates the table for state and dead letters if it is missing: for tests and first steps. In production it belongs to
 * your infrastructure: string partition key `key`, with `sorted` string sort key `sort`, on-demand, time to live on `expiresAt`.
 *
 * @param options.sorted gives it the sort key, which `dynamodbState` and `dynamodbDeadLetters` must be told. @default false
 * @throws ConfigurationError that lists every problem
 */
export async function createStateTable(options: {
  readonly client: DynamoDBClient
  readonly table: string
  readonly sorted?: boolean
}): Promise<void> {
  check('createStateTable', STATE_TABLE, { options })
  const { client, table, sorted = false } = options
  const keys = sorted ? (['key', 'sort'] as const) : (['key'] as const)
  try {
    await client.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
        KeySchema: keys.map((AttributeName) => ({
          AttributeName,
          KeyType: AttributeName === 'key' ? 'HASH' : 'RANGE',
        })),
      }),
    )
  } catch (error) {
    if (nameOf(error) !== 'ResourceInUseException') throw error
    // Whoever makes it at this moment sets its time to live.
    await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1 }, { TableName: table })
    return
  }
  await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1 }, { TableName: table })
  const ttl = { Enabled: true, AttributeName: 'expiresAt' }
  await client.send(new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification: ttl }))
}
