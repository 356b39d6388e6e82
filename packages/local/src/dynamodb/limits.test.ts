import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  ExecuteStatementCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fly } from '../../test/ship.ts'

const TableName = 'clients'
const Indexed = 'indexed'
let rig: Awaited<ReturnType<typeof fly>>
beforeAll(async () => {
  rig = await fly({ tables: [{ name: TableName, key: 'id' }] })
  await rig.dynamodb.send(
    new CreateTableCommand({
      TableName: Indexed,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['id', 'owner', 'day'].map((AttributeName) => ({
        AttributeName,
        AttributeType: AttributeName === 'day' ? 'B' : 'S',
      })),
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-owner',
          KeySchema: [
            { AttributeName: 'owner', KeyType: 'HASH' },
            { AttributeName: 'day', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  )
  await waitUntilTableExists(
    { client: rig.dynamodb, maxWaitTime: 10, minDelay: 0.01, maxDelay: 1 },
    { TableName: Indexed },
  )
})
afterAll(() => rig[Symbol.asyncDispose]())

type Item = Record<string, AttributeValue>

/** The request is refused before anything is written. */
async function refused(command: { readonly input: object }, message: string | RegExp) {
  // Safe: the client sends each command alike.
  await expect(rig.dynamodb.send(command as PutItemCommand)).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(message),
  })
}
const put = (item: Item, more: object = {}, table = TableName) =>
  new PutItemCommand({ TableName: table, Item: { id: { S: 'a' }, ...item }, ...more })
const transact = (...TransactItems: TransactWriteItem[]) => new TransactWriteItemsCommand({ TransactItems })
const found = async (id: string, table = TableName) =>
  (await rig.dynamodb.send(new GetItemCommand({ TableName: table, Key: { id: { S: id } } }))).Item

test('a token of a transaction has 1 to 36 characters', async () => {
  const write = (ClientRequestToken: string) =>
    new TransactWriteItemsCommand({
      ...{ TransactItems: [{ Put: { TableName, Item: { id: { S: 'token' } } } }], ClientRequestToken },
    })
  await refused(write('x'.repeat(37)), /'clientRequestToken'.* less than or equal to 36$/)
  await refused(write(''), /'clientRequestToken'.* greater than or equal to 1$/)
  expect(await found('token')).toBeUndefined()
  await rig.dynamodb.send(write('x'.repeat(36)))
})

test('a transaction holds 4 MB at most', async () => {
  const large = (n: number) => ({
    Put: { TableName, Item: { id: { S: `large-${n}` }, text: { S: 'x'.repeat(400_000) } } },
  })
  await refused(transact(...Array.from({ length: 11 }, (_, n) => large(n))), '4 MB')
  expect(await found('large-0')).toBeUndefined()
  await rig.dynamodb.send(transact(...Array.from({ length: 10 }, (_, n) => large(n))))
})

test('an item is read once in a transaction', async () => {
  const get = (id: string) => ({ Get: { TableName, Key: { id: { S: id } } } })
  await refused(
    new TransactGetItemsCommand({ TransactItems: [get('a'), get('b'), get('a')] }),
    'Transaction request cannot include multiple operations on one item',
  )
})

test('the key of an index is not empty, whoever writes it', async () => {
  const message =
    'A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: by-owner, IndexKey: owner'
  const empty = { owner: { S: '' }, day: { B: Uint8Array.of(1) } }
  const Item = { id: { S: 'a' }, ...empty }
  await refused(put(empty, {}, Indexed), message)
  await refused(
    put({ ...empty, owner: { S: 'o' }, day: { B: new Uint8Array() } }, {}, Indexed),
    /binary.*IndexKey: day/,
  )
  await refused(
    new BatchWriteItemCommand({ RequestItems: { [Indexed]: [{ PutRequest: { Item } }] } }),
    message,
  )
  await refused(transact({ Put: { TableName: Indexed, Item } }), message)
  await refused(
    new ExecuteStatementCommand({
      Statement: `INSERT INTO "${Indexed}" VALUE {'id': ?, 'owner': ?}`,
      Parameters: [{ S: 'a' }, { S: '' }],
    }),
    message,
  )
  expect(await found('a', Indexed)).toBeUndefined()
  const update = (UpdateExpression: string, names: Record<string, string> = { '#o': 'owner' }) => ({
    ...{ TableName: Indexed, Key: { id: { S: 'b' } }, UpdateExpression, ExpressionAttributeNames: names },
    ExpressionAttributeValues: { ':v': { S: '' } },
  })
  const updated =
    'The update expression attempted to update a secondary index key to a value that is not supported'
  for (const expression of ['SET #o = :v', 'set #o=:v', 'SET x = :v, #o = :v REMOVE y']) {
    await refused(new UpdateItemCommand(update(expression)), updated)
    await refused(transact({ Update: update(expression) }), updated)
  }
  expect(await found('b', Indexed)).toBeUndefined()
  // What is no key of an index may be empty, also below one of the same name.
  await rig.dynamodb.send(new UpdateItemCommand(update('SET #o = :v', { '#o': 'other' })))
  await rig.dynamodb.send(put({ map: { M: {} } }, {}, Indexed))
  await rig.dynamodb.send(
    new UpdateItemCommand({
      ...update('SET #m.#o = :v', { '#m': 'map', '#o': 'owner' }),
      Key: { id: { S: 'a' } },
    }),
  )
  expect(await found('a', Indexed)).toMatchObject({ map: { M: { owner: { S: '' } } } })
})

/** Maps in one another, around a text. */
const nested = (maps: number) =>
  Array.from({ length: maps }).reduce<AttributeValue>((inner) => ({ M: { a: inner } }), { S: 'x' })

test('an attribute has 32 levels at most', async () => {
  const message = 'Nesting Levels have exceeded supported limits'
  const deep = { deep: nested(32) }
  const Item = { id: { S: 'deep' }, ...deep }
  await refused(put(deep), message)
  await refused(put({ deep: { L: [nested(31)] } }), message)
  await refused(
    new BatchWriteItemCommand({ RequestItems: { [TableName]: [{ PutRequest: { Item } }] } }),
    message,
  )
  await refused(transact({ Put: { TableName, Item } }), message)
  const values = { ExpressionAttributeValues: { ':v': nested(32) } }
  await refused(
    new UpdateItemCommand({ TableName, Key: { id: { S: 'a' } }, UpdateExpression: 'SET d = :v', ...values }),
    message,
  )
  await rig.dynamodb.send(put({ deep: nested(31) }))
})

test('an attribute has a name', async () => {
  const unnamed = { '': { S: 'x' } }
  await refused(put(unnamed), 'attribute name')
  await refused(transact({ Put: { TableName, Item: { id: { S: 'a' }, ...unnamed } } }), 'attribute name')
  const named = { ExpressionAttributeNames: { '#n': '' }, ExpressionAttributeValues: { ':v': { S: 'x' } } }
  await refused(
    new UpdateItemCommand({ TableName, Key: { id: { S: 'a' } }, UpdateExpression: 'SET #n = :v', ...named }),
    'attribute name',
  )
})

test('an expression has 4,096 bytes at most, as it is sent', async () => {
  // 255 letters and a comma each: sixteen of them are 4,096 bytes, without the last comma one less.
  const projection = (more: string) =>
    `${Array.from({ length: 16 }, (_, n) => `${'abcdefghijklmnop'[n]}${'b'.repeat(254)}`).join(',')}${more}`
  expect(Buffer.byteLength(projection('b'))).toBe(4_096)
  const get = (more: string) =>
    new GetItemCommand({ TableName, Key: { id: { S: 'a' } }, ProjectionExpression: projection(more) })
  const message = /^Invalid ProjectionExpression: Expression size has exceeded .*expression size: 4097$/
  await refused(get('bb'), message)
  await rig.dynamodb.send(get(''))
  const condition = { ConditionExpression: Array(200).fill('attribute_not_exists(x)').join(' AND ') }
  await refused(put({}, condition), 'Invalid ConditionExpression: Expression size')
  await refused(transact({ Put: { TableName, Item: { id: { S: 'a' } }, ...condition } }), 'Expression size')
  await refused(
    new BatchGetItemCommand({
      RequestItems: { [TableName]: { Keys: [{ id: { S: 'a' } }], ProjectionExpression: projection('bb') } },
    }),
    message,
  )
})

test('IN takes 100 operands at most', async () => {
  const among = (count: number) => {
    const places = Array.from({ length: count }, (_, n) => `:v${n}`)
    return {
      ExpressionAttributeNames: { '#in': 'in' },
      ExpressionAttributeValues: Object.fromEntries(places.map((place, n) => [place, { N: String(n) }])),
      expression: `NOT #in in (${places.join(', ')})`,
    }
  }
  const { expression, ...more } = among(101)
  const message = /The IN operator is provided with too many operands; number of operands: 101$/
  await refused(put({}, { ConditionExpression: expression, ...more }), message)
  await refused(new ScanCommand({ TableName, FilterExpression: expression, ...more }), message)
  const { expression: fine, ...values } = among(100)
  await rig.dynamodb.send(put({}, { ConditionExpression: fine, ...values }))
})

test('a query names a key that can be there', async () => {
  const query = (KeyConditionExpression: string) =>
    new QueryCommand({
      ...{ TableName, KeyConditionExpression, ExpressionAttributeValues: { ':v': { S: '' } } },
    })
  const message = 'The AttributeValue for a key attribute cannot contain an empty string value. Key: id'
  await refused(query('id = :v'), message)
  await refused(query(':v = id'), message)
})

test('a segment is one of several', async () => {
  await refused(new ScanCommand({ TableName, Segment: 0 }), 'The TotalSegments parameter is required')
  await rig.dynamodb.send(new ScanCommand({ TableName, Segment: 0, TotalSegments: 1 }))
})
