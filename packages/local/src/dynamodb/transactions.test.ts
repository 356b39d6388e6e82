import {
  type AttributeValue,
  CreateTableCommand,
  DeleteTableCommand,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  TransactGetItemsCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { describe, expect, it, vi } from 'vitest'
import { fly } from '../../test/ship.ts'

const TableName = 'clients'
const clients = { name: TableName, key: 'id', stream: 'cdc' } as const
const key = (id: string) => ({ id: { S: id } })
const write = (...TransactItems: TransactWriteItem[]) => new TransactWriteItemsCommand({ TransactItems })
const create = (id: string): TransactWriteItem => ({
  Put: { TableName, Item: { ...key(id), n: { N: '0' } }, ConditionExpression: 'attribute_not_exists(id)' },
})
const add = (id: string, n: number): TransactWriteItem => ({
  Update: {
    TableName,
    Key: key(id),
    UpdateExpression: 'SET n = n + :n',
    ExpressionAttributeValues: { ':n': { N: String(n) } },
  },
})
const exists = (id: string): TransactWriteItem => ({
  ConditionCheck: { TableName, Key: key(id), ConditionExpression: 'attribute_exists(id)' },
})
const remove = (id: string): TransactWriteItem => ({ Delete: { TableName, Key: key(id) } })

describe('TransactWriteItems', () => {
  it('performs all writes and captures each', async () => {
    await using rig = await fly({ tables: [clients] })
    await rig.dynamodb.send(write(create('a'), create('b'), create('c')))
    await rig.dynamodb.send(write(exists('a'), add('b', 2), remove('c')))
    const changes = await rig.changesOf('cdc')
    expect(changes.map((c) => `${c.eventName} ${c.dynamodb.Keys.id?.S}`).sort()).toEqual([
      'INSERT a',
      'INSERT b',
      'INSERT c',
      'MODIFY b',
      'REMOVE c',
    ])
    const { Items } = await rig.dynamodb.send(new ScanCommand({ TableName }))
    expect(Items).toHaveLength(2)
    expect(Items).toContainEqual({ ...key('b'), n: { N: '2' } })
  })

  it('performs nothing when one condition fails, and gives the reasons in order', async () => {
    await using rig = await fly({ tables: [clients] })
    await rig.dynamodb.send(write(create('a')))
    const again = create('a')
    const transaction = write(
      create('b'),
      {
        Put: { ...again.Put, TableName, Item: key('a'), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' },
      },
      exists('absent'),
      add('absent too', 1),
    )
    const error = await rig.dynamodb.send(transaction).catch((caught) => caught)
    expect(error.name).toBe('TransactionCanceledException')
    expect(error.message).toContain('[None, ConditionalCheckFailed, ConditionalCheckFailed, ValidationError]')
    expect(error.CancellationReasons).toMatchObject([
      { Code: 'None' },
      { Code: 'ConditionalCheckFailed', Item: { ...key('a'), n: { N: '0' } } },
      { Code: 'ConditionalCheckFailed' },
      { Code: 'ValidationError' },
    ])
    expect(await rig.changesOf('cdc')).toHaveLength(1)
    expect((await rig.dynamodb.send(new ScanCommand({ TableName }))).Count).toBe(1)
  })

  it('refuses what is malformed, and performs nothing of it', async () => {
    await using rig = await fly({ tables: [clients] })
    const refused = async (transaction: TransactWriteItemsCommand, name = 'ValidationException') =>
      expect(rig.dynamodb.send(transaction)).rejects.toMatchObject({ name })
    await refused(write())
    await refused(write(create('a'), remove('a')))
    await refused(write({}))
    await refused(write({ ...create('a'), ...remove('b') }))
    await refused(write(create('a'), { Put: { TableName, Item: { other: { S: 'x' } } } }))
    await refused(write(create('a'), { Put: { TableName, Item: { id: { N: '1' } } } }))
    await refused(write({ Put: { TableName, Item: key('a'), ConditionExpression: 'not an expression (' } }))
    await refused(write({ Put: { TableName: 'absent', Item: key('a') } }), 'ResourceNotFoundException')
    await refused(write(...Array.from({ length: 101 }, (_, n) => create(String(n)))))
    expect(await rig.changesOf('cdc')).toEqual([])
  })

  it('is performed once for a token, and refuses the token for other parameters', async () => {
    await using rig = await fly({ tables: [clients] })
    await rig.dynamodb.send(write(create('a')))
    const transaction = { TransactItems: [add('a', 1)], ClientRequestToken: 'token' }
    for (let n = 0; n < 3; n++) await rig.dynamodb.send(new TransactWriteItemsCommand(transaction))
    const { Item } = await rig.dynamodb.send(new GetItemCommand({ TableName, Key: key('a') }))
    expect(Item?.n).toEqual({ N: '1' })
    await expect(
      rig.dynamodb.send(new TransactWriteItemsCommand({ ...transaction, TransactItems: [add('a', 2)] })),
    ).rejects.toMatchObject({ name: 'IdempotentParameterMismatchException' })

    const conditional = { TransactItems: [exists('later')], ClientRequestToken: 'again' }
    await expect(rig.dynamodb.send(new TransactWriteItemsCommand(conditional))).rejects.toThrow()
    await rig.dynamodb.send(write(create('later')))
    await rig.dynamodb.send(new TransactWriteItemsCommand(conditional))
  })

  it('keeps a sum whole under concurrent transfers and single writes', async () => {
    await using rig = await fly({ tables: [clients] })
    await rig.dynamodb.send(write(create('a'), create('b'), create('c')))
    const ids = ['a', 'b', 'c']
    const transfers = Array.from({ length: 60 }, (_, n) => {
      const [from = 'a', to = 'b'] = [ids[n % 3], ids[(n + 1 + (n % 2)) % 3]]
      return rig.dynamodb.send(write(add(from, -n), add(to, n)))
    })
    const singles = Array.from({ length: 30 }, (_, n) => {
      const { Update } = add(ids[n % 3] ?? 'a', 1)
      return rig.dynamodb.send(new UpdateItemCommand({ ...Update, TableName, Key: key(ids[n % 3] ?? 'a') }))
    })
    const reads = Array.from({ length: 10 }, () =>
      rig.dynamodb.send(
        new TransactGetItemsCommand({
          TransactItems: ids.map((id) => ({ Get: { TableName, Key: key(id) } })),
        }),
      ),
    )
    await Promise.all([...transfers, ...singles, ...reads])
    const { Items = [] } = await rig.dynamodb.send(new ScanCommand({ TableName }))
    expect(Items.reduce((sum, item) => sum + Number(item.n?.N), 0)).toBe(30)

    const changes = await rig.changesOf('cdc')
    for (const id of ids) {
      const mine = changes.filter((c) => c.dynamodb.Keys.id?.S === id).map((c) => c.dynamodb)
      for (const [index, { OldImage }] of mine.entries()) expect(OldImage).toEqual(mine[index - 1]?.NewImage)
    }
  })

  it('knows the indexes of a table, and the new definition of one that was recreated', async () => {
    await using rig = await fly({ tables: [clients] })
    await rig.dynamodb.send(write(create('a')))
    await rig.dynamodb.send(new DeleteTableCommand({ TableName }))
    const recreate = new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'tier'].map((name) => ({
        AttributeName: name,
        AttributeType: 'S' as const,
      })),
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-tier',
          KeySchema: [{ AttributeName: 'tier', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    })
    await vi.waitFor(() => rig.dynamodb.send(recreate), { timeout: 10_000 })
    await waitUntilTableExists(
      { client: rig.dynamodb, maxWaitTime: 10, minDelay: 0.01, maxDelay: 1 },
      { TableName },
    )
    const item = (pk: string, tier: AttributeValue): TransactWriteItem => ({
      Put: { TableName, Item: { pk: { S: pk }, tier } },
    })
    const mistyped = write(item('b', { S: 'gold' }), item('c', { N: '1' }))
    await expect(rig.dynamodb.send(mistyped)).rejects.toMatchObject({ name: 'ValidationException' })
    expect((await rig.dynamodb.send(new ScanCommand({ TableName }))).Count).toBe(0)
    await rig.dynamodb.send(write(item('b', { S: 'gold' }), item('c', { S: 'blue' })))
    expect((await rig.dynamodb.send(new ScanCommand({ TableName, IndexName: 'by-tier' }))).Count).toBe(2)
  })
})

describe('TransactGetItems', () => {
  it('reads in order, with projections, and a hole for what is absent', async () => {
    await using rig = await fly({ tables: [clients] })
    await rig.dynamodb.send(
      new PutItemCommand({ TableName, Item: { ...key('a'), n: { N: '1' }, x: { S: 'y' } } }),
    )
    const { Responses } = await rig.dynamodb.send(
      new TransactGetItemsCommand({
        TransactItems: [
          { Get: { TableName, Key: key('absent') } },
          { Get: { TableName, Key: key('a'), ProjectionExpression: 'n' } },
        ],
      }),
    )
    expect(Responses).toEqual([{}, { Item: { n: { N: '1' } } }])
    await expect(
      rig.dynamodb.send(
        new TransactGetItemsCommand({ TransactItems: [{ Get: { TableName: 'absent', Key: key('a') } }] }),
      ),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })
})
