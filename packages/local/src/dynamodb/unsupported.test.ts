import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  ListBackupsCommand,
  PutItemCommand,
  TransactGetItemsCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launch, type Spaceship } from '../index.ts'

let ship: Spaceship
let client: DynamoDBClient
beforeAll(async () => {
  ship = await launch({ tables: [{ name: 'clients', key: 'id' }] })
  client = new DynamoDBClient({ ...ship.clientConfig('dynamodb'), maxAttempts: 1 })
})
afterAll(async () => {
  client.destroy()
  await ship.close()
})

const table: CreateTableCommandInput = {
  TableName: 'other',
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
}
const onDemand = { MaxReadRequestUnits: 1 }

test.each<[string, Partial<CreateTableCommandInput>]>([
  ['StreamSpecification', { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } }],
  ['SSESpecification', { SSESpecification: { Enabled: true } }],
  ['Tags', { Tags: [{ Key: 'a', Value: 'b' }] }],
  ['TableClass', { TableClass: 'STANDARD_INFREQUENT_ACCESS' }],
  ['DeletionProtectionEnabled', { DeletionProtectionEnabled: true }],
  ['ResourcePolicy', { ResourcePolicy: '{}' }],
  ['OnDemandThroughput', { OnDemandThroughput: onDemand }],
  [
    'OnDemandThroughput of an index',
    {
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-id',
          KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
          OnDemandThroughput: onDemand,
        },
      ],
    },
  ],
])('CreateTable refuses %s by name', async (name, more) => {
  await expect(client.send(new CreateTableCommand({ ...table, ...more }))).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining(`${name} `),
  })
})

test('what asks for the usual is taken', async () => {
  const usual = {
    StreamSpecification: { StreamEnabled: false },
    TableClass: 'STANDARD',
    DeletionProtectionEnabled: false,
  } as const
  await client.send(new CreateTableCommand({ ...table, ...usual }))
})

test.each([
  [
    'ReturnItemCollectionMetrics of PutItem',
    new PutItemCommand({
      TableName: 'clients',
      Item: { id: { S: 'a' } },
      ReturnItemCollectionMetrics: 'SIZE',
    }),
  ],
  [
    'ReturnConsumedCapacity of TransactGetItems',
    new TransactGetItemsCommand({
      TransactItems: [{ Get: { TableName: 'clients', Key: { id: { S: 'a' } } } }],
      ReturnConsumedCapacity: 'TOTAL',
    }),
  ],
  [
    'AttributeDefinitions of UpdateTable',
    new UpdateTableCommand({
      TableName: 'clients',
      AttributeDefinitions: [{ AttributeName: 'g', AttributeType: 'S' }],
    }),
  ],
])('%s is refused by name', async (name, command) => {
  await expect(client.send<never, never>(command as never)).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining(`${name} is not supported`),
  })
})

test('an operation that is not there is refused by name', async () => {
  await expect(client.send(new ListBackupsCommand({}))).rejects.toMatchObject({
    name: 'UnknownOperationException',
    message: expect.stringContaining('ListBackups'),
  })
})
