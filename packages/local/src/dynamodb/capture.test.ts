import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeKinesisStreamingDestinationCommand,
  DisableKinesisStreamingDestinationCommand,
  DynamoDBClient,
  EnableKinesisStreamingDestinationCommand,
  ExecuteTransactionCommand,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
  UpdateKinesisStreamingDestinationCommand,
} from '@aws-sdk/client-dynamodb'
import { CreateStreamCommand, DeleteStreamCommand } from '@aws-sdk/client-kinesis'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { fly } from '../../test/ship.ts'
import { canonicalItem, type Item } from './attribute.ts'

const clients = { name: 'clients', key: 'id', stream: 'cdc' } as const
const put = (id: string, extra: Record<string, { S: string } | { N: string }> = {}) =>
  new PutItemCommand({ TableName: 'clients', Item: { id: { S: id }, ...extra } })

describe('the capture of changes', () => {
  it('writes INSERT, MODIFY and REMOVE in the format of the Kinesis destination', async () => {
    await using rig = await fly({ tables: [clients], region: 'eu-west-1' })
    await rig.dynamodb.send(put('ä', { n: { N: '1' } }))
    const set = { TableName: 'clients', Key: { id: { S: 'ä' } }, UpdateExpression: 'SET n = n + :one' }
    await rig.dynamodb.send(
      new UpdateItemCommand({ ...set, ExpressionAttributeValues: { ':one': { N: '1' } } }),
    )
    await rig.dynamodb.send(new DeleteItemCommand({ TableName: 'clients', Key: { id: { S: 'ä' } } }))

    const changes = await rig.changesOf('cdc')
    expect(changes[0]).toEqual({
      awsRegion: 'eu-west-1',
      eventID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      eventName: 'INSERT',
      userIdentity: null,
      recordFormat: 'application/json',
      tableName: 'clients',
      dynamodb: {
        ApproximateCreationDateTime: expect.any(Number),
        ApproximateCreationDateTimePrecision: 'MICROSECOND',
        Keys: { id: { S: 'ä' } },
        NewImage: { id: { S: 'ä' }, n: { N: '1' } },
        SizeBytes: 4 + 4 + 3,
      },
      eventSource: 'aws:dynamodb',
    })
    expect(changes.map(({ eventName, dynamodb: d }) => [eventName, d.OldImage?.n, d.NewImage?.n])).toEqual([
      ['INSERT', undefined, { N: '1' }],
      ['MODIFY', { N: '1' }, { N: '2' }],
      ['REMOVE', { N: '2' }, undefined],
    ])
    const times = changes.map(({ dynamodb: d }) => d.ApproximateCreationDateTime)
    expect(new Set(times).size).toBe(3)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(String(times[0])).toHaveLength(16)
    const keys = (await rig.recordsOf('cdc')).map(({ key }) => key)
    expect(new Set(keys).size).toBe(1)
    expect(keys[0]).toMatch(/^[0-9A-F]{32}$/)
  })

  it('emits nothing for a write that changes nothing or is refused, and passes the answer on', async () => {
    await using rig = await fly({ tables: [clients] })
    await rig.dynamodb.send(put('1', { n: { N: '1' } }))
    const again = new PutItemCommand({
      TableName: 'clients',
      Item: { n: { N: '1.0' }, id: { S: '1' } },
      ReturnValues: 'ALL_OLD',
    })
    expect((await rig.dynamodb.send(again)).Attributes).toEqual({ id: { S: '1' }, n: { N: '1' } })
    await rig.dynamodb.send(new DeleteItemCommand({ TableName: 'clients', Key: { id: { S: 'absent' } } }))

    const refused = new PutItemCommand({
      TableName: 'clients',
      Item: { id: { S: '1' } },
      ConditionExpression: 'attribute_not_exists(id)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    })
    await expect(rig.dynamodb.send(refused)).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
      Item: { id: { S: '1' } },
    })
    await expect(
      rig.dynamodb.send(new PutItemCommand({ TableName: 'clients', Item: { other: { S: '1' } } })),
    ).rejects.toMatchObject({ name: 'ValidationException' })
    await expect(
      rig.dynamodb.send(new PutItemCommand({ TableName: 'absent', Item: { id: { S: '1' } } })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    expect(await rig.changesOf('cdc')).toHaveLength(1)
  })

  it('captures each write of a batch, also over several tables', async () => {
    await using rig = await fly({
      tables: [clients, { name: 'orders', key: { partition: 'pk', sort: 'sk' }, stream: 'cdc' }],
    })
    await rig.dynamodb.send(put('old'))
    await rig.dynamodb.send(
      new BatchWriteItemCommand({
        RequestItems: {
          clients: [
            { PutRequest: { Item: { id: { S: 'new' } } } },
            { DeleteRequest: { Key: { id: { S: 'old' } } } },
            { DeleteRequest: { Key: { id: { S: 'absent' } } } },
          ],
          orders: [{ PutRequest: { Item: { pk: { S: 'a' }, sk: { S: 'b' } } } }],
        },
      }),
    )
    const seen = (await rig.changesOf('cdc')).map(
      (c) => `${c.eventName} ${c.tableName} ${JSON.stringify(c.dynamodb.Keys)}`,
    )
    expect(seen.sort()).toEqual([
      'INSERT clients {"id":{"S":"new"}}',
      'INSERT clients {"id":{"S":"old"}}',
      'INSERT orders {"pk":{"S":"a"},"sk":{"S":"b"}}',
      'REMOVE clients {"id":{"S":"old"}}',
    ])
  })

  it('takes two spellings of a number for one key', async () => {
    await using rig = await fly({ tables: [{ name: 'numbers', key: 'n', types: { n: 'N' }, stream: 'cdc' }] })
    const item = (n: string, v: string) =>
      new PutItemCommand({ TableName: 'numbers', Item: { n: { N: n }, v: { S: v } } })
    await rig.dynamodb.send(item('1', 'a'))
    await rig.dynamodb.send(item('1.0', 'b'))
    const records = await rig.changesOf('cdc').then(() => rig.recordsOf('cdc'))
    expect(records.map(({ change }) => change.eventName)).toEqual(['INSERT', 'MODIFY'])
    expect(new Set(records.map(({ key }) => key)).size).toBe(1)
  })

  it('enables, describes, updates and disables destinations, live', async () => {
    await using rig = await fly({ tables: [{ name: 'clients', key: 'id' }], streams: ['cdc'] })
    const StreamArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/cdc'
    const target = { TableName: 'clients', StreamArn }
    const describe = () =>
      rig.dynamodb.send(new DescribeKinesisStreamingDestinationCommand({ TableName: 'clients' }))

    await rig.dynamodb.send(put('before'))
    await rig.dynamodb.send(new EnableKinesisStreamingDestinationCommand(target))
    await expect(
      rig.dynamodb.send(new EnableKinesisStreamingDestinationCommand(target)),
    ).rejects.toMatchObject({
      name: 'ValidationException',
    })
    await rig.dynamodb.send(put('ms'))
    const UpdateKinesisStreamingConfiguration = {
      ApproximateCreationDateTimePrecision: 'MICROSECOND' as const,
    }
    await rig.dynamodb.send(
      new UpdateKinesisStreamingDestinationCommand({ ...target, UpdateKinesisStreamingConfiguration }),
    )
    await rig.dynamodb.send(put('us'))
    expect((await describe()).KinesisDataStreamDestinations).toEqual([
      { StreamArn, DestinationStatus: 'ACTIVE', ApproximateCreationDateTimePrecision: 'MICROSECOND' },
    ])
    await rig.dynamodb.send(new DisableKinesisStreamingDestinationCommand(target))
    await rig.dynamodb.send(put('after'))
    expect((await describe()).KinesisDataStreamDestinations?.[0]?.DestinationStatus).toBe('DISABLED')

    const seen = (await rig.changesOf('cdc')).map(({ dynamodb: d }) => [
      d.Keys.id,
      String(d.ApproximateCreationDateTime).length,
    ])
    expect(seen).toEqual([
      [{ S: 'ms' }, 13],
      [{ S: 'us' }, 16],
    ])
    const absent = { ...target, StreamArn: `${StreamArn}-absent` }
    await expect(
      rig.dynamodb.send(new EnableKinesisStreamingDestinationCommand(absent)),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
  })

  it('keeps the changes for a stream that is gone until it is back', async () => {
    await using rig = await fly({ tables: [clients] })
    await rig.kinesis.send(new DeleteStreamCommand({ StreamName: 'cdc' }))
    await rig.dynamodb.send(put('1'))
    await rig.dynamodb.send(put('1', { n: { N: '1' } }))
    await vi.waitFor(() => rig.kinesis.send(new CreateStreamCommand({ StreamName: 'cdc', ShardCount: 1 })), {
      timeout: 10_000,
    })
    expect((await rig.changesOf('cdc')).map(({ eventName }) => eventName)).toEqual(['INSERT', 'MODIFY'])
  })

  it('carries an item of the largest size, and survives one that no record can hold', async () => {
    const lines: string[] = []
    await using rig = await fly({ tables: [clients], log: (line) => lines.push(line) })
    const binary = (id: string, fill: number) =>
      new PutItemCommand({
        TableName: 'clients',
        Item: { id: { S: id }, b: { B: new Uint8Array(399 * 1024).fill(fill) } },
      })
    await rig.dynamodb.send(binary('big', 1))
    await rig.dynamodb.send(binary('big', 2))
    await rig.dynamodb.send(put('small'))
    const changes = await rig.changesOf('cdc')
    expect(changes.map(({ dynamodb: d }) => d.Keys.id?.S)).toEqual(['big', 'small'])
    expect(changes[0]?.dynamodb.SizeBytes).toBeGreaterThan(399 * 1024)
    expect(lines).toContainEqual(expect.stringMatching(/pipe: a change of \d+ bytes is too large/))
  })

  it('says what it does not have', async () => {
    await using rig = await fly({})
    await expect(
      rig.dynamodb.send(
        new ExecuteTransactionCommand({ TransactStatements: [{ Statement: 'SELECT * FROM clients' }] }),
      ),
    ).rejects.toMatchObject({
      name: 'UnknownOperationException',
      message: expect.stringContaining('ExecuteTransaction'),
    })
    const streams = new CreateTableCommand({
      TableName: 'streamed',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    })
    await expect(rig.dynamodb.send(streams)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('Kinesis streaming destination'),
    })
  })

  it('understands the wire format of the AWS command line, signed or not', async () => {
    await using rig = await fly({ tables: [clients] })
    const call = async (operation: string, body: unknown) => {
      const response = await fetch(rig.ship.endpoints.dynamodb, {
        method: 'POST',
        headers: {
          'x-amz-target': `DynamoDB_20120810.${operation}`,
          'content-type': 'application/x-amz-json-1.0',
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
      return { status: response.status, body: await response.json() }
    }
    expect(await call('PutItem', { TableName: 'clients', Item: { id: { S: 'hand' } } })).toMatchObject({
      status: 200,
    })
    const empty = { TableName: 'clients', Item: { id: { S: 'a' }, list: { L: [null] } } }
    expect(await call('PutItem', empty)).toMatchObject({ status: 400 })
    const absent = { absent: [{ PutRequest: { Item: { id: null } } }] }
    expect(await call('BatchWriteItem', { RequestItems: absent })).toMatchObject({ status: 400 })
    expect(await call('PutItem', '{ not json')).toMatchObject({ status: 400 })
    expect(await call('PutItem', { TableName: 'clients', Item: 7 })).toMatchObject({ status: 400 })
    expect(await call('BatchWriteItem', { RequestItems: { clients: [null, 'x'] } })).toMatchObject({
      status: 400,
    })
    expect(await call('TransactWriteItems', { TransactItems: [null] })).toMatchObject({ status: 400 })
    expect(await rig.changesOf('cdc')).toHaveLength(1)
  })

  it('throttles on demand', async () => {
    await using rig = await fly({ tables: [clients] })
    rig.ship.faults.throttle({ dynamodb: 0.5 })
    const impatient = new DynamoDBClient({ ...rig.ship.clientConfig('dynamodb'), maxAttempts: 1 })
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => impatient.send(put(String(n)))),
    )
    impatient.destroy()
    rig.ship.faults.clear()
    const refused = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason.name] : [],
    )
    expect(new Set(refused)).toEqual(new Set(['ProvisionedThroughputExceededException']))
    const { Count } = await rig.dynamodb.send(new ScanCommand({ TableName: 'clients' }))
    expect(Count).toBe(20 - refused.length)
    expect(await rig.changesOf('cdc')).toHaveLength(20 - refused.length)
  })
})

type Write = { key: string; kind: 'put' | 'add' | 'delete' | 'batch'; value: number }

const writes = fc.array(
  fc.record<Write>({
    key: fc.constantFrom('a', 'b', 'c'),
    kind: fc.constantFrom('put', 'add', 'delete', 'batch'),
    value: fc.integer({ min: 0, max: 2 }),
  }),
  { minLength: 1, maxLength: 40 },
)

function command({ key, kind, value }: Write) {
  const id = { id: { S: key } }
  switch (kind) {
    case 'put':
      return new PutItemCommand({ TableName: 'clients', Item: { ...id, n: { N: String(value) } } })
    case 'add':
      return new UpdateItemCommand({
        TableName: 'clients',
        Key: id,
        UpdateExpression: 'ADD n :n',
        ExpressionAttributeValues: { ':n': { N: String(value) } },
      })
    case 'delete':
      return new DeleteItemCommand({ TableName: 'clients', Key: id })
    case 'batch':
      return new BatchWriteItemCommand({ RequestItems: { clients: [{ DeleteRequest: { Key: id } }] } })
  }
}

const text = (item: Item | undefined) => (item === undefined ? 'nothing' : canonicalItem(item))

describe('under random interleaved writes', () => {
  it('the images of each item form a seamless chain that ends in the table', async () => {
    await using rig = await fly({ tables: [clients] })
    let round = 0
    await fc.assert(
      fc.asyncProperty(writes, fc.double({ min: 0, max: 0.4, noNaN: true }), async (list, share) => {
        round += 1
        const renamed = list.map((write) => ({ ...write, key: `${round}-${write.key}` }))
        rig.ship.faults.throttle({ kinesis: share, putRecords: share })
        await Promise.all(renamed.map((write) => send(rig, write)))
        await rig.ship.settled()
        rig.ship.faults.clear()
        const changes = await rig.changesOf('cdc')
        for (const key of new Set(renamed.map((write) => write.key))) {
          let state = 'nothing'
          let time = 0
          for (const { dynamodb: d } of changes.filter((c) =>
            canonicalItem(c.dynamodb.Keys).includes(`"${key}"`),
          )) {
            expect(text(d.OldImage)).toBe(state)
            expect(d.ApproximateCreationDateTime).toBeGreaterThan(time)
            time = d.ApproximateCreationDateTime
            state = text(d.NewImage)
          }
          const { Item } = await rig.dynamodb.send(
            new GetItemCommand({ TableName: 'clients', Key: { id: { S: key } } }),
          )
          expect(text(Item)).toBe(state)
        }
      }),
      { numRuns: 12 },
    )
  })

  it('every change arrives at least once, and each in its place by timestamp, although the pipe doubles and reorders', async () => {
    await using rig = await fly({ tables: [clients], seed: 3 })
    rig.ship.faults.duplicate(0.3)
    rig.ship.faults.reorder(6)
    rig.ship.faults.throttle({ putRecords: 0.2 })
    for (let n = 0; n < 60; n++) await send(rig, { key: 'a', kind: 'put', value: n })
    await rig.ship.settled()
    rig.ship.faults.clear()
    const arrived = (await rig.changesOf('cdc')).map((change) => change.dynamodb)
    const order = arrived.map((d) => d.ApproximateCreationDateTime)
    expect(order).not.toEqual([...order].sort((x, y) => x - y))
    expect(arrived.length).toBeGreaterThan(60)
    const once = [...new Map(arrived.map((d) => [d.ApproximateCreationDateTime, d])).values()]
    once.sort((x, y) => x.ApproximateCreationDateTime - y.ApproximateCreationDateTime)
    expect(once.map((d) => d.NewImage?.n)).toEqual(Array.from({ length: 60 }, (_, n) => ({ N: String(n) })))
  })
})

async function send(rig: Awaited<ReturnType<typeof fly>>, write: Write): Promise<void> {
  const made = command(write)
  if (made instanceof PutItemCommand) await rig.dynamodb.send(made)
  else if (made instanceof UpdateItemCommand) await rig.dynamodb.send(made)
  else if (made instanceof DeleteItemCommand) await rig.dynamodb.send(made)
  else await rig.dynamodb.send(made)
}
