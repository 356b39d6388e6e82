/** Owns what every DynamoDB must let a lease table do, to be run against one server or another. */

import {
  CreateTableCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { expect, test } from 'vitest'
import { leaseTableCases } from '../src/leases/conformance.ts'
import { dynamodbLeases } from '../src/leases/dynamodb.ts'
import type { Item } from '../src/leases/lease.ts'
import { kclRows } from './kcl-fixtures.ts'

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
      const put = async (Item: Item) => {
        await client().send(new PutItemCommand({ TableName: `leases-${n}`, Item }))
      }
      await run(table, put)
    })
  })

  test('a table that is there already is used as it is', async () => {
    await tableOf(client(), 'there', 'leaseKey')
    await dynamodbLeases({ client: client(), table: 'there', application: 'app', create: true }).check()
  })

  test('KCL 3.0 to 3.4 is recognised by the table beside its leases, which is asked where the table is shared, and may be missing', async () => {
    const [table, coordinator, file] = ['shared', 'shared-CoordinatorState', '3.4.2/03-after-checkpoint.json']
    await tableOf(client(), table, 'leaseKey', kclRows(file))
    const ours = { client: client(), table, application: 'app' }
    const sharing = dynamodbLeases({ ...ours, coordinator })
    const shown = async () => (await sharing.scan('late')).movedOn
    await sharing.check()
    expect(await shown()).toBeUndefined()
    await tableOf(client(), coordinator, 'key', kclRows(file, 'app-CoordinatorState'))
    expect(await shown()).toBe(
      "'Migration3.0' in the table 'shared-CoordinatorState' is at 'CLIENT_VERSION_3X'",
    )
    expect((await dynamodbLeases(ours).scan()).movedOn).toBeUndefined()
    const migration = { key: { S: 'Migration3.0' } }
    const back = { ...migration, cv: { S: 'CLIENT_VERSION_2X' } }
    await client().send(new PutItemCommand({ TableName: coordinator, Item: back }))
    expect(await shown()).toBeUndefined()
    await client().send(new PutItemCommand({ TableName: coordinator, Item: migration }))
    expect(await shown()).toMatch(/is at 'no version'$/)
    await client().send(new DeleteItemCommand({ TableName: coordinator, Key: migration }))
    expect(await shown()).toBeUndefined()
  })

  test('a table of that name with other keys, and a name that no table can have, say nothing', async () => {
    await tableOf(client(), 'alone', 'leaseKey')
    await tableOf(client(), 'alone-CoordinatorState', 'id')
    for (const coordinator of ['alone-CoordinatorState', 'x'.repeat(256)]) {
      const sharing = dynamodbLeases({ client: client(), table: 'alone', application: 'app', coordinator })
      await sharing.check()
      expect((await sharing.scan()).movedOn).toBeUndefined()
    }
  })
}

async function tableOf(
  client: DynamoDBClient,
  TableName: string,
  key: string,
  rows: readonly Item[] = [],
): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  for (const Item of rows) await client.send(new PutItemCommand({ TableName, Item }))
}
