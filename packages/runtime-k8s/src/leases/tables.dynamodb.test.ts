import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll } from 'vitest'
import { startDynamoDBLocal } from '../../../../scripts/dynamodb-local.ts'
import type { LaneServer } from '../../../../scripts/server.ts'
import { kclStatements } from '../../test/kcl-statements.ts'
import { leaseTableSuite } from '../../test/lease-tables.ts'
import { rawDynamodb } from '../../test/raw-leases.ts'

let local: LaneServer
let client: DynamoDBClient

beforeAll(async () => {
  local = await startDynamoDBLocal()
  client = new DynamoDBClient(local.config)
}, 60_000)
afterAll(async () => {
  client?.destroy()
  await local?.close()
})

leaseTableSuite(() => client)
kclStatements(() => rawDynamodb(client))
