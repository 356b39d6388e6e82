import { afterAll, beforeAll, expect, test } from 'vitest'
import { fly } from '../../test/ship.ts'

let rig: Awaited<ReturnType<typeof fly>>
beforeAll(async () => {
  rig = await fly({ tables: [{ name: 'clients', key: 'id' }] })
})
afterAll(() => rig[Symbol.asyncDispose]())

async function call(operation: string, body: string) {
  const answer = await fetch(rig.ship.endpoints.dynamodb, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': operation },
    body,
  })
  // Safe: whatever it is, an absent member reads as undefined.
  const { __type: type, message } = (await answer.json()) as Record<string, unknown>
  return { status: answer.status, type: String(type).split('#')[1], message: String(message) }
}

test.each([
  ['null', 'PutItem', 'null'],
  ['a list', 'PutItem', '[]'],
  ['half a body', 'PutItem', '{'],
  ['a number', 'UpdateTable', '5'],
  ['no body', 'ListTables', ''],
  ['100,000 levels', 'PutItem', `${'{"Item":['.repeat(100_000)}${']}'.repeat(100_000)}`],
])('%s is no input', async (_, operation, body) => {
  const answer = await call(`DynamoDB_20120810.${operation}`, body)
  expect(answer).toMatchObject({ status: 400, type: 'SerializationException' })
})

const ResourceArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/clients'
test.each([
  ['TagResource', { ResourceArn, Tags: [{ Key: 'a' }] }, /tags\.1\.member\.value/],
  ['TagResource', { ResourceArn, Tags: [{ Key: 'a', Value: 'b' }, {}] }, /tags\.2\.member\.key/],
  ['CreateTable', { TableName: 'new', KeySchema: [null] }, /keySchema\.1\.member/],
  ['Scan', { TableName: 'clients', ScanFilter: { S: null } }, /scanFilter\.S/],
  [
    'PutItem',
    { TableName: 'clients', Item: { id: { S: 'a' }, n: { L: [null] } } },
    /AttributeValue is empty/,
  ],
])('%s with %j is refused by name', async (operation, input, message) => {
  const answer = await call(`DynamoDB_20120810.${operation}`, JSON.stringify(input))
  expect(answer).toMatchObject({ status: 400, type: 'ValidationException' })
  expect(answer.message).toMatch(message)
})

test('a parameter that is null counts as left out', async () => {
  const input = { TableName: 'clients', Item: { id: { S: 'a' } }, ConditionExpression: null }
  expect(await call('DynamoDB_20120810.PutItem', JSON.stringify(input))).toMatchObject({ status: 200 })
})

test('the API of 2011 is not there', async () => {
  const answer = await call('DynamoDB_20111205.PutItem', 'null')
  expect(answer).toMatchObject({ status: 400, type: 'UnknownOperationException' })
})
