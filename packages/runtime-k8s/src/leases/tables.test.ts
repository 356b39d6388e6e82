import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { leaseTableCases } from './conformance.ts'
import { dynamodbLeases } from './dynamodb.ts'
import { memoryLeases } from './memory.ts'

describe('memoryLeases', () => {
  for (const { name, run } of leaseTableCases) test(name, () => run(memoryLeases()))
})

describe('dynamodbLeases', () => {
  let ship: Spaceship
  let client: DynamoDBClient
  beforeAll(async () => {
    ship = await launch()
    client = new DynamoDBClient(ship.clientConfig('dynamodb'))
  })
  afterAll(async () => {
    client.destroy()
    await ship.close()
  })

  leaseTableCases.forEach(({ name, run }, n) => {
    test(name, async () => {
      const table = dynamodbLeases({ client, table: `leases-${n}` })
      await table.ensure()
      await run(table)
    })
  })

  test('a table that is there already is used as it is', async () => {
    const KeySchema = [{ AttributeName: 'leaseKey', KeyType: 'HASH' as const }]
    const AttributeDefinitions = [{ AttributeName: 'leaseKey', AttributeType: 'S' as const }]
    await client.send(
      new CreateTableCommand({
        TableName: 'there',
        KeySchema,
        AttributeDefinitions,
        BillingMode: 'PAY_PER_REQUEST',
      }),
    )
    await dynamodbLeases({ client, table: 'there' }).ensure()
  })
})
