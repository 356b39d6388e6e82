import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, describe } from 'vitest'
import { emulators } from '../../../local/test/emulators.ts'
import { batchedSuite } from '../../test/batched-suite.ts'
import { createTables, type Server, stateSuite } from '../../test/dynamodb-suites.ts'
import { createStateTable } from './index.ts'

const table = 'batched'

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
  await createStateTable({ client: server.client, table })
})
afterAll(async () => {
  server.client.destroy()
  server.lost.destroy()
  await ship.close()
})

describe('batched', () => stateSuite(() => server, { batched: true }))
describe('batched in a sorted table', () => stateSuite(() => server, { batched: true, sorted: true }))
batchedSuite(() => ({ client: server.client, table }))
