import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { entityTables } from '@spaceship/core/conformance'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emulators } from '../../../local/test/emulators.ts'
import { adapterSuites, createTables, type Server, TABLE } from '../../test/dynamodb-suites.ts'
import {
  dynamodbDeadLetters,
  dynamodbEntities,
  dynamodbReferences,
  dynamodbScanner,
  dynamodbState,
} from './index.ts'

let ship: Spaceship
let server: Server

beforeAll(async () => {
  ship = await launch({ emulators })
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

test('every read is strongly consistent: what was written before is seen, also by a last look at a row', async () => {
  const reads: unknown[] = []
  const watched = {
    send: (command: { readonly input: { readonly ConsistentRead?: boolean } }) => {
      const { name } = command.constructor
      if (/^(GetItem|Query|Scan)Command$/.test(name)) reads.push(`${name} ${command.input.ConsistentRead}`)
      // What it is given is a command of this client.
      return server.client.send(command as never)
    },
  }
  // Of a client `send` alone is used.
  const client = watched as unknown as DynamoDBClient
  const [{ name = '', key = {} } = {}] = entityTables
  const row = Object.fromEntries(Object.entries(key).map(([attribute]) => [attribute, 'x']))
  await dynamodbEntities({ client }).read(name, row)
  await dynamodbScanner({ client }).page(name, { segment: 0, segments: 1, limit: 1 })
  for (const sorted of [false, true]) {
    const options = { client, table: sorted ? 'state-sorted' : TABLE, sorted }
    const state = dynamodbState(options)
    await state.get('x')
    await state.list?.('x//')
    await dynamodbReferences(options).get('x')
    const letters = dynamodbDeadLetters(options)
    await letters.get('x')
    for await (const _ of letters.list('nobody')) throw new Error('there is no letter')
  }
  expect(reads.length).toBeGreaterThan(8)
  expect(reads.filter((read) => !String(read).endsWith(' true'))).toEqual([])
})

test('a key attribute of a type that DynamoDB has no keys of is refused', async () => {
  const read = dynamodbEntities({ client: server.client }).read('clients', { id: true })
  await expect(read).rejects.toMatchObject({ code: 'permanent', message: expect.stringContaining("'id'") })
})
