/** Owns what tests of whole workers share: an embedded ship with one table on one stream, pods on demand, and answers that can be bent. */

import { DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { entity, type Reactor } from '@spaceship/core'
import { memoryDeadLetters, memoryState } from '@spaceship/core/memory'
import type { DeadLetter } from '@spaceship/core/ports'
import { launch, type Spaceship } from '@spaceship/local'
import * as z from 'zod'
import { emulators } from '../../local/test/emulators.ts'
import { type Worker, type WorkerOptions, worker } from '../src/index.ts'

export const Item = entity('item', { table: 'items', key: 'id', schema: z.looseObject({ id: z.string() }) })
export const saved = Item.saved('item.saved')

export interface Bent {
  /** Throws in place of an answer. */
  fail?: (
    operation: string,
    input: Readonly<Record<string, unknown>>,
  ) => Error | undefined | Promise<Error | undefined>
  /** Changes an answer, or loses it: what was asked for is done. */
  after?: (
    operation: string,
    output: Record<string, unknown>,
    input: Readonly<Record<string, unknown>>,
  ) => void | Promise<void>
}

export interface Line {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Pods extends AsyncDisposable {
  readonly ship: Spaceship
  readonly kinesis: KinesisClient
  readonly dynamodb: DynamoDBClient
  readonly bent: Bent
  readonly lines: readonly Line[]
  pod(reactors: Reactor | readonly Reactor[], more?: Partial<WorkerOptions>): Worker
  put(...ids: string[]): Promise<void>
  letters(): readonly DeadLetter[]
  leases(table?: string): Promise<Array<{ shard: string; checkpoint: string; owner: string | undefined }>>
}

export async function podsOnShip(shards = 1): Promise<Pods> {
  const ship = await launch({
    emulators,
    tables: [{ name: 'items', key: 'id', stream: 'cdc' }],
    streams: [{ name: 'cdc', shards }],
  })
  const bent: Bent = {}
  const kinesis = new KinesisClient({ ...ship.clientConfig('kinesis'), maxAttempts: 1 })
  const dynamodb = new DynamoDBClient({ ...ship.clientConfig('dynamodb'), maxAttempts: 1 })
  for (const client of [kinesis, dynamodb]) bend(client, bent)
  const lines: Line[] = []
  const hear =
    (level: Line['level']) =>
    (message: string, fields: Line['fields'] = {}) =>
      void lines.push({ level, message, fields })
  const logger = { debug: () => {}, info: hear('info'), warn: hear('warn'), error: hear('error') }
  const state = memoryState()
  const deadLetters = memoryDeadLetters()
  return {
    ship,
    kinesis,
    dynamodb,
    bent,
    lines,
    pod: (reactors, more = {}) =>
      worker(Array.isArray(reactors) ? reactors : [reactors], {
        application: 'app',
        streams: ['cdc'],
        state,
        deadLetters,
        kinesis,
        dynamodb,
        logger,
        leases: { failover: '1s' },
        poll: { interval: '200ms' },
        shardSync: '500ms',
        ...more,
      }),
    put: async (...ids) => {
      for (const id of ids)
        await dynamodb.send(new PutItemCommand({ TableName: 'items', Item: { id: { S: id } } }))
      await ship.settled()
    },
    letters: () => deadLetters.letters,
    leases: async (table = 'app') => {
      const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: table }))
      return Items.map((item) => ({
        shard: item.leaseKey?.S?.replace(/^.*:/, '') ?? '',
        checkpoint: item.checkpoint?.S ?? '',
        owner: item.leaseOwner?.S,
      }))
    },
    [Symbol.asyncDispose]: async () => {
      kinesis.destroy()
      dynamodb.destroy()
      await ship.close()
    },
  }
}

/** Both clients have a stack of this shape; their types name their own commands. */
function bend({ middlewareStack }: { readonly middlewareStack: unknown }, bent: Bent): void {
  const stack = middlewareStack as KinesisClient['middlewareStack']
  stack.add(
    (next, context) => async (args) => {
      const operation = String(context.commandName).replace('Command', '')
      const failure = await bent.fail?.(operation, Object(args.input))
      if (failure !== undefined) throw failure
      const answer = await next(args)
      await bent.after?.(operation, Object(answer.output), Object(args.input))
      return answer
    },
    { step: 'initialize' },
  )
}

/** From now on: which shard a GetRecords of the pods is of, by its input. */
export function shardsOfReads({ bent }: Pods): (input: Readonly<Record<string, unknown>>) => unknown {
  const shards = new Map<unknown, unknown>()
  bent.after = (operation, output, input) => {
    if (operation === 'GetShardIterator') shards.set(output.ShardIterator, input.ShardId)
    if (operation === 'GetRecords') shards.set(output.NextShardIterator, shards.get(input.ShardIterator))
  }
  return ({ ShardIterator }) => shards.get(ShardIterator)
}

/** As the SDK throws what a service answers. */
export function refusal(name: string, message = name): Error {
  return Object.assign(new Error(message), { name, $fault: 'client', $metadata: { httpStatusCode: 400 } })
}
