import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll } from 'vitest'
import { startDynamoDBLocal } from '../../../../scripts/dynamodb-local.ts'
import type { LaneServer } from '../../../../scripts/server.ts'
import { batchedSuite } from '../../test/batched-suite.ts'
import { createStateTable } from './index.ts'

const table = 'state'

let local: LaneServer
let client: DynamoDBClient

beforeAll(async () => {
  local = await startDynamoDBLocal()
  client = new DynamoDBClient(local.config)
  await createStateTable({ client, table })
}, 60_000)
afterAll(async () => {
  client?.destroy()
  await local?.close()
})

batchedSuite(() => ({ client, table }))
