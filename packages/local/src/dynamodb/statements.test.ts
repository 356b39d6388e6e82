import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  ExecuteStatementCommand,
  ExecuteTransactionCommand,
  GetItemCommand,
} from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fly } from '../../test/ship.ts'
import { parseStatement } from './statement.ts'

const tables = [
  { name: 'clients', key: 'id', stream: 'cdc' },
  { name: 'orders', key: { partition: 'pk', sort: 'sk' } },
] as const
const S = (text: string): AttributeValue => ({ S: text })
const N = (number: number): AttributeValue => ({ N: String(number) })
const execute = (Statement: string, ...Parameters: AttributeValue[]) =>
  new ExecuteStatementCommand({ Statement, Parameters })
const batch = (...statements: [string, ...AttributeValue[]][]) =>
  new BatchExecuteStatementCommand({
    Statements: statements.map(([Statement, ...Parameters]) => ({
      Statement,
      Parameters,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    })),
  })

const INSERT = `INSERT INTO "clients" VALUE {'id': ?, 'seats': ?}`
const UPDATE = `UPDATE "clients" SET "seats" = ? REMOVE "note" WHERE "id" = ? AND ("seats" IS MISSING OR "seats" < ?)`

describe('PartiQL on the embedded DynamoDB', () => {
  it('inserts and updates one item, and captures both', async () => {
    await using rig = await fly({ tables })
    await rig.dynamodb.send(execute(INSERT, S('a'), N(1)))
    await rig.dynamodb.send(execute(UPDATE, N(5), S('a'), N(3)))
    const changes = await rig.changesOf('cdc')
    expect(changes.map(({ eventName, dynamodb }) => [eventName, dynamodb.NewImage?.seats])).toEqual([
      ['INSERT', { N: '1' }],
      ['MODIFY', { N: '5' }],
    ])
  })

  it('refuses an insert over an item, and an update of none or on a false condition', async () => {
    await using rig = await fly({ tables })
    await rig.dynamodb.send(execute(INSERT, S('a'), N(7)))
    const refusals = [
      [execute(INSERT, S('a'), N(1)), 'DuplicateItemException'],
      [execute(UPDATE, N(5), S('a'), N(3)), 'ConditionalCheckFailedException'],
      [execute(UPDATE, N(5), S('nobody'), N(3)), 'ConditionalCheckFailedException'],
    ] as const
    for (const [command, name] of refusals)
      await expect(rig.dynamodb.send(command)).rejects.toMatchObject({ name })
    expect(await rig.changesOf('cdc')).toHaveLength(1)
  })

  it('answers each statement of a batch for itself', async () => {
    await using rig = await fly({ tables })
    for (const id of ['a', 'c']) await rig.dynamodb.send(execute(INSERT, S(id), N(7)))
    const { Responses } = await rig.dynamodb.send(
      batch(
        [INSERT, S('b'), N(1)],
        [INSERT, S('a'), N(1)],
        [UPDATE, N(5), S('c'), N(3)],
        [INSERT, S(''), N(1)],
        [`INSERT INTO "nowhere" VALUE {'id': ?}`, S('a')],
      ),
    )
    expect(Responses).toMatchObject([
      { TableName: 'clients' },
      { Error: { Code: 'DuplicateItem' } },
      { Error: { Code: 'ConditionalCheckFailed', Item: { id: { S: 'c' }, seats: { N: '7' } } } },
      { Error: { Code: 'ValidationError' } },
      { Error: { Code: 'ResourceNotFound' } },
    ])
    expect(Responses?.[0]).not.toHaveProperty('Error')
  })

  it('finds the key in the condition, in a table with two', async () => {
    await using rig = await fly({ tables })
    const key = { pk: S('a'), sk: S('1') }
    await rig.dynamodb.send(
      execute(`insert into orders value {'pk': ?, 'sk': ?, 'it''s': ?}`, ...Object.values(key), N(1)),
    )
    const update = `UPDATE orders SET "it's" = ?, note = ? WHERE NOT (note IS NOT MISSING) AND sk = ? AND "it's" <> ? AND pk = ?`
    await rig.dynamodb.send(execute(update, N(2), S('x'), S('1'), N(2), S('a')))
    const { Item } = await rig.dynamodb.send(new GetItemCommand({ TableName: 'orders', Key: key }))
    expect(Item).toEqual({ ...key, "it's": N(2), note: S('x') })
  })

  it.each<[string, ...AttributeValue[]]>([
    ['SELECT * FROM "clients"'],
    ['DELETE FROM "clients" WHERE "id" = ?', S('a')],
    [`INSERT INTO "clients" VALUE {'id': 'a'}`],
    [`INSERT INTO "clients" VALUE {'id': ?} RETURNING ALL OLD *`, S('a')],
    [`INSERT INTO "clients" VALUE {'id': ?}`],
    ['UPDATE "clients" SET "a"."b" = ? WHERE "id" = ?', N(1), S('a')],
    ['UPDATE "clients" SET "a" = "a" + ? WHERE "id" = ?', N(1), S('a')],
    ['UPDATE "clients" SET "a" = ? WHERE "id" IN [?]', N(1), S('a')],
    ['UPDATE "clients" SET "a" = ? WHERE "id" = ? OR "a" = ?', N(1), S('a'), N(1)],
    ['UPDATE "clients" SET "a" = ?', N(1)],
    [INSERT, S('a'), { N: 'NaN' }],
    ['x'.repeat(8_193)],
    [`UPDATE "clients" SET "a" = ? WHERE ${'('.repeat(4_000)}`, N(1)],
  ])('refuses %.80s', async (statement, ...parameters) => {
    await using rig = await fly({ tables })
    await expect(rig.dynamodb.send(execute(statement, ...parameters))).rejects.toMatchObject({
      name: 'ValidationException',
    })
  })

  it('refuses one that is not understood, and writes the others', async () => {
    await using rig = await fly({ tables })
    const { Responses } = await rig.dynamodb.send(
      batch([INSERT, S('a'), N(1)], ['SELEC'], [INSERT, S('b')], ['UPDATE "clients" SET "n" = ?', N(1)]),
    )
    expect(Responses?.map(({ Error: error }) => error?.Code)).toEqual([
      undefined,
      ...Array(3).fill('ValidationError'),
    ])
    expect(await rig.changesOf('cdc')).toHaveLength(1)
  })

  it.each<[string, ...[string, ...AttributeValue[]][]]>([
    ['two statements of one item', [INSERT, S('a'), N(1)], [UPDATE, N(5), S('a'), N(3)]],
    ['a parameter that is no value', [INSERT, S('a'), N(1)], [INSERT, S('b'), { N: 'many' }]],
  ])('refuses a batch with %s before it writes', async (_, ...statements) => {
    await using rig = await fly({ tables })
    await expect(rig.dynamodb.send(batch(...statements))).rejects.toMatchObject({
      name: 'ValidationException',
    })
    expect(await rig.changesOf('cdc')).toEqual([])
  })

  it('refuses other operations of PartiQL by name', async () => {
    await using rig = await fly({ tables })
    const transaction = new ExecuteTransactionCommand({ TransactStatements: [{ Statement: INSERT }] })
    await expect(rig.dynamodb.send(transaction)).rejects.toMatchObject({
      name: 'UnknownOperationException',
      message: expect.stringContaining('ExecuteTransaction'),
    })
    const counted = new ExecuteStatementCommand({ Statement: INSERT, Limit: 1 })
    await expect(rig.dynamodb.send(counted)).rejects.toMatchObject({
      message: expect.stringContaining('Limit'),
    })
  })

  it('any text is a statement or has a problem', () => {
    const word = fc.constantFrom(
      'INSERT',
      'INTO',
      'VALUE',
      'UPDATE',
      'SET',
      'WHERE',
      'NOT',
      'AND',
      '(',
      ')',
      '{',
      '}',
      '?',
      '=',
      '"a"',
      "'a'",
      "'",
      ',',
      ':',
      'IS',
      'MISSING',
    )
    const text = fc.oneof(
      fc.string(),
      fc.array(word, { maxLength: 30 }).map((words) => words.join(' ')),
    )
    fc.assert(
      fc.property(text, (statement) => {
        const parsed = parseStatement(statement)
        expect('problem' in parsed || parsed.parameters >= 0).toBe(true)
      }),
    )
  })
})
