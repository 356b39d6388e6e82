import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { folders } from '../../test/folders.ts'
import { openDatabase } from '../data/index.ts'
import { tableReady } from '../dynamodb/rehearsal.ts'
import { type AwsCall, awsCaller } from '../http/index.ts'
import { upstreamOf } from './index.ts'

const folder = folders()

async function emulator(name: 'dynalite' | 'kinesalite', file: string) {
  const { forward, close } = await upstreamOf(name, { file })
  const [service, type] =
    name === 'dynalite'
      ? ['DynamoDB_20120810', 'application/x-amz-json-1.0']
      : ['Kinesis_20131202', 'application/x-amz-json-1.1']
  return { call: awsCaller(forward, service, type), [Symbol.asyncDispose]: close }
}

/** Changes a definition to what a process that is killed in the middle of a change leaves behind. */
function leave(file: string, key: string, change: object): void {
  const database = openDatabase(file)
  const { value } = database.prepare('select value from entry where key = ?').get(Buffer.from(key)) ?? {}
  const definition = JSON.parse(Buffer.from(value instanceof Uint8Array ? value : []).toString())
  const changed = Buffer.from(JSON.stringify({ ...definition, ...change }))
  database.prepare('update entry set value = ? where key = ?').run(changed, Buffer.from(key))
  database.close()
}

