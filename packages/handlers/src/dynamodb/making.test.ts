/** A table that a check makes, or finds half made, with and without the actions that this needs. */

import {
  CreateTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { setUpOf } from '@spaceship/core/adapter'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { emulators } from '../../../local/test/emulators.ts'
import { told } from '../../test/aborts.ts'
import { createStateTable, dynamodbDeadLetters, dynamodbReferences, dynamodbState } from './index.ts'

let ship: Spaceship
let client: DynamoDBClient
let denied: string | undefined
let asked: string[] = []
let table = ''
let n = 0

beforeAll(async () => {
  ship = await launch({ emulators })
  client = new DynamoDBClient({ ...ship.clientConfig('dynamodb'), maxAttempts: 1 })
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const operation = String(commandName).replace('Command', '')
        asked.push(operation)
        if (operation === denied) throw refusal(operation)
        return next(args)
      },
    { step: 'initialize' },
  )
})
beforeEach(() => {
  denied = undefined
  asked = []
  n += 1
  table = `made-${n}`
})
afterAll(async () => {
  client.destroy()
  await ship.close()
})

/** As AWS words it, with the identity of who asks. */
function refusal(operation: string): Error {
  const message = `User: arn:aws:sts::1:assumed-role/hush is not authorized to perform: dynamodb:${operation} on resource: x`
  return Object.assign(new Error(message), {
    name: 'AccessDeniedException',
    $fault: 'client',
    $metadata: { httpStatusCode: 400 },
  })
}

const checks = (create = true) => ({
  state: () => dynamodbState({ client, table, create }).check?.(),
  letters: () => dynamodbDeadLetters({ client, table, create }).check?.(),
  references: () => dynamodbReferences({ client, table, create }).check?.(),
})

const expiry = async () =>
  (await client.send(new DescribeTimeToLiveCommand({ TableName: table }))).TimeToLiveDescription

test.each(['CreateTable', 'DescribeTable', 'DescribeTimeToLive', 'UpdateTimeToLive'])(
  'without %s a table cannot be made: the action and the table are told at once, and no identity',
  async (operation) => {
    denied = operation
    const calls = { ...checks(), createStateTable: () => createStateTable({ client, table }) }
    for (const [name, call] of Object.entries(calls)) {
      table = `${operation}-${name}`
      const error = await told(call() ?? Promise.resolve())
      expect(setUpOf(error)).toEqual({
        reason: 'denied',
        resource: `table '${table}'`,
        advice: `grant dynamodb:${operation} on the table '${table}' to the program's role`,
      })
      expect(String(error)).not.toContain('hush')
    }
  },
)

test('a table that was left without its time to live gets it at the next check, and is told', async () => {
  denied = 'UpdateTimeToLive'
  await told(checks().state() ?? Promise.resolve())
  expect((await expiry())?.TimeToLiveStatus).toBe('DISABLED')
  // It is there, and still half made.
  expect(setUpOf(await told(checks().letters() ?? Promise.resolve()))?.reason).toBe('denied')
  denied = undefined
  expect(await checks().letters()).toBe(
    `the table '${table}' had no time to live on 'expiresAt', and has it now`,
  )
  expect(await expiry()).toMatchObject({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' })
  expect(await checks().state()).toBeUndefined()
})

test('a table whose time to live is on another attribute is told, and left alone', async () => {
  const key = { AttributeName: 'key' }
  await client.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ ...key, AttributeType: 'S' }],
      KeySchema: [{ ...key, KeyType: 'HASH' }],
    }),
  )
  await client.send(
    new UpdateTimeToLiveCommand({
      TableName: table,
      TimeToLiveSpecification: { Enabled: true, AttributeName: 'until' },
    }),
  )
  expect(await checks().state()).toBe(
    `the time to live of the table '${table}' is on 'until', not on 'expiresAt': what is over stays`,
  )
})

test('many that make a table at the same time make one, whole', async () => {
  await Promise.all([...Object.values(checks()), ...Object.values(checks())].map((check) => check()))
  expect(await expiry()).toMatchObject({ TimeToLiveStatus: 'ENABLED' })
})

test('where tables are not made, the check asks for no action beside those of the adapter', async () => {
  await createStateTable({ client, table })
  asked = []
  for (const check of Object.values(checks(false))) await check()
  expect(new Set(asked)).toEqual(new Set(['PutItem', 'GetItem', 'DeleteItem']))
})
