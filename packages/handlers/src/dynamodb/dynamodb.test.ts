import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { deadLettersCases, stateStoreCases } from '@spaceship/core/conformance'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createStateTable, dynamodbDeadLetters, dynamodbEntities, dynamodbState } from './index.ts'

let ship: Spaceship
let client: DynamoDBClient

beforeAll(async () => {
  ship = await launch({ tables: [{ name: 'clients', key: 'id' }] })
  client = new DynamoDBClient(ship.clientConfig('dynamodb'))
  await createStateTable({ client, table: 'state' })
})
afterAll(async () => {
  client.destroy()
  await ship.close()
})

describe('dynamodbState', () => {
  for (const { name, run } of stateStoreCases)
    test(name, () => run(dynamodbState({ client, table: 'state' })))

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
})

describe('dynamodbEntities', () => {
  test('reads a row as plain values, and undefined where there is none', async () => {
    const Item = { id: { S: 'acme' }, seats: { N: '250' }, raw: { B: new Uint8Array([1, 2]) } }
    await client.send(new PutItemCommand({ TableName: 'clients', Item }))
    const reader = dynamodbEntities({ client })
    expect(await reader.read('clients', { id: 'acme' })).toEqual({
      id: 'acme',
      seats: 250,
      raw: new Uint8Array([1, 2]),
    })
    expect(await reader.read('clients', { id: 'nobody' })).toBeUndefined()
  })

  test('creating the state table again is fine', () => createStateTable({ client, table: 'state' }))
})
