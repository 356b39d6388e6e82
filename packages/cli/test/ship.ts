/** Owns an embedded ship for tests of commands, where `dev` would have it: announced in the project's folder. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { unmarshal } from '@spaceship/core'
import type { DeadLetters } from '@spaceship/core/ports'
import { createStateTable, dynamodbDeadLetters } from '@spaceship/handlers/dynamodb'
import { type LaunchOptions, launch } from '@spaceship/local'
import { emulators } from '../../local/test/emulators.ts'
import { announce } from '../src/ship/index.ts'
import type { TestProject } from './project.ts'

export interface TestShip extends AsyncDisposable {
  readonly environment: Readonly<Record<string, string>>
  readonly letters: DeadLetters
  row(table: string, key: Readonly<Record<string, string>>): Promise<unknown>
  /** What is on the stream, as JSON. */
  records(): Promise<readonly Record<string, unknown>[]>
}

export async function shipFor({ root }: TestProject, options: LaunchOptions = {}): Promise<TestShip> {
  const ship = await launch({
    emulators,
    tables: [{ name: 'clients', key: 'id', stream: 'cdc' }],
    streams: ['cdc'],
    ...options,
  })
  const folder = join(root, '.spaceship')
  mkdirSync(folder, { recursive: true })
  const { environment } = ship
  const withdraw = announce({ folder }, { pid: process.pid, application: 'greeter', environment })
  const client = new DynamoDBClient(ship.clientConfig('dynamodb'))
  const kinesis = new KinesisClient(ship.clientConfig('kinesis'))
  const state = { client, table: 'greeter-state', sorted: true }
  await createStateTable(state)
  return {
    environment,
    letters: dynamodbDeadLetters(state),
    row: async (TableName, key) => {
      const Key = Object.fromEntries(Object.entries(key).map(([name, S]) => [name, { S }]))
      const { Item } = await client.send(new GetItemCommand({ TableName, Key }))
      // The SDK's attributes are DynamoDB's.
      return Item === undefined ? undefined : unmarshal(Item as never)
    },
    records: async () => {
      await ship.settled()
      const at = {
        StreamName: 'cdc',
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'TRIM_HORIZON',
      } as const
      const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(at))
      const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator }))
      return Records.map(({ Data }) => JSON.parse(new TextDecoder().decode(Data)))
    },
    [Symbol.asyncDispose]: async () => {
      withdraw()
      client.destroy()
      kinesis.destroy()
      await ship.close()
    },
  }
}