const table = (name: string) => ({
  TableName: name,
  AttributeDefinitions: [
    { AttributeName: 'id', AttributeType: 'S' },
    { AttributeName: 'city', AttributeType: 'S' },
  ],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
  GlobalSecondaryIndexes: [
    {
      IndexName: 'by-city',
      KeySchema: [{ AttributeName: 'city', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
})
async function createTable(call: AwsCall, name: string) {
  await call('CreateTable', table(name))
  await tableReady(call, name)
}

async function createStream(call: AwsCall) {
  expect(await call('CreateStream', { StreamName: 's', ShardCount: 1 })).toMatchObject({ ok: true })
  await vi.waitUntil(async () => {
    const { output } = Object(await call('DescribeStreamSummary', { StreamName: 's' }))
    return output.StreamDescriptionSummary.StreamStatus === 'ACTIVE'
  })
}

const inParis = {
  IndexName: 'by-city',
  KeyConditionExpression: 'city = :city',
  ExpressionAttributeValues: { ':city': { S: 'Paris' } },
}

test('tables, their items and their indices are there again, and deletes hold', async () => {
  const file = join(folder(), 'dynamodb.sqlite')
  {
    await using dynalite = await emulator('dynalite', file)
    await createTable(dynalite.call, 'clients')
    for (const id of ['a', 'b', 'c'])
      await dynalite.call('PutItem', { TableName: 'clients', Item: { id: { S: id }, city: { S: 'Paris' } } })
    await dynalite.call('DeleteItem', { TableName: 'clients', Key: { id: { S: 'b' } } })
  }
  await using dynalite = await emulator('dynalite', file)
  const found = await dynalite.call('Query', { TableName: 'clients', ...inParis })
  expect(found).toMatchObject({ ok: true, output: { Count: 2 } })
})

test('after a kill in the middle of a write, an index has each item once, where it stands', async () => {
  const file = join(folder(), 'dynamodb.sqlite')
  {
    await using dynalite = await emulator('dynalite', file)
    await createTable(dynalite.call, 'clients')
    for (const id of ['a', 'b', 'c'])
      await dynalite.call('PutItem', { TableName: 'clients', Item: { id: { S: id }, city: { S: 'Paris' } } })
  }
  const database = openDatabase(file)
  // An item that was never written, but for its place in the index; and one that lost its place.
  const items = database.prepare("select key from entry where cast(key as text) like 'item-clients~%'").all()
  const places = database.prepare("select key from entry where cast(key as text) like 'index-%'").all()
  expect([items.length, places.length]).toEqual([3, 3])
  database.prepare('delete from entry where key = ?').run(items[0]?.key ?? null)
  const placeOfAnother = places.find(({ key }) => key !== places[0]?.key)
  database.prepare('delete from entry where key = ?').run(placeOfAnother?.key ?? null)
  database.exec('pragma user_version = 1')
  database.close()

  await using dynalite = await emulator('dynalite', file)
  const idsIn = async (operation: string, input: object) => {
    const { output } = Object(await dynalite.call(operation, { TableName: 'clients', ...input }))
    return output.Items.map(({ id }: { id: { S: string } }) => id.S).sort()
  }
  const left = await idsIn('Scan', {})
  expect(left).toHaveLength(2)
  expect(await idsIn('Query', inParis)).toEqual(left)
})

test.each(['CREATING', 'UPDATING'])(
  'a table that was %s when the process was killed is usable',
  async (status) => {
    const file = join(folder(), 'dynamodb.sqlite')
    {
      await using dynalite = await emulator('dynalite', file)
      await createTable(dynalite.call, 'clients')
    }
    const indexes = table('clients').GlobalSecondaryIndexes.map((index) => ({
      ...index,
      IndexStatus: status,
    }))
    leave(file, 'table~clients', { TableStatus: status, GlobalSecondaryIndexes: indexes })
    await using dynalite = await emulator('dynalite', file)
    expect(await dynalite.call('DescribeTable', { TableName: 'clients' })).toMatchObject({
      output: { Table: { TableStatus: 'ACTIVE', GlobalSecondaryIndexes: [{ IndexStatus: 'ACTIVE' }] } },
    })
  },
)

test('a table that was being deleted is gone with its items, and no other one is', async () => {
  const file = join(folder(), 'dynamodb.sqlite')
  {
    await using dynalite = await emulator('dynalite', file)
    for (const name of ['clients', 'clients-2']) {
      await createTable(dynalite.call, name)
      await dynalite.call('PutItem', { TableName: name, Item: { id: { S: 'a' }, city: { S: 'Paris' } } })
    }
  }
  leave(file, 'table~clients', { TableStatus: 'DELETING' })
  await using dynalite = await emulator('dynalite', file)
  expect(await dynalite.call('ListTables', {})).toMatchObject({ output: { TableNames: ['clients-2'] } })
  await createTable(dynalite.call, 'clients')
  expect(await dynalite.call('Scan', { TableName: 'clients' })).toMatchObject({ output: { Count: 0 } })
  const found = await dynalite.call('Query', { TableName: 'clients', ...inParis })
  expect(found).toMatchObject({ output: { Count: 0 } })
  expect(await dynalite.call('Scan', { TableName: 'clients-2' })).toMatchObject({ output: { Count: 1 } })
})

test.each(['dynalite', 'kinesalite'] as const)(
  'a file that %s cannot read is told with its path',
  async (name) => {
    const file = join(folder(), 'damaged.sqlite')
    writeFileSync(file, 'no database, whatever its name says')
    await expect(upstreamOf(name, { file })).rejects.toMatchObject({
      code: 'local-data',
      message: expect.stringContaining(`'${file}'`),
      cause: expect.objectContaining({ message: 'file is not a database' }),
    })
  },
)

test('numbers of a stream go on after a restart, and a stream that was split is ACTIVE', async () => {
  const file = join(folder(), 'kinesis.sqlite')
  const record = { StreamName: 's', PartitionKey: 'k', Data: 'e30=' }
  const numbers: string[] = []
  for (let restart = 0; restart < 3; restart += 1) {
    await using kinesalite = await emulator('kinesalite', file)
    if (restart === 0) await createStream(kinesalite.call)
    for (let n = 0; n < 3; n += 1) {
      const { output } = Object(await kinesalite.call('PutRecord', record))
      numbers.push(output.SequenceNumber)
    }
    if (restart === 1) leave(file, '!meta!s', { StreamStatus: 'UPDATING' })
  }
  expect(numbers).toEqual([...numbers].sort((one, other) => (BigInt(one) < BigInt(other) ? -1 : 1)))
  expect(new Set(numbers).size).toBe(9)
})

test.each(['CREATING', 'DELETING'])(
  'a stream that was %s is not there, and may be made anew',
  async (status) => {
    const file = join(folder(), 'kinesis.sqlite')
    {
      await using kinesalite = await emulator('kinesalite', file)
      await kinesalite.call('CreateStream', { StreamName: 's', ShardCount: 1 })
      await kinesalite.call('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: 'e30=' })
    }
    leave(file, '!meta!s', { StreamStatus: status })
    await using kinesalite = await emulator('kinesalite', file)
    expect(await kinesalite.call('ListStreams', {})).toMatchObject({ output: { StreamNames: [] } })
    expect(await kinesalite.call('CreateStream', { StreamName: 's', ShardCount: 1 })).toMatchObject({
      ok: true,
    })
  },
)
