import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe } from 'vitest'
import { startDynamoDBLocal } from '../../../../scripts/dynamodb-local.ts'
import type { LaneServer } from '../../../../scripts/server.ts'
import { adapterSuites, createTables, type Server, stateSuite } from '../../test/dynamodb-suites.ts'

let local: LaneServer
let server: Server

beforeAll(async () => {
  local = await startDynamoDBLocal()
  const { config } = local
  server = {
    config,
    client: new DynamoDBClient(config),
    lost: new DynamoDBClient({ ...config, endpoint: 'http://127.0.0.1:1', maxAttempts: 1 }),
  }
  await createTables(server)
}, 60_000)
afterAll(async () => {
  server?.client.destroy()
  server?.lost.destroy()
  await local?.close()
})

adapterSuites(() => server)

describe('dynamodbState with batched writes', () => stateSuite(() => server, { batched: true }))

describe('dynamodbState with batched writes in a sorted table', () =>
  stateSuite(() => server, { batched: true, sorted: true }))
