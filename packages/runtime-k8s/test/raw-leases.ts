/** Owns a lease table whose rows a test can put and look at, in memory and in DynamoDB. */

import {
  CreateTableCommand,
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import { dynamodbLeases } from '../src/leases/dynamodb.ts'
import type { LeaseTable } from '../src/leases/index.ts'
import type { Item } from '../src/leases/lease.ts'
import { memoryLeases } from '../src/leases/memory.ts'

export interface RawLeases {
  readonly table: LeaseTable
  put(items: readonly Item[]): Promise<void>
  /** All rows, by their keys. */
  rows(): Promise<ReadonlyMap<string, Item>>
}

export async function rawMemory(): Promise<RawLeases> {
  const items = new Map<string, Item>()
  return {
    table: memoryLeases('app', items),
    put: async (given) => {
      for (const item of given) items.set(item.leaseKey?.S ?? '', item)
    },
    rows: async () => new Map(items),
  }
}

let made = 0

export async function rawDynamodb(client: DynamoDBClient): Promise<RawLeases> {
  made += 1
  const TableName = `kcl-${made}`
  await client.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  const table = dynamodbLeases({ client, table: TableName, application: 'app' })
  await table.check()
  return {
    table,
    put: async (items) => {
      for (const Item of items) await client.send(new PutItemCommand({ TableName, Item }))
    },
    rows: async () => {
      const { Items = [] } = await client.send(new ScanCommand({ TableName, ConsistentRead: true }))
      return new Map(Items.map((item) => [item.leaseKey?.S ?? '', item]))
    },
  }
}
