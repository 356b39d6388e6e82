import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
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
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createStateTable, dynamodbDeadLetters, dynamodbEntities, dynamodbState } from './index.ts'

let ship: Spaceship
let client: DynamoDBClient
/** A client whose backend is out: nothing listens there, and nothing is tried again. */
let lost: DynamoDBClient

beforeAll(async () => {
  const tables = entityTables.map(({ name, key }) => {
    const [partition = '', sort] = Object.keys(key)
    return { name, key: { partition, ...(sort === undefined ? {} : { sort }) }, types: key }
  })
  ship = await launch({ tables: [{ name: 'clients', key: 'id' }, ...tables] })
  client = new DynamoDBClient(ship.clientConfig('dynamodb'))
  lost = new DynamoDBClient({
    ...ship.clientConfig('dynamodb'),
    endpoint: 'http://127.0.0.1:1',
    maxAttempts: 1,
  })
  await createStateTable({ client, table: 'state' })
})
afterAll(async () => {
  client.destroy()
  lost.destroy()
  await ship.close()
})

describe('dynamodbState', () => {
  for (const { name, run } of stateStoreCases)
    test(name, () => run(dynamodbState({ client, table: 'state' })))
  for (const { name, run } of stateStoreOutageCases)
    test(name, () => run(dynamodbState({ client: lost, table: 'state' })))
  for (const { name, run } of stateStoreExpiryCases) {
    test(name, () => {
      let moment = Date.now()
      const now = () => moment
      const advance = async (ms: number) => {
        moment += ms
      }
      return run({ store: dynamodbState({ client, table: 'state', now }), now, advance })
    })
  }

  test('throttling is an outage, not a failure of the record', async () => {
    const tired = new DynamoDBClient({ ...ship.clientConfig('dynamodb'), maxAttempts: 1 })
    ship.faults.throttle({ dynamodb: 1 })
    try {
      await expect(dynamodbState({ client: tired, table: 'state' }).get('x')).rejects.toMatchObject({
        code: 'unavailable',
      })
    } finally {
      ship.faults.clear()
      tired.destroy()
    }
  })
})

describe('dynamodbDeadLetters', () => {
  for (const { name, run } of deadLettersCases)
    test(name, () => run(dynamodbDeadLetters({ client, table: 'state' })))
  for (const { name, run } of deadLettersOutageCases)
    test(name, () => run(dynamodbDeadLetters({ client: lost, table: 'state' })))
})

describe('dynamodbEntities', () => {
  for (const { name, run } of entityReaderCases) {
    test(name, () =>
      run({
        reader: dynamodbEntities({ client }),
        write: async (TableName, row) => {
          await client.send(new PutItemCommand({ TableName, Item: attributes(row) }))
        },
        remove: async (TableName, key) => {
          await client.send(new DeleteItemCommand({ TableName, Key: attributes(key) }))
        },
      }),
    )
  }
  for (const { name, run } of entityReaderOutageCases)
    test(name, () => run(dynamodbEntities({ client: lost })))

  test('a key attribute of a type that DynamoDB has no keys of is refused', async () => {
    const read = dynamodbEntities({ client }).read('clients', { id: true })
    await expect(read).rejects.toMatchObject({ code: 'key', message: expect.stringContaining("'id'") })
  })

  test('creating the state table again is fine', () => createStateTable({ client, table: 'state' }))
})

function attributes(row: Readonly<Record<string, unknown>>): Record<string, AttributeValue> {
  // What marshal writes is DynamoDB JSON, which is what the SDK calls an AttributeValue.
  return marshal(row) as unknown as Record<string, AttributeValue>
}
