import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll } from 'vitest'
import { type DynamoDBLocal, startDynamoDBLocal } from '../../../../scripts/dynamodb-local.ts'
import { leaseTableSuite } from '../../test/lease-tables.ts'

let local: DynamoDBLocal
let client: DynamoDBClient

beforeAll(async () => {
  local = await startDynamoDBLocal()
  client = new DynamoDBClient(local.config)
}, 60_000)
afterAll(async () => {
  client?.destroy()
  await local?.close()
})

leaseTableSuite(() => client)
