/** Claims of holders that are killed, or have no time left, on a real table and by the real clock. */

import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { entity, reactor } from '@spaceship/core'
import { createEngine } from '@spaceship/core/engine'
import { memoryDeadLetters } from '@spaceship/core/memory'
import { silent } from '@spaceship/core/ports'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { emulators } from '../../../local/test/emulators.ts'
import { createStateTable, dynamodbState } from './index.ts'

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

const Client = entity('client', { table: 'clients', key: 'id', schema: z.object({ id: z.string() }) })
const lambda = { stream: 's', shard: '0', redelivers: 'suffix' } as const
/** Milliseconds that clocks may differ: a claim is left alone for so long. */
const SKEW = 2_000

const saved = () => {
  const images = { Keys: { id: { S: 'a' } }, NewImage: { id: { S: 'a' } } }
  const change = {
    ...{ eventName: 'INSERT', tableName: 'clients' },
    dynamodb: { ApproximateCreationDateTime: 1_796_000_000_000, ...images },
  }
  const data = Buffer.from(JSON.stringify(change))
  return { sequence: '1', subSequence: 0, partitionKey: 'a', data, arrivedAt: new Date() }
}

const owner = (table: string, charge: () => unknown) =>
  createEngine({
    ...{ application: 'app', deadLetters: memoryDeadLetters(), logger: silent },
    reactors: [reactor('billing').on('charge', Client.saved('client.saved'), charge, { effect: 'claim' })],
    state: dynamodbState({ client, table }),
  })

test('a claim whose holder was killed is taken over once its lease is over, and not before', async () => {
  const table = 'killed'
  await createStateTable({ client, table })
  const begun = Promise.withResolvers<void>()
  const holder = owner(table, () => {
    begun.resolve()
    return new Promise(() => {})
  })
  const end = new Date(Date.now() + 1_000)
  const killed = await holder.open(lambda, { hardEnd: end })
  void killed.push([saved()])
  await begun.promise
  const takenAt = Promise.withResolvers<number>()
  const heir = await owner(table, () => takenAt.resolve(Date.now())).open(lambda, {
    hardEnd: new Date(Date.now() + 60_000),
  })
  void heir.push([saved()])
  expect(await takenAt.promise).toBeGreaterThanOrEqual(end.getTime() + SKEW)
  expect(await heir.settle(new Date(Date.now() + 10_000))).toEqual([])
  killed.revoke(new Error('killed'))
}, 20_000)

test('who has 0 ms left claims nothing, runs nothing, and leaves its record to the next', async () => {
  const table = 'no-time'
  await createStateTable({ client, table })
  let runs = 0
  const engine = owner(table, () => {
    runs += 1
  })
  const end = new Date(Date.now())
  const late = await engine.open(lambda, { hardEnd: end })
  void late.push([saved()])
  expect(await late.settle(end)).toMatchObject([{ sequence: '1' }])
  const { Items = [] } = await client.send(new ScanCommand({ TableName: table }))
  const claims = Items.filter(({ value }) => value?.S?.includes('"held"'))
  expect([runs, claims]).toEqual([0, []])
  const next = await engine.open(lambda, { hardEnd: new Date(Date.now() + 60_000) })
  void next.push([saved()])
  expect(await next.settle(new Date(Date.now() + 10_000))).toEqual([])
  expect(runs).toBe(1)
})
