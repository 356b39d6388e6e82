/** What an expression makes of an item, where the emulator beneath would make something else of it than AWS. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dynalite } from '../../test/dynalite.ts'
import type { AwsCall, Fields } from '../http/index.ts'

let emulator: Awaited<ReturnType<typeof dynalite>>
let call: AwsCall
beforeAll(async () => {
  emulator = await dynalite()
  call = emulator.call
})
afterAll(() => emulator[Symbol.asyncDispose]())

const Key = { id: { S: 'x' } }
const values = (given: Fields) =>
  Object.keys(given).length === 0 ? {} : { ExpressionAttributeValues: given }

/** What the expression makes of a row. */
async function updated(row: Fields, UpdateExpression: string, given: Fields = {}): Promise<unknown> {
  expect(await call('PutItem', { TableName: 'rows', Item: { ...Key, ...row } })).toMatchObject({ ok: true })
  const answer = await call('UpdateItem', {
    TableName: 'rows',
    Key,
    UpdateExpression,
    ReturnValues: 'ALL_NEW',
    ...values(given),
  })
  if (!answer.ok) return answer.error
  const { id: _, ...others } = Object(answer.output.Attributes)
  return others
}

/** Whether the condition holds for a row. */
async function holds(row: Fields, ConditionExpression: string, given: Fields): Promise<boolean> {
  await call('PutItem', { TableName: 'rows', Item: { ...Key, ...row } })
  const answer = await call('DeleteItem', { TableName: 'rows', Key, ConditionExpression, ...values(given) })
  if (!answer.ok) expect(answer.error).toBe('ConditionalCheckFailedException')
  return answer.ok
}

const texts = (...all: string[]) => ({ L: all.map((S) => ({ S })) })

test.each<[string, Fields, Fields, Fields]>([
  ['REMOVE l[0], l[1]', { l: texts('a', 'b', 'c') }, {}, { l: texts('c') }],
  ['REMOVE l[1], l[0]', { l: texts('a', 'b', 'c') }, {}, { l: texts('c') }],
  ['REMOVE l[0] SET l[1] = :v', { l: texts('a', 'b', 'c') }, { ':v': { S: 'v' } }, { l: texts('v', 'c') }],
  ['SET l[1] = :v REMOVE l[0]', { l: texts('a', 'b', 'c') }, { ':v': { S: 'v' } }, { l: texts('v', 'c') }],
  [
    'REMOVE l[0], l[1].a',
    { l: { L: [{ S: 'x' }, { M: { a: { S: 'a' }, b: { S: 'b' } } }] } },
    {},
    { l: { L: [{ M: { b: { S: 'b' } } }] } },
  ],
  [
    'REMOVE l[0] DELETE l[1] :v',
    { l: { L: [{ S: 'x' }, { SS: ['v'] }, { S: 'z' }] } },
    { ':v': { SS: ['v'] } },
    { l: texts('z') },
  ],
  ['REMOVE l[0], l[9]', { l: texts('a', 'b') }, {}, { l: texts('b') }],
  ['SET k = l REMOVE l[0]', { l: texts('a', 'b') }, {}, { l: texts('b'), k: texts('a', 'b') }],
])('%s means the elements as they stood before', async (expression, row, given, expected) => {
  expect(await updated(row, expression, given)).toEqual(expected)
})

test('property: the elements that are removed are those that were named', async () => {
  const elements = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(
      elements,
      fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 5 }),
      async (all, out) => {
        const expected = all.filter((_, at) => !out.includes(at))
        const expression = `REMOVE ${out.map((at) => `l[${at}]`).join(', ')}`
        expect(await updated({ l: texts(...all) }, expression)).toEqual({ l: texts(...expected) })
      },
    ),
    { numRuns: 30 },
  )
})

const deep = { M: { list: { L: [{ N: '1' }, { SS: ['a', 'b'] }, { M: { none: { NULL: true } } }] } } }

test.each<[Fields, Fields, boolean]>([
  [{ M: {} }, { M: {} }, true],
  [{ L: [] }, { L: [] }, true],
  [{ M: { k: { S: 'v' } } }, { M: { k: { S: 'v' } } }, true],
  [{ M: { a: { S: '1' }, b: { S: '2' } } }, { M: { b: { S: '2' }, a: { S: '1' } } }, true],
  [{ M: { k: { S: 'v' } } }, { M: { k: { S: 'w' } } }, false],
  [{ M: { k: { N: '1' } } }, { M: { k: { S: '1' } } }, false],
  [{ M: { k: { S: 'v' } } }, { M: { k: { S: 'v' }, l: { S: 'v' } } }, false],
  [{ M: { k: { S: 'v' } } }, { M: { toString: { S: 'v' } } }, false],
  [{ L: [{ S: 'a' }, { N: '1' }] }, { L: [{ S: 'a' }, { N: '1.0' }] }, true],
  [{ L: [{ S: 'a' }, { S: 'b' }] }, { L: [{ S: 'b' }, { S: 'a' }] }, false],
  [{ L: [{ S: 'a' }, { S: 'a' }] }, { L: [{ S: 'a' }] }, false],
  [{ L: [{ BOOL: false }] }, { L: [{ BOOL: false }] }, true],
  [{ SS: ['a', 'b'] }, { SS: ['b', 'a'] }, true],
  [deep, structuredClone(deep), true],
  [deep, { M: { list: { L: [{ N: '1' }, { SS: ['b', 'a'] }, { M: { none: { NULL: true } } }] } } }, true],
  [deep, { M: { list: { L: [{ N: '2' }, { SS: ['a', 'b'] }, { M: { none: { NULL: true } } }] } } }, false],
])('%j equals %j: %j', async (box, value, equal) => {
  expect(await holds({ box }, 'box = :v', { ':v': value }), '=').toBe(equal)
  expect(await holds({ box }, 'box <> :v', { ':v': value }), '<>').toBe(!equal)
  expect(await holds({ box }, 'box IN (:v, :w)', { ':v': value, ':w': { S: 'w' } }), 'IN').toBe(equal)
})
