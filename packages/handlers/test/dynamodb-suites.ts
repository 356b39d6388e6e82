/** Owns what every DynamoDB must let our adapters do: the ports' suites, to be run against one server or another. */

import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { marshal } from '@spaceship/core'
import {
  deadLettersCases,
  deadLettersOutageCases,
  entityReaderCases,
  entityReaderOutageCases,
  entityTables,
  stateStoreCases,
  stateStoreExpiryCases,
  stateStoreListCases,
  stateStoreListOutageCases,
  stateStoreOutageCases,
  timelineCases,
  timelineOutageCases,
} from '@spaceship/core/conformance'
import { stateTimeline } from '@spaceship/core/embedded'
import { describe, expect, test } from 'vitest'
import {
  createStateTable,
  type DynamoDBStateOptions,
  dynamodbDeadLetters,
  dynamodbEntities,
  dynamodbState,
} from '../src/dynamodb/index.ts'

export interface Server {
  readonly client: DynamoDBClient
  /** A client whose backend is out: nothing listens there, and nothing is tried again. */
  readonly lost: DynamoDBClient
}

export const TABLE = 'state'
const SORTED = 'state-sorted'

export async function createTables({ client }: Server): Promise<void> {
  await createStateTable({ client, table: TABLE })
  await createStateTable({ client, table: SORTED, sorted: true })
  for (const { name, key } of entityTables) {
    const attributes = Object.entries(key)
    await client.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: attributes.map(([AttributeName, AttributeType]) => ({
          AttributeName,
          AttributeType,
        })),
        KeySchema: attributes.map(([AttributeName], n) => ({
          AttributeName,
          KeyType: n === 0 ? 'HASH' : 'RANGE',
        })),
      }),
    )
  }
}

export function stateSuite(
  server: () => Server,
  options: Pick<DynamoDBStateOptions, 'batched' | 'sorted'> = {},
): void {
  const { sorted = false } = options
  const table = sorted ? SORTED : TABLE
  const store = () => dynamodbState({ client: server().client, table, ...options })
  for (const { name, run } of [...stateStoreCases, ...(sorted ? stateStoreListCases : [])])
    test(name, () => run(store()))
  for (const { name, run } of [...stateStoreOutageCases, ...(sorted ? stateStoreListOutageCases : [])])
    test(name, () => run(dynamodbState({ client: server().lost, table, ...options })))
  for (const { name, run } of stateStoreExpiryCases) {
    test(name, () => {
      let moment = Date.now()
      const now = () => moment
      const advance = async (ms: number) => {
        moment += ms
      }
      return run({ store: dynamodbState({ client: server().client, table, now, ...options }), now, advance })
    })
  }
  test('a store says from the start on whether it can list', () => expect('list' in store()).toBe(sorted))
}

function lettersSuite(server: () => Server, options: { readonly sorted?: boolean } = {}): void {
  const table = options.sorted ? SORTED : TABLE
  for (const { name, run } of deadLettersCases)
    test(name, () => run(dynamodbDeadLetters({ client: server().client, table, ...options })))
  for (const { name, run } of deadLettersOutageCases)
    test(name, () => run(dynamodbDeadLetters({ client: server().lost, table, ...options })))
}

/** Everything but what a server of its own is needed for. */
export function adapterSuites(server: () => Server): void {
  describe('dynamodbState', () => stateSuite(server))
  describe('dynamodbState in a sorted table', () => stateSuite(server, { sorted: true }))
  describe('stateTimeline in a sorted table', () => {
    for (const { name, run } of timelineCases)
      test(name, () => {
        const state = dynamodbState({ client: server().client, table: SORTED, sorted: true })
        const timeline = stateTimeline({ application: crypto.randomUUID(), state })
        return run({ timeline, now: Date.now, many: 60 })
      })
    for (const { name, run } of timelineOutageCases)
      test(name, () => {
        const state = dynamodbState({ client: server().lost, table: SORTED, sorted: true })
        return run(stateTimeline({ application: 'a', state }))
      })
  })
  describe('dynamodbDeadLetters', () => lettersSuite(server))
  describe('dynamodbDeadLetters in a sorted table', () => lettersSuite(server, { sorted: true }))

  describe('dynamodbEntities', () => {
    for (const { name, run } of entityReaderCases) {
      test(name, () => {
        const { client } = server()
        return run({
          reader: dynamodbEntities({ client }),
          write: async (TableName, row) => {
            await client.send(new PutItemCommand({ TableName, Item: attributes(row) }))
          },
          remove: async (TableName, key) => {
            await client.send(new DeleteItemCommand({ TableName, Key: attributes(key) }))
          },
        })
      })
    }
    test('a check finds a table by the names of its keys, whatever their types, and tells other names', async () => {
      const reader = dynamodbEntities({ client: server().client })
      const tables = entityTables.map(({ name, key }) => ({ table: name, key: Object.keys(key) }))
      await reader.check?.(tables)
      for (const { table, key } of tables) {
        for (const other of [[...key, 'more'], key.slice(1), ['other', ...key.slice(1)]]) {
          if (other.length === 0 || other.length > 2) continue
          await expect(reader.check?.([{ table, key: other }])).rejects.toMatchObject({
            code: 'unavailable',
            setup: { reason: 'not-found', resource: `table '${table}'` },
            message: expect.stringContaining(
              `is not keyed by ${other.map((name) => `'${name}'`).join(' and ')}`,
            ),
          })
        }
      }
    })
    for (const { name, run } of entityReaderOutageCases)
      test(name, () => run(dynamodbEntities({ client: server().lost })))
  })

  test('creating the state table again is fine', () =>
    createStateTable({ client: server().client, table: TABLE }))

  test('a table that is keyed otherwise than its option says is told, with what to do', async () => {
    const { client } = server()
    for (const [table, sorted] of [
      [TABLE, true],
      [SORTED, false],
    ] as const) {
      const store = dynamodbState({ client, table, sorted })
      const letters = dynamodbDeadLetters({ client, table, sorted })
      const refusal = {
        code: 'unavailable',
        setup: { reason: 'not-found', resource: `table '${table}'` },
        message: expect.stringMatching(`^the table '${table}' is not keyed by .*'sorted`),
      }
      await expect(store.get('a')).rejects.toMatchObject(refusal)
      await expect(store.delete('a', 'v')).rejects.toMatchObject(refusal)
      await expect(letters.get('a')).rejects.toMatchObject(refusal)
      if (!sorted) await expect(store.set('a', {}, { expect: undefined })).rejects.toMatchObject(refusal)
      else await expect(store.list?.('a//')).rejects.toMatchObject(refusal)
    }
  })

  test('in a sorted table a collection is a partition, and any other key one of its own', async () => {
    const { client } = server()
    const store = dynamodbState({ client, table: SORTED, sorted: true })
    const id = crypto.randomUUID()
    const keys = { [`${id}/07//lane`]: [`${id}/07`, '/lane'], [`${id}/https://x`]: [`${id}/https://x`, '-'] }
    for (const [key, [partition = '', sort = '']] of Object.entries(keys)) {
      await store.set(key, { n: 1 }, { expect: undefined })
      const Key = { key: { S: partition }, sort: { S: sort } }
      const { Item } = await client.send(new GetItemCommand({ TableName: SORTED, Key }))
      expect(Item?.value).toEqual({ S: '{"n":1}' })
    }
  })
}

function attributes(row: Readonly<Record<string, unknown>>): Record<string, AttributeValue> {
  // What marshal writes is DynamoDB JSON, which is what the SDK calls an AttributeValue.
  return marshal(row) as unknown as Record<string, AttributeValue>
}
