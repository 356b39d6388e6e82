import {
  CreateTableCommand,
  type DynamoDBClient,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { optionsOf, refuse } from '@spaceship/core'
import { nameOf, optionProblems } from '../aws/index.ts'

/**
 * Creates the table for state and dead letters if it is missing: for tests and first steps. In production it belongs to
 * your infrastructure: string partition key `key`, on-demand, time to live on `expiresAt`.
 *
 * @throws ConfigurationError that lists every problem
 */
export async function createStateTable(options: {
  readonly client: DynamoDBClient
  readonly table: string
}): Promise<void> {
  const problems: string[] = []
  const { client, table } = optionsOf(options, problems)
  refuse('createStateTable', [...problems, ...optionProblems({ client, table }, 'DynamoDBClient')])
  try {
    await client.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
      }),
    )
  } catch (error) {
    if (nameOf(error) === 'ResourceInUseException') return
    throw error
  }
  await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1 }, { TableName: table })
  const ttl = { Enabled: true, AttributeName: 'expiresAt' }
  await client.send(new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification: ttl }))
}
