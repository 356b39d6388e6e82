import { GetItemCommand, PutItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb'
import { expect, test } from 'vitest'
import { folders } from '../../test/folders.ts'
import { fly } from '../../test/ship.ts'
import { openData } from '../data/index.ts'
import { type Begun, unfinishedIn } from './unfinished.ts'

const folder = folders()
const tables = [{ name: 'clients', key: 'id', stream: 'clients-cdc' }]
const item = (id: string, name: string) => ({ id: { S: id }, name: { S: name } })
const of = (id: string, before?: string) => ({
  table: 'clients',
  key: { id: { S: id } },
  ...(before !== undefined && { before: item(id, before) }),
})

/** Leaves a write that had begun and was not captured. */
function leave(data: string, write: Partial<Begun> & Pick<Begun, 'touched'>): void {
  const kept = openData(data)
  unfinishedIn(kept.database).begin({ expired: false, whole: false, ...write })
  kept.close()
}

async function kept(data: string, ...names: readonly string[]) {
  await using flight = await fly({ data, tables })
  for (const name of names)
    await flight.dynamodb.send(new PutItemCommand({ TableName: 'clients', Item: item(name, name) }))
  return (await flight.changesOf('clients-cdc')).map(({ eventName, userIdentity, dynamodb }) => ({
    eventName,
    userIdentity,
    before: Object(dynamodb.OldImage).name?.S,
    after: Object(dynamodb.NewImage).name?.S,
  }))
}

test('a write that is in the table is captured, one that is not leaves nothing behind', async () => {
  const data = folder()
  await kept(data, 'a', 'b')
  leave(data, { touched: [of('a', 'older'), of('c')] })
  leave(data, { touched: [of('d', 'gone')], expired: true })
  const changes = await kept(data)
  expect(changes.slice(2)).toEqual([
    { eventName: 'MODIFY', userIdentity: null, before: 'older', after: 'a' },
    {
      eventName: 'REMOVE',
      userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
      before: 'gone',
      after: undefined,
    },
  ])
  // Once is enough.
  expect(await kept(data)).toHaveLength(4)
})

test('what a transaction wrote before it was killed is taken back, and nobody hears of it', async () => {
  const data = folder()
  await kept(data, 'a', 'b')
  leave(data, { touched: [of('a', 'before'), of('b')], whole: true })
  await using flight = await fly({ data, tables })
  const nameOf = async (id: string) => {
    const { Item } = await flight.dynamodb.send(
      new GetItemCommand({ TableName: 'clients', Key: { id: { S: id } } }),
    )
    return Item?.name?.S
  }
  expect(await nameOf('a')).toBe('before')
  expect(await nameOf('b')).toBeUndefined()
  expect(await flight.changesOf('clients-cdc')).toHaveLength(2)
})

test('a transaction that was answered before a restart is known by its token after it', async () => {
  const data = folder()
  const add = {
    ClientRequestToken: 'once',
    TransactItems: [
      {
        Update: {
          TableName: 'clients',
          Key: { id: { S: 'a' } },
          UpdateExpression: 'ADD visits :one',
          ExpressionAttributeValues: { ':one': { N: '1' } },
        },
      },
    ],
  }
  for (let launch = 0; launch < 2; launch += 1) {
    await using flight = await fly({ data, tables })
    await flight.dynamodb.send(new TransactWriteItemsCommand(add))
  }
  await using flight = await fly({ data, tables })
  const { Item } = await flight.dynamodb.send(
    new GetItemCommand({ TableName: 'clients', Key: { id: { S: 'a' } } }),
  )
  expect(Item?.visits).toEqual({ N: '1' })
})
