/** Owns what every DynamoDB must let our adapters do: the ports' suites, to be run against one server or another. */

import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { marshal } from '@spaceship/core'
import {
  deadLettersCases,
  deadLettersOutageCases,
  entityReaderCases,
  entityReaderOutageCases,
  entityTables,
  stateStoreCases,
  stateStoreExpiryCases,
  stateStoreOutageCases,
} from '@spaceship/core/conformance'
import { describe, test } from 'vitest'
import {
  createStateTable,
  type DynamoDBStateOptions,
  dynamodbDeadLetters,
  dynamodbEntities,
  dynamodbState,
} from '../src/dynamodb/index.ts'

export interface Server {
  readonly client: DynamoDBClient
  /** A client whose backend is out: nothing listens there, and nothing is tried again. */
  readonly lost: DynamoDBClient
}

export const TABLE = 'state'

export async function createTables({ client }: Server): Promise<void> {
  await createStateTable({ client, table: TABLE })
  for (const { name, key } of entityTables) {
    const attributes = Object.entries(key)
    await client.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: attributes.map(([AttributeName, AttributeType]) => ({
          AttributeName,
          AttributeType,
        })),
        KeySchema: attributes.map(([AttributeName], n) => ({
          AttributeName,
          KeyType: n === 0 ? 'HASH' : 'RANGE',
        })),
      }),
    )
  }
}

export function stateSuite(server: () => Server, options: Pick<DynamoDBStateOptions, 'batched'> = {}): void {
  const store = () => dynamodbState({ client: server().client, table: TABLE, ...options })
  for (const { name, run } of stateStoreCases) test(name, () => run(store()))
  for (const { name, run } of stateStoreOutageCases)
    test(name, () => run(dynamodbState({ client: server().lost, table: TABLE, ...options })))
  for (const { name, run } of stateStoreExpiryCases) {
    test(name, () => {
      let moment = Date.now()
      const now = () => moment
      const advance = async (ms: number) => {
        moment += ms
      }
      return run({
        store: dynamodbState({ client: server().client, table: TABLE, now, ...options }),
        now,
        advance,
      })
    })
  }
}

/** Everything but what a server of its own is needed for. */
export function adapterSuites(server: () => Server): void {
  describe('dynamodbState', () => stateSuite(server))

  describe('dynamodbDeadLetters', () => {
    for (const { name, run } of deadLettersCases)
      test(name, () => run(dynamodbDeadLetters({ client: server().client, table: TABLE })))
    for (const { name, run } of deadLettersOutageCases)
      test(name, () => run(dynamodbDeadLetters({ client: server().lost, table: TABLE })))
  })

  describe('dynamodbEntities', () => {
    for (const { name, run } of entityReaderCases) {
      test(name, () => {
        const { client } = server()
        return run({
          reader: dynamodbEntities({ client }),
          write: async (TableName, row) => {
            await client.send(new PutItemCommand({ TableName, Item: attributes(row) }))
          },
          remove: async (TableName, key) => {
            await client.send(new DeleteItemCommand({ TableName, Key: attributes(key) }))
          },
        })
      })
    }
    for (const { name, run } of entityReaderOutageCases)
      test(name, () => run(dynamodbEntities({ client: server().lost })))
  })

  test('creating the state table again is fine', () =>
    createStateTable({ client: server().client, table: TABLE }))
}

function attributes(row: Readonly<Record<string, unknown>>): Record<string, AttributeValue> {
  // What marshal writes is DynamoDB JSON, which is what the SDK calls an AttributeValue.
  return marshal(row) as unknown as Record<string, AttributeValue>
}
