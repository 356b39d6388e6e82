import { expect, test } from 'vitest'
import { bodyOf, operationOf } from './operation.ts'

test('the body of a bulk is as long as its writes say, in whatever letters, and a lone surrogate spoils no other write', () => {
  const documents = [
    '{"name":"Ann"}',
    '{"name":"Zoë"}',
    '{"name":"山田 太郎"}',
    '{"name":"\ud83d"}',
    undefined,
    '{}',
  ]
  const operations = documents.map((document, n) => operationOf({ id: `ü${n}`, version: n, document }))
  const body = bodyOf(operations)
  expect(body.length).toBe(operations.reduce((sum, { size }) => sum + size, 0))
  const lines = body.toString().split('\n')
  expect(lines.pop()).toBe('')
  const found = operations.map(({ document }) => {
    const { index, delete: removal } = JSON.parse(lines.shift() ?? '')
    return [(index ?? removal)._id, document === undefined ? undefined : lines.shift()]
  })
  expect(found).toEqual(documents.map((document, n) => [`ü${n}`, document?.replace('\ud83d', '\ufffd')]))
  expect(lines).toEqual([])
})
