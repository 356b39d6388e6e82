import { createRequire } from 'node:module'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { dynalite } from '../../test/dynalite.ts'
import { awsRequest } from '../http/index.ts'
import { mendLocks } from './mended.ts'

test('a call that an emulator throws at is answered with a failure, and the others go on', async () => {
  await using emulator = await dynalite()
  const odd = awsRequest('DynamoDB_20120810.UpdateTable', null, 'application/x-amz-json-1.0')
  const [failed, answered] = await Promise.all([emulator.forward(odd), emulator.call('ListTables', {})])
  expect(failed.status).toBe(500)
  expect(JSON.parse(String(failed.body)).__type).toContain('InternalServerError')
  expect(answered).toMatchObject({ ok: true, output: { TableNames: ['rows'] } })
})

test('a lock whose work never ends is let go of, one whose work goes on is not', async () => {
  const require = createRequire(import.meta.url)
  const heldLocks = mendLocks('kinesalite')
  const { Lock } = createRequire(require.resolve('kinesalite'))('lock')
  const lock = Lock()
  const ran: string[] = []
  lock('a', () => void ran.push('never ends'))
  lock('b', (release: () => () => void) => void setImmediate(release()))
  lock('a', (release: () => () => void) => {
    ran.push('waited')
    release()()
  })
  const letGo = heldLocks()
  await turn()
  letGo()
  await turn()
  expect(ran).toEqual(['never ends', 'waited'])
  lock('a', () => void ran.push('free'))
  expect(ran).toContain('free')
})

test.each([
  ['in an AND', 'v = :a', (inner: string) => `v = :a AND (${inner})`],
  ['before an OR', 'v = :a', (inner: string) => `(${inner}) OR (v = :a AND v <> :a)`],
  ['behind a NOT', 'v = :a', (inner: string) => `NOT (${inner} AND v = :a)`],
])('parentheses %s cost as much as they are long', async (_, innermost, around) => {
  await using emulator = await dynalite()
  let expression = innermost
  for (let level = 0; level < 100; level += 1) expression = around(expression)
  const answer = await emulator.call('Scan', {
    TableName: 'rows',
    FilterExpression: expression,
    ExpressionAttributeValues: { ':a': { S: 'x' } },
  })
  expect(answer).toMatchObject({ ok: true, output: { Count: 0 } })
})

test.each(['begins_with(v, w)', 'v IN (w)', ':a BETWEEN v AND w', 'v BETWEEN :a AND w'])(
  '%s is false where the attributes are missing',
  async (FilterExpression) => {
    await using emulator = await dynalite()
    await emulator.call('PutItem', { TableName: 'rows', Item: { id: { S: 'a' } } })
    const values = FilterExpression.includes(':a') && { ExpressionAttributeValues: { ':a': { S: 'x' } } }
    const answer = await emulator.call('Scan', { TableName: 'rows', FilterExpression, ...values })
    expect(answer).toMatchObject({ ok: true, output: { Count: 0, ScannedCount: 1 } })
  },
)
