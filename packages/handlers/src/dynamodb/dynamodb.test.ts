import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { adapterSuites, createTables, type Server, TABLE } from '../../test/dynamodb-suites.ts'
import { dynamodbEntities, dynamodbState } from './index.ts'

let ship: Spaceship
let server: Server

beforeAll(async () => {
  ship = await launch()
  const config = ship.clientConfig('dynamodb')
  server = {
    config,
    client: new DynamoDBClient(config),
    lost: new DynamoDBClient({ ...config, endpoint: 'http://127.0.0.1:1', maxAttempts: 1 }),
  }
  await createTables(server)
})
afterAll(async () => {
  server.client.destroy()
  server.lost.destroy()
  await ship.close()
})

adapterSuites(() => server)

test('throttling is an outage, not a failure of the record', async () => {
  const tired = new DynamoDBClient({ ...ship.clientConfig('dynamodb'), maxAttempts: 1 })
  ship.faults.throttle({ dynamodb: 1 })
  try {
    for (const asked of [
      () => dynamodbState({ client: tired, table: TABLE }).get('x'),
      () => dynamodbEntities({ client: tired }).read('conformance-text', { id: 'x' }),
    ])
      await expect(asked()).rejects.toMatchObject({ code: 'unavailable' })
  } finally {
    ship.faults.clear()
    tired.destroy()
  }
})

test('a key attribute of a type that DynamoDB has no keys of is refused', async () => {
  const read = dynamodbEntities({ client: server.client }).read('clients', { id: true })
  await expect(read).rejects.toMatchObject({ code: 'permanent', message: expect.stringContaining("'id'") })
})
