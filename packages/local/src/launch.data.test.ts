import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeKinesisStreamingDestinationCommand,
  DescribeTimeToLiveCommand,
  DisableKinesisStreamingDestinationCommand,
  ListTablesCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
  PutRecordCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis'
import { CreateScheduleCommand, GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler'
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn'
import { expect, test, vi } from 'vitest'
import { folders } from '../test/folders.ts'
import { fly } from '../test/ship.ts'
import { openData } from './data/index.ts'
import { launch } from './index.ts'
import { outboxIn } from './pipe/index.ts'

const folder = folders()
const clients = { name: 'clients', key: 'id', stream: 'clients-cdc' }
const item = (id: string, fields = {}) => ({
  TableName: 'clients',
  Item: { id: { S: id }, ...fields },
})

test('tables, items, destinations and time to live are as they were', async () => {
  const data = folder()
  const tables = [{ ...clients, precision: 'MILLISECOND' as const, timeToLive: 'expires' }]
  {
    await using flight = await fly({ data, tables })
    await flight.dynamodb.send(new PutItemCommand(item('a', { expires: { N: '1000000000' } })))
    await flight.ship.settled()
  }
  await using flight = await fly({ data })
  const named = { TableName: 'clients' }
  const { KinesisDataStreamDestinations } = await flight.dynamodb.send(
    new DescribeKinesisStreamingDestinationCommand(named),
  )
  expect(KinesisDataStreamDestinations).toMatchObject([
    { DestinationStatus: 'ACTIVE', ApproximateCreationDateTimePrecision: 'MILLISECOND' },
  ])
  const { TimeToLiveDescription } = await flight.dynamodb.send(new DescribeTimeToLiveCommand(named))
  expect(TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' })
  expect(await flight.ship.expire(1_000_000_001_000)).toBe(1)
  const changes = await flight.changesOf('clients-cdc')
  expect(changes.map(({ eventName }) => eventName)).toEqual(['INSERT', 'REMOVE'])
})

test('a disabled destination stays so; a table that is deleted and made anew has none', async () => {
  const data = folder()
  {
    await using flight = await fly({ data, tables: [clients, { ...clients, name: 'other' }] })
    for (const TableName of ['clients', 'other']) {
      const StreamArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/clients-cdc'
      await flight.dynamodb.send(new DisableKinesisStreamingDestinationCommand({ TableName, StreamArn }))
    }
    await flight.dynamodb.send(new DeleteTableCommand({ TableName: 'other' }))
  }
  await using flight = await fly({ data, tables: [clients, { name: 'other', key: 'id' }] })
  const statuses = async (TableName: string) => {
    const command = new DescribeKinesisStreamingDestinationCommand({ TableName })
    const { KinesisDataStreamDestinations = [] } = await flight.dynamodb.send(command)
    return KinesisDataStreamDestinations.map(({ DestinationStatus }) => DestinationStatus)
  }
  expect(await statuses('clients')).toEqual(['DISABLED'])
  expect(await statuses('other')).toEqual([])
  await flight.dynamodb.send(new PutItemCommand(item('a')))
  expect(await flight.changesOf('clients-cdc')).toEqual([])
})

test('a checkpoint points into the stream as before, and numbers go on behind it', async () => {
  const data = folder()
  const put = { StreamName: 's', PartitionKey: 'k', Data: Buffer.from('{}') }
  const numbers: string[] = []
  for (let round = 0; round < 2; round += 1) {
    await using flight = await fly({ data, streams: ['s'] })
    for (let n = 0; n < 3; n += 1) {
      const { SequenceNumber = '' } = await flight.kinesis.send(new PutRecordCommand(put))
      numbers.push(SequenceNumber)
    }
  }
  await using flight = await fly({ data })
  const { ShardIterator } = await flight.kinesis.send(
    new GetShardIteratorCommand({
      StreamName: 's',
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
      StartingSequenceNumber: numbers[1],
    }),
  )
  const { Records = [] } = await flight.kinesis.send(new GetRecordsCommand({ ShardIterator }))
  expect(Records.map(({ SequenceNumber }) => SequenceNumber)).toEqual(numbers.slice(2))
})

test('times of changes go on where the clock was, also if it is set back', async () => {
  const data = folder()
  const ahead = Date.now() + 3_600_000
  {
    const kept = openData(data)
    kept.shelf('clock').set('last', ahead * 1_000)
    kept.close()
  }
  await using flight = await fly({ data, tables: [clients] })
  await flight.dynamodb.send(new PutItemCommand(item('a')))
  const [change] = await flight.changesOf('clients-cdc')
  expect(change?.dynamodb.ApproximateCreationDateTime).toBe(ahead * 1_000 + 1)
})

test('changes that a stream did not take are kept for the next launch', async () => {
  const data = folder()
  const lines: string[] = []
  {
    await using flight = await fly({ data, tables: [clients] })
    await flight.ship.settled()
  }
  const kept = openData(data)
  outboxIn(kept.database).add({ stream: 'not-yet', partitionKey: 'k', data: Buffer.from('"waits"') })
  kept.close()
  {
    await using _ = await fly({ data, log: (line) => lines.push(line) })
  }
  expect(lines).toContainEqual(
    expect.stringMatching(/closed with 1 change\(s\) that stream 'not-yet' does not take .*next launch/),
  )
  await using flight = await fly({ data, streams: ['not-yet'] })
  await flight.ship.settled()
  expect(await flight.recordsOf('not-yet')).toEqual([{ key: 'k', change: 'waits' }])
})

test('what is made over the API is kept as well, from the moment it is answered', async () => {
  const data = folder()
  const shards = async ({ kinesis }: Awaited<ReturnType<typeof fly>>) => {
    const { StreamDescriptionSummary } = await kinesis.send(
      new DescribeStreamSummaryCommand({ StreamName: 'made' }),
    )
    return `${StreamDescriptionSummary?.OpenShardCount} ${StreamDescriptionSummary?.StreamStatus}`
  }
  {
    await using flight = await fly({ data })
    await flight.kinesis.send(new CreateStreamCommand({ StreamName: 'made', ShardCount: 2 }))
    expect(await shards(flight)).toBe('2 ACTIVE')
    await flight.kinesis.send(
      new SplitShardCommand({
        StreamName: 'made',
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: '85070591730234615865843651857942052863',
      }),
    )
    expect(await shards(flight)).toBe('3 ACTIVE')
    await flight.dynamodb.send(
      new CreateTableCommand({
        TableName: 'made',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    )
  }
  await using flight = await fly({ data })
  expect(await shards(flight)).toBe('3 ACTIVE')
  expect((await flight.dynamodb.send(new ListTablesCommand({}))).TableNames).toEqual(['made'])
})

test('Slack remembers its messages, and forgets them when it is told to', async () => {
  const data = folder()
  const post = (url: string, text: string) => fetch(url, { method: 'POST', body: JSON.stringify({ text }) })
  const stamps: string[] = []
  for (const text of ['first', 'second']) {
    await using ship = await launch({ data })
    await post(ship.slack.webhookUrl('#marketing'), text)
    stamps.push(...ship.slack.messages.slice(-1).map(({ ts }) => ts))
  }
  {
    await using ship = await launch({ data })
    expect(ship.slack.messagesIn('#marketing')).toMatchObject([
      { text: 'first', at: expect.any(Date), via: 'webhook' },
      { text: 'second' },
    ])
    expect(new Set(stamps).size).toBe(2)
    expect(ship.slack.messages.map(({ ts }) => ts)).toEqual(stamps)
    ship.slack.clear()
  }
  await using ship = await launch({ data })
  expect(ship.slack.messages).toEqual([])
})

const schedule = (name: string, expression: string) => ({
  Name: name,
  ScheduleExpression: expression,
  FlexibleTimeWindow: { Mode: 'OFF' as const },
  Target: {
    Arn: 'arn:aws:kinesis:us-east-1:000000000000:stream/due',
    RoleArn: 'arn:aws:iam::000000000000:role/scheduler',
    Input: JSON.stringify(name),
    KinesisParameters: { PartitionKey: name },
  },
})
const at = (ms: number) => `at(${new Date(ms).toISOString().slice(0, 19)})`

test('schedules are there again; one that came due meanwhile fires once, at the start', async () => {
  const data = folder()
  const now = Date.now()
  {
    await using flight = await fly({ data, streams: ['due'] })
    const scheduler = new SchedulerClient(flight.ship.clientConfig('scheduler'))
    await scheduler.send(new CreateScheduleCommand(schedule('later', at(now + 86_400_000))))
    await scheduler.send(new CreateScheduleCommand(schedule('fired', at(now - 1_000))))
    scheduler.destroy()
    await vi.waitUntil(() => flight.ship.scheduler.pending.length === 1, { timeout: 20_000 })
  }
  {
    // The time that passes while nobody runs it.
    const kept = openData(data)
    const shelf = kept.shelf('schedules')
    const [, later] = shelf.all().find(([name]) => name === 'later') ?? []
    const fieldsOf = (name: string, expression: string) => {
      const { Name: _, ...fields } = schedule(name, expression)
      return fields
    }
    const missed = { ...Object(later), fields: fieldsOf('missed', at(now - 60_000)) }
    shelf.set('missed', missed)
    shelf.set('again', {
      ...missed,
      modified: now - 10 * 60_000,
      fields: fieldsOf('again', 'rate(1 minute)'),
    })
    kept.close()
  }
  for (let start = 0; start < 2; start += 1) {
    await using flight = await fly({ data })
    const isAhead = ({ due }: { due: Date }) => due.getTime() > Date.now()
    await vi.waitUntil(() => flight.ship.scheduler.pending.every(isAhead), { timeout: 20_000 })
    const { pending } = flight.ship.scheduler
    expect(pending.map(({ name }) => name)).toEqual(['again', 'later'])
    expect(pending[0]?.due.getTime()).toBeLessThanOrEqual(Date.now() + 60_000)
    const fired = (await flight.recordsOf('due')).map(({ key }) => key)
    expect(fired.filter((name) => name !== 'again').sort()).toEqual(['fired', 'missed'])
    if (start === 0) expect(fired.filter((name) => name === 'again')).toHaveLength(1)
    const scheduler = new SchedulerClient(flight.ship.clientConfig('scheduler'))
    expect(await scheduler.send(new GetScheduleCommand({ Name: 'later' }))).toMatchObject({
      ScheduleExpression: at(now + 86_400_000),
    })
    scheduler.destroy()
  }
})

test('an execution that waits goes on where it stood, and one that is closed keeps its name', async () => {
  const data = folder()
  const definition = JSON.stringify({
    StartAt: 'Wait',
    States: {
      Wait: { Type: 'Wait', TimestampPath: '$.at', Next: 'Put' },
      Put: {
        Type: 'Task',
        Resource: 'arn:aws:states:::aws-sdk:kinesis:putRecord',
        Parameters: { StreamName: 'due', 'PartitionKey.$': '$$.Execution.Name', 'Data.$': '$' },
        End: true,
      },
    },
  })
  const roleArn = 'arn:aws:iam::000000000000:role/machine'
  const stateMachineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:reminders'
  const arnOf = (name: string) => `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`
  const input = (ms: number) => JSON.stringify({ at: new Date(ms).toISOString() })
  const now = Date.now()
  {
    await using flight = await fly({ data, streams: ['due'] })
    const client = new SFNClient(flight.ship.clientConfig('stepFunctions'))
    await client.send(new CreateStateMachineCommand({ name: 'reminders', roleArn, definition }))
    for (const name of ['later', 'soon', 'stopped'])
      await client.send(
        new StartExecutionCommand({ stateMachineArn, name, input: input(now + 40 * 86_400_000) }),
      )
    await client.send(new StopExecutionCommand({ executionArn: arnOf('stopped') }))
    await vi.waitUntil(() => flight.ship.stepFunctions.running.every(({ state }) => state === 'Wait'))
    client.destroy()
  }
  {
    // The time that passes while nobody runs it.
    const kept = openData(data)
    const shelf = kept.shelf('executions')
    const [, soon] = shelf.all().find(([arn]) => arn === arnOf('soon')) ?? []
    const { place } = Object(soon)
    shelf.set(arnOf('soon'), { ...Object(soon), place: { ...place, input: JSON.parse(input(now - 1_000)) } })
    kept.close()
  }
  {
    await using flight = await fly({ data })
    const { stepFunctions } = flight.ship
    await vi.waitUntil(() => stepFunctions.running.length === 1, { timeout: 20_000 })
    expect(stepFunctions.running).toEqual([{ name: 'later', machine: stateMachineArn, state: 'Wait' }])
    expect((await flight.recordsOf('due')).map(({ key }) => key)).toEqual(['soon'])
    const client = new SFNClient(flight.ship.clientConfig('stepFunctions'))
    const again = new StartExecutionCommand({ stateMachineArn, name: 'stopped' })
    await expect(client.send(again)).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' })
    expect(await client.send(new DescribeExecutionCommand({ executionArn: arnOf('stopped') }))).toMatchObject(
      { status: 'ABORTED' },
    )
    client.destroy()
  }
})

test('indices, their mappings, settings, documents and versions are there again', async () => {
  const data = folder()
  const call = async (url: string, method: string, path: string, body?: object) => {
    const reply = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    return reply.json()
  }
  {
    await using ship = await launch({ data })
    const { url } = ship.search
    const mappings = { dynamic: 'strict', properties: { name: { type: 'text' }, age: { type: 'integer' } } }
    await call(url, 'PUT', '/strict', { mappings, settings: { gc_deletes: '-1', number_of_replicas: 2 } })
    await call(url, 'PUT', '/strict/_mapping', { properties: { city: { type: 'keyword' } } })
    await call(url, 'PUT', '/strict/_doc/1?version=7&version_type=external', {
      name: 'Ada Lovelace',
      age: 36,
    })
    await call(url, 'PUT', '/strict/_doc/2?version=3&version_type=external', { name: 'gone' })
    await call(url, 'DELETE', '/strict/_doc/2?version=9&version_type=external')
    await call(url, 'PUT', '/free/_doc/1', { deep: { word: 'guessed' } })
    await call(url, 'PUT', '/dropped/_doc/1', { a: 1 })
    await call(url, 'DELETE', '/dropped')
  }
  await using ship = await launch({ data })
  const { url } = ship.search
  expect(
    await call(url, 'POST', '/strict/_search', { query: { match: { name: 'lovelace' } } }),
  ).toMatchObject({
    hits: { total: { value: 1 }, hits: [{ _id: '1', _source: { age: 36 } }] },
  })
  expect(await call(url, 'GET', '/strict/_mapping')).toMatchObject({
    strict: {
      mappings: { dynamic: 'strict', properties: { city: { type: 'keyword' }, age: { type: 'integer' } } },
    },
  })
  expect(await call(url, 'GET', '/free/_mapping')).toMatchObject({
    free: { mappings: { properties: { deep: { properties: { word: { type: 'text' } } } } } },
  })
  const stale = await call(url, 'PUT', '/strict/_doc/2?version=8&version_type=external', { name: 'late' })
  expect(stale).toMatchObject({ status: 409 })
  const next = await call(url, 'PUT', '/strict/_doc/1?version=8&version_type=external', { name: 'Ada' })
  expect(next).toMatchObject({ _seq_no: 3, _version: 8, _shards: { total: 3 } })
  expect(await call(url, 'GET', '/dropped/_count')).toMatchObject({ status: 404 })
  expect(await call(url, 'PUT', '/another/_doc/1', { a: 1 })).toMatchObject({ _seq_no: 0 })
})

test('a table with another key or stream than asked for is refused, with both named, and stays', async () => {
  const data = folder()
  {
    await using flight = await fly({ data, tables: [clients, { name: 'plain', key: 'id' }] })
    await flight.dynamodb.send(new PutItemCommand(item('a')))
  }
  const wrong = launch({
    data,
    tables: [
      { ...clients, key: { partition: 'id', sort: 'at' }, types: { at: 'N' }, stream: 'elsewhere' },
      { name: 'plain', key: 'id', stream: 'clients-cdc' },
      { name: 'new', key: 'id' },
    ],
  })
  const { code, message } = await wrong.catch((error) => error)
  expect(code).toBe('local-data-differs')
  expect(message).toContain("table 'clients' has the key 'id' (S): expected 'id' (S) and 'at' (N)")
  expect(message).toContain("table 'clients' has the stream 'clients-cdc': expected 'elsewhere'")
  expect(message).toContain("table 'plain' has no stream: expected 'clients-cdc'")
  await using flight = await fly({ data, tables: [clients] })
  expect((await flight.dynamodb.send(new ListTablesCommand({}))).TableNames).toEqual(['clients', 'plain'])
  expect((await flight.kinesis.send(new ListStreamsCommand({}))).StreamNames).toEqual(['clients-cdc'])
  expect((await flight.dynamodb.send(new ScanCommand({ TableName: 'clients' }))).Count).toBe(1)
})

test('a table that a launch was killed at is made as asked for', async () => {
  const data = folder()
  {
    await using _ = await fly({ data, streams: ['clients-cdc'], tables: [{ name: 'clients', key: 'id' }] })
  }
  const kept = openData(data)
  kept.shelf('provision').set('clients', true)
  kept.close()
  await using flight = await fly({ data, tables: [clients] })
  await flight.dynamodb.send(new PutItemCommand(item('a')))
  expect(await flight.changesOf('clients-cdc')).toHaveLength(1)
})

test('a second spaceship on the folder is refused at once, and the first one goes on', async () => {
  const data = folder()
  await using flight = await fly({ data, tables: [clients] })
  await expect(launch({ data })).rejects.toMatchObject({
    code: 'local-data-taken',
    message: expect.stringContaining(data),
  })
  await flight.dynamodb.send(new PutItemCommand(item('a')))
  expect(await flight.changesOf('clients-cdc')).toHaveLength(1)
})

test('a launch that fails half-way lets go of the folder', async () => {
  const data = folder()
  await using first = await launch()
  const port = Number(new URL(first.endpoints.slack).port)
  await expect(launch({ data, ports: { slack: port } })).rejects.toMatchObject({ code: 'local-port' })
  await using _ = await launch({ data })
})
