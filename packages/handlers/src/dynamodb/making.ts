/**
 * Owns the making of a table, and of its time to live. What is refused on the way is told as any request's refusal is: with the action to
 * grant, and the table.
 */

import {
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { nameOf } from '../aws/index.ts'
import { aboutTable, answered } from './call.ts'

export interface Making {
  readonly client: DynamoDBClient
  readonly table: string
  /** The names of the partition key and of the sort key, if there is one; both hold texts. */
  readonly keys: readonly [partition: string, sort?: string]
}

/** Makes an on-demand table, or waits for who makes it at this moment. @throws Unavailable, with `setup` for what somebody has to grant */
export async function makeTable({ client, table, keys }: Making): Promise<void> {
  const names = keys.filter((name) => name !== undefined)
  const command = new CreateTableCommand({
    TableName: table,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: names.map((AttributeName, n) => ({ AttributeName, KeyType: n === 0 ? 'HASH' : 'RANGE' })),
  })
  try {
    await answered(aboutTable(table, 'CreateTable'), client.send(command))
  } catch (error) {
    if (nameOf(error) !== 'ResourceInUseException') throw error
  }
  await untilThere(client, table)
}

async function untilThere(client: DynamoDBClient, TableName: string): Promise<void> {
  const about = aboutTable(TableName, 'DescribeTable')
  try {
    // The SDK's wait takes a refusal for a table that is not there yet, and would last to its end.
    await answered(about, client.send(new DescribeTableCommand({ TableName })))
  } catch (error) {
    // A table that was just made may not be known yet.
    if (nameOf(error) !== 'ResourceNotFoundException') throw error
  }
  const patience = { client, maxWaitTime: 120, minDelay: 1, maxDelay: 2 }
  await answered(about, waitUntilTableExists(patience, { TableName }))
}

/**
 * Makes sure that items go when the time in their attribute is over.
 *
 * @returns what was changed, or what is wrong, in words; undefined if all is well
 * @throws Unavailable, with `setup` for what somebody has to grant
 */
export async function ensureExpiry(
  client: DynamoDBClient,
  table: string,
  attribute: string,
): Promise<string | undefined> {
  const there = await expiryOf(client, table)
  if (there !== undefined) return otherwise(table, there, attribute)
  const TimeToLiveSpecification = { Enabled: true, AttributeName: attribute }
  const command = new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification })
  try {
    await answered(aboutTable(table, 'UpdateTimeToLive'), client.send(command))
  } catch (error) {
    // Somebody else has done it since, or does it at this moment.
    const since = await expiryOf(client, table).catch(() => undefined)
    if (since === undefined) throw error
    return otherwise(table, since, attribute)
  }
  return `the table '${table}' had no time to live on '${attribute}', and has it now`
}

function otherwise(table: string, there: string, attribute: string): string | undefined {
  if (there === attribute) return undefined
  return `the time to live of the table '${table}' is on '${there}', not on '${attribute}': what is over stays`
}

/** The attribute of a table's time to live; undefined if there is none. */
async function expiryOf(client: DynamoDBClient, TableName: string): Promise<string | undefined> {
  const request = client.send(new DescribeTimeToLiveCommand({ TableName }))
  const { TimeToLiveDescription } = await answered(aboutTable(TableName, 'DescribeTimeToLive'), request)
  const { TimeToLiveStatus: status, AttributeName } = TimeToLiveDescription ?? {}
  return status === 'ENABLED' || status === 'ENABLING' ? AttributeName : undefined
}
