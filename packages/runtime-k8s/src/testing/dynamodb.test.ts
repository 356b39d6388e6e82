/** The simulated DynamoDB refuses what the real one refuses: a fault that it let pass would be found by nobody. */

import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import { expect, test } from 'vitest'
import { createTable, TABLE } from './dynamodb.ts'

test('a table that is not there, and a key that is none of the table, are refused by their names', () => {
  const { answer } = createTable(() => 10)
  const get = (TableName: string, Key: GetItemCommand['input']['Key']) => () =>
    answer(new GetItemCommand({ TableName, Key }), () => {})
  expect(get(`${TABLE}-CoordinatorState`, { key: { S: 'Migration3.0' } })).toThrow(
    expect.objectContaining({ name: 'ResourceNotFoundException', message: 'Requested resource not found' }),
  )
  for (const key of [{ key: { S: 'a' } }, { leaseKey: { S: 'a' }, shardId: { S: 'a' } }])
    expect(get(TABLE, key)).toThrow(expect.objectContaining({ name: 'ValidationException' }))
  expect(get(TABLE, { leaseKey: { S: 'a' } })()).toEqual({})
})
