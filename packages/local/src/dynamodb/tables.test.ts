/** What the front remembers of tables that come and go. */

import { expect, test } from 'vitest'
import type { AwsAnswer } from '../http/index.ts'
import { knownTables } from './tables.ts'

const described = (TableStatus: string): AwsAnswer => ({
  ok: true,
  output: { Table: { TableStatus, KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }] } },
})
const MISSING: AwsAnswer = { ok: false, error: 'ResourceNotFoundException', message: 'no table', fields: {} }

test('a table that is looked at while it is being deleted is not remembered', async () => {
  const answers = [described('DELETING'), MISSING]
  const tables = knownTables(async () => answers.shift() ?? MISSING)
  expect([await tables.keySchema('clients'), await tables.keySchema('clients')]).toEqual([['id'], undefined])
})

test('a look that was answered after the table had gone is not remembered', async () => {
  const first = Promise.withResolvers<AwsAnswer>()
  const answers = [first.promise]
  const tables = knownTables(async () => answers.shift() ?? MISSING)
  const look = tables.keySchema('clients')
  tables.forget('clients')
  first.resolve(described('ACTIVE'))
  expect([await look, await tables.keySchema('clients')]).toEqual([['id'], undefined])
})

test('a table that is there is asked for once', async () => {
  let asked = 0
  const tables = knownTables(async () => {
    asked += 1
    return described('ACTIVE')
  })
  await tables.keySchema('clients')
  await tables.keySchema('clients')
  expect(asked).toBe(1)
})
