import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, test } from 'vitest'
import { type DynamoDBLocal, startDynamoDBLocal } from '../../../../scripts/dynamodb-local.ts'
import { leaseTableCases } from './conformance.ts'
import { dynamodbLeases } from './dynamodb.ts'

let local: DynamoDBLocal
let client: DynamoDBClient

beforeAll(async () => {
  local = await startDynamoDBLocal()
  client = new DynamoDBClient({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    endpoint: local.endpoint,
  })
}, 60_000)
afterAll(async () => {
  client?.destroy()
  await local?.close()
})

leaseTableCases.forEach(({ name, run }, n) => {
  test(name, async () => {
    const table = dynamodbLeases({ client, table: `leases-${n}` })
    await table.ensure()
    await run(table)
  })
})

test('a table that is there already is used as it is', async () => {
  const table = dynamodbLeases({ client, table: 'leases-twice' })
  await table.ensure()
  await table.ensure()
})
