/** Owns what every DynamoDB must let a lease table do, to be run against one server or another. */

import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { test } from 'vitest'
import { leaseTableCases } from '../src/leases/conformance.ts'
import { dynamodbLeases } from '../src/leases/dynamodb.ts'

export function leaseTableSuite(client: () => DynamoDBClient): void {
  leaseTableCases.forEach(({ name, run }, n) => {
    test(name, async () => {
      const table = dynamodbLeases({
        client: client(),
        table: `leases-${n}`,
        application: 'app',
        create: true,
      })
      await table.check()
      await run(table)
    })
  })

  test('a table that is there already is used as it is', async () => {
    await client().send(
      new CreateTableCommand({
        TableName: 'there',
        KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    )
    await dynamodbLeases({ client: client(), table: 'there', application: 'app', create: true }).check()
  })
}
