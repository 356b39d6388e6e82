import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { emulators } from '../../../local/test/emulators.ts'
import { kclStatements } from '../../test/kcl-statements.ts'
import { leaseTableSuite } from '../../test/lease-tables.ts'
import { rawDynamodb, rawMemory } from '../../test/raw-leases.ts'
import { leaseTableCases } from './conformance.ts'

describe('memoryLeases', () => {
  for (const { name, run } of leaseTableCases)
    test(name, async () => {
      const { table, put } = await rawMemory()
      await run(table, (item) => put([item]))
    })
  kclStatements(rawMemory)
})

describe('dynamodbLeases', () => {
  let ship: Spaceship
  let client: DynamoDBClient
  beforeAll(async () => {
    ship = await launch({ emulators })
    client = new DynamoDBClient(ship.clientConfig('dynamodb'))
  })
  afterAll(async () => {
    client.destroy()
    await ship.close()
  })

  leaseTableSuite(() => client)
  kclStatements(() => rawDynamodb(client))
})
