import { writeFileSync } from 'node:fs'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  type KinesisClientConfig,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis'
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler'
import { reactor } from '@spaceship/core'
import { createEngine, tickEnvelope } from '@spaceship/core/engine'
import { memoryDeadLetters, memoryState, virtualClock } from '@spaceship/core/memory'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { folders } from '../test/folders.ts'
import { launch } from './index.ts'

const folder = folders()
afterEach(() => void vi.unstubAllEnvs())

describe('launch', () => {
  it('lists every problem of its options at once', async () => {
    const wrong = launch({
      tables: [
        { name: 'a', key: 'id' },
        { name: 'clients', key: { partition: 'id', sort: 'id' }, precision: 'MICROSECOND' },
        { name: 'clients', key: 'id', types: { other: 'N' }, stream: 'no spaces' },
      ],
      streams: ['s', { name: 's', shards: 0 }],
      ports: { dynamodb: 70_000, kinesis: 4567, slack: 4567 },
      seed: 0.5,
      timeScale: 0,
    })
    const { code, problems } = await wrong.catch((error) => error)
    expect(code).toBe('configuration')
    expect(problems).toEqual([
      expect.stringContaining("'tables[0].name' is 'a': expected a name of 3 to 255 letters"),
      expect.stringContaining("'tables[2].stream' is 'no spaces': expected a name"),
      "'streams[1].shards' is 0: expected a whole number from 1 to 100",
      "'ports.dynamodb' is 70000: expected a whole number from 0 to 65535",
      "'seed' is 0.5: expected a whole number",
      "'timeScale' is 0: expected a number above 0",
      "'tables[1].key' has 'id' as 'partition' and as 'sort': expected two attributes",
      expect.stringContaining("'tables[1].precision' is given without 'stream'"),
      expect.stringContaining("'tables[2].types' has 'other', which is not a key attribute"),
      expect.stringContaining("'tables[2]' is 'clients', which is listed before"),
      expect.stringContaining("'streams[1]' is 's', which is listed before"),
      "'ports' has one port for two endpoints: expected a port for each",
    ])
  })

  it('makes tables and streams while it flies, leaves those that it has as they are, and refuses as at its launch', async () => {
    await using ship = await launch({ tables: [{ name: 'clients', key: 'id', stream: 'cdc' }] })
    const dynamodb = new DynamoDBClient(ship.clientConfig('dynamodb'))
    const put = (TableName: string) =>
      dynamodb.send(new PutItemCommand({ TableName, Item: { id: { S: 'a' } } }))
    await put('clients')
    await ship.provide({
      tables: [
        { name: 'clients', key: 'other', stream: 'cdc' },
        { name: 'orders', key: 'id', stream: 'cdc' },
        { name: 'parcels', key: 'id', stream: 'parcels-cdc' },
      ],
      streams: ['cdc', 'facts'],
    })
    await ship.provide({ tables: [{ name: 'orders', key: 'id', stream: 'cdc' }] })
    await put('orders')
    await put('parcels')
    await ship.settled()
    const kinesis = ship.clientConfig('kinesis')
    expect(await recordsOn(kinesis, 'cdc')).toMatchObject([{ tableName: 'clients' }, { tableName: 'orders' }])
    expect(await recordsOn(kinesis, 'parcels-cdc')).toMatchObject([{ tableName: 'parcels' }])
    expect(await recordsOn(kinesis, 'facts')).toEqual([])
    await expect(ship.provide({ tables: [{ name: 'x', key: '' }] })).rejects.toMatchObject({
      code: 'configuration',
    })
    dynamodb.destroy()
  })

  it('gives endpoints, client configuration and an environment for child processes', async () => {
    const lines: string[] = []
    await using ship = await launch({
      streams: [{ name: 'two', shards: 2 }],
      seed: 7,
      log: (l) => lines.push(l),
    })
    for (const url of Object.values(ship.endpoints)) expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(ship.environment).toEqual({
      AWS_ENDPOINT_URL_DYNAMODB: ship.endpoints.dynamodb,
      AWS_ENDPOINT_URL_KINESIS: ship.endpoints.kinesis,
      AWS_ENDPOINT_URL_SCHEDULER: ship.endpoints.scheduler,
      AWS_ENDPOINT_URL_SFN: ship.endpoints.stepFunctions,
      AWS_ENDPOINT_URL_S3: ship.endpoints.s3,
      AWS_ENDPOINT_URL_SQS: ship.endpoints.sqs,
      AWS_ENDPOINT_URL_SNS: ship.endpoints.sns,
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false',
      AWS_USE_FIPS_ENDPOINT: 'false',
      AWS_USE_DUALSTACK_ENDPOINT: 'false',
      AWS_CONFIG_FILE: devNull,
      AWS_SHARED_CREDENTIALS_FILE: devNull,
      SEARCH_URL: ship.endpoints.search,
      SLACK_URL: ship.endpoints.slack,
      SLACK_API_URL: ship.slack.apiUrl,
    })
    expect(lines).toContain('spaceship: fault seed 7')
    using kinesis = clientOf(ship.clientConfig('kinesis'))
    const { Shards } = await kinesis.client.send(new ListShardsCommand({ StreamName: 'two' }))
    expect(Shards).toHaveLength(2)
  })

  it.each([
    ['AWS_USE_FIPS_ENDPOINT', 'use_fips_endpoint = true'],
    ['AWS_USE_DUALSTACK_ENDPOINT', 'use_dualstack_endpoint = true'],
    ['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'ignore_configured_endpoint_urls = true'],
  ])('is what its clients and its environment lead to, whatever is said about %s', async (name, setting) => {
    await using ship = await launch({ streams: ['cdc'] })
    const answers = async (config: KinesisClientConfig) => {
      using kinesis = clientOf(config)
      const { Shards } = await kinesis.client.send(new ListShardsCommand({ StreamName: 'cdc' }))
      return Shards?.length
    }
    vi.stubEnv('AWS_CONFIG_FILE', join(folder(), 'config'))
    writeFileSync(process.env.AWS_CONFIG_FILE ?? '', `[default]\n${setting}\n`)
    expect(await answers(ship.clientConfig('kinesis'))).toBe(1)
    vi.stubEnv(name, 'true')
    expect(await answers(ship.clientConfig('kinesis'))).toBe(1)
    for (const [variable, value] of Object.entries(ship.environment)) vi.stubEnv(variable, value)
    expect(await answers({})).toBe(1)
  })

  it('closes twice without complaint, also while everything is throttled and delayed', async () => {
    const ship = await launch({ tables: [{ name: 'clients', key: 'id', stream: 'cdc' }] })
    const client = new DynamoDBClient(ship.clientConfig('dynamodb'))
    ship.faults.throttle({ kinesis: 1 })
    ship.faults.delay(3_600_000)
    await client.send(new PutItemCommand({ TableName: 'clients', Item: { id: { S: '1' } } }))
    client.destroy()
    await Promise.all([ship.close(), ship.close()])
    await expect(fetch(ship.endpoints.dynamodb)).rejects.toThrow()
  })

  it('starts no function once it is closed', async () => {
    const ship = await launch({ streams: ['s'] })
    await ship.close()
    const handler = fileURLToPath(import.meta.url)
    await expect(ship.lambda({ handler, stream: 's' })).rejects.toMatchObject({ code: 'local-closed' })
  })

  it('puts the record of a due schedule into its stream', async () => {
    await using ship = await launch({ streams: ['due'], timeScale: 10_000 })
    const scheduler = new SchedulerClient(ship.clientConfig('scheduler'))
    await scheduler.send(
      new CreateScheduleCommand({
        Name: 'reminder',
        ScheduleExpression: `at(${new Date(Date.now() + 60_000).toISOString().slice(0, 19)})`,
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: 'arn:aws:kinesis:us-east-1:000000000000:stream/due',
          RoleArn: 'arn:aws:iam::000000000000:role/scheduler',
          Input: '{"hello":"there"}',
          KinesisParameters: { PartitionKey: 'c-1' },
        },
      }),
    )
    scheduler.destroy()
    using kinesis = clientOf(ship.clientConfig('kinesis'))
    const shard = {
      StreamName: 'due',
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON' as const,
    }
    const { ShardIterator } = await kinesis.client.send(new GetShardIteratorCommand(shard))
    await vi.waitFor(
      async () => {
        const { Records } = await kinesis.client.send(new GetRecordsCommand({ ShardIterator }))
        expect(new TextDecoder().decode(Records?.[0]?.Data)).toBe('{"hello":"there"}')
      },
      { timeout: 10_000 },
    )
  })

  it('gives a schedule of a reactor its ticks', async () => {
    const windows: string[] = []
    const watch = reactor('watch').every('errors', { each: '1m', catchUp: 'all' }, ({ to }) => {
      windows.push(to.toISOString())
    })
    // A minute passes in a few milliseconds.
    await using ship = await launch({ streams: ['ticks'], timeScale: 10_000 })
    const scheduler = new SchedulerClient(ship.clientConfig('scheduler'))
    await scheduler.send(
      new CreateScheduleCommand({
        Name: 'watch-errors',
        ScheduleExpression: 'rate(1 minute)',
        EndDate: new Date(Date.now() + 4 * 60_000),
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: 'arn:aws:kinesis:us-east-1:000000000000:stream/ticks',
          RoleArn: 'arn:aws:iam::000000000000:role/scheduler',
          Input: tickEnvelope({ application: 'onboarding', route: 'watch/errors' }),
          KinesisParameters: { PartitionKey: 'watch/errors' },
        },
      }),
    )
    await vi.waitUntil(() => ship.scheduler.pending.length === 0)
    scheduler.destroy()

    using kinesis = clientOf(ship.clientConfig('kinesis'))
    const shard = {
      StreamName: 'ticks',
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON' as const,
    }
    const { ShardIterator } = await kinesis.client.send(new GetShardIteratorCommand(shard))
    const { Records = [] } = await kinesis.client.send(new GetRecordsCommand({ ShardIterator }))
    expect(Records.length).toBeGreaterThanOrEqual(4)
    // The ticks are minutes ahead of the system's clock, as everything is on a faster one.
    const clock = virtualClock(Date.now() + 3_600_000)
    const engine = createEngine({
      application: 'onboarding',
      reactors: [watch],
      state: memoryState({ clock }),
      deadLetters: memoryDeadLetters(),
      clock,
    })
    const delivery = await engine.open({ stream: 'ticks', shard: shard.ShardId, redelivers: 'none' })
    await delivery.push(
      Records.map(({ SequenceNumber = '', Data = new Uint8Array(), PartitionKey = '' }) => ({
        sequence: SequenceNumber,
        subSequence: 0,
        partitionKey: PartitionKey,
        data: Data,
        arrivedAt: new Date(clock.now()),
      })),
    )
    await delivery.settle(new Date(clock.now() + 60_000))
    expect(windows.length).toBeGreaterThanOrEqual(4)
    expect([...windows].sort()).toEqual(windows)
  })

  it('leaves nothing running when it fails half-way', async () => {
    await using first = await launch()
    const port = Number(new URL(first.endpoints.slack).port)
    await expect(launch({ ports: { slack: port } })).rejects.toMatchObject({ code: 'local-port' })
  })
})

function clientOf(config: KinesisClientConfig) {
  const client = new KinesisClient(config)
  return { client, [Symbol.dispose]: () => client.destroy() }
}

/** What is on the first shard of a stream, as JSON. */
async function recordsOn(config: KinesisClientConfig, StreamName: string): Promise<readonly unknown[]> {
  using kinesis = clientOf(config)
  const shard = { StreamName, ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' as const }
  const { ShardIterator } = await kinesis.client.send(new GetShardIteratorCommand(shard))
  const { Records = [] } = await kinesis.client.send(new GetRecordsCommand({ ShardIterator }))
  return Records.map(({ Data }) => JSON.parse(new TextDecoder().decode(Data)))
}
