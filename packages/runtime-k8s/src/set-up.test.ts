/** What the checks of leases and streams say of a set-up that is wrong. */

import { setUpOf } from '@spaceship/core/adapter'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Pods, podsOnShip, refusal } from '../test/pods.ts'
import { dynamodbLeases } from './leases/index.ts'
import { checkStream } from './shards/index.ts'

let pods: Pods
beforeAll(async () => {
  pods = await podsOnShip()
})
afterEach(() => {
  pods.bent.fail = () => undefined
})
afterAll(() => pods[Symbol.asyncDispose]())

async function told(check: Promise<unknown> | undefined): Promise<unknown> {
  try {
    return await check
  } catch (error) {
    return error
  }
}

test('a lease table that is something else is told, with what to do', async () => {
  const leases = dynamodbLeases({ client: pods.dynamodb, table: 'items', application: 'app' })
  const error = await told(leases.check?.())
  expect(String(error)).toMatch("the table 'items' is not keyed by 'leaseKey' alone")
  expect(setUpOf(error)).toMatchObject({
    reason: 'not-found',
    resource: "table 'items'",
    advice: expect.stringMatching(
      /leases: \{ table: 'items-leases' \}; without a name it is that of the application/,
    ),
  })
})

test.each(['CreateTable', 'DescribeTable'])(
  'without %s no lease table is made, and the action is told',
  async (action) => {
    pods.bent.fail = (operation) =>
      operation === action
        ? refusal('AccessDeniedException', `User: hush is not authorized to perform: dynamodb:${action} on x`)
        : undefined
    const table = `leases-${action}`
    const leases = dynamodbLeases({ client: pods.dynamodb, table, application: 'app', create: true })
    const error = await told(leases.check?.())
    expect(setUpOf(error)).toEqual({
      reason: 'denied',
      resource: `table '${table}'`,
      advice: `grant dynamodb:${action} on the table '${table}' to the program's role`,
    })
    expect(String(error)).not.toContain('hush')
  },
)

test.each([
  ['arn:aws:kinesis:eu-west-1:000000000000:stream/', "'streams' takes names, 1 to 128 letters"],
  ['my stream', "'streams' takes names, 1 to 128 letters"],
  ['x'.repeat(129), "'streams' takes names, 1 to 128 letters"],
])('a stream of the name %s is told without a request', async (stream, advice) => {
  pods.bent.fail = () => new Error('asked')
  const error = await told(checkStream(pods.kinesis, stream, Math.random))
  expect(setUpOf(error)).toMatchObject({ reason: 'not-found', advice: expect.stringContaining(advice) })
})
