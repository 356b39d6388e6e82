/** Owns what every DynamoDB must let our adapters do: the ports' suites, to be run against one server or another. */

import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { marshal } from '@spaceship/core'
import {
  deadLettersCases,
  deadLettersOrderCases,
  deadLettersOutageCases,
  entityReaderCases,
  entityReaderOutageCases,
  entityTables,
  referenceStoreCases,
  referenceStoreOutageCases,
  stateStoreCases,
  stateStoreExpiryCases,
  stateStoreListCases,
  stateStoreListOutageCases,
  stateStoreOutageCases,
  tableScannerCases,
  timelineCases,
  timelineOutageCases,
} from '@spaceship/core/conformance'
import { stateTimeline } from '@spaceship/core/embedded'
import type { DeadLetter, EntityReader } from '@spaceship/core/ports'
import { describe, expect, test } from 'vitest'
import {
  createStateTable,
  type DynamoDBEntitiesOptions,
  type DynamoDBStateOptions,
  dynamodbDeadLetters,
  dynamodbEntities,
  dynamodbReferences,
  dynamodbScanner,
  dynamodbState,
} from '../src/dynamodb/index.ts'
import { placed } from '../src/dynamodb/place.ts'
import { movedService } from './moved-service.ts'

export interface Server {
  readonly config: DynamoDBClientConfig
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
      let ahead = 0
      const now = () => Date.now() + ahead
      const advance = async (ms: number) => {
        ahead += ms
      }
      const client = movedService(server().config, () => ahead)
      return run({ store: dynamodbState({ client, table, now, ...options }), now, advance })
    })
  }
  test('a store says from the start on whether it can list', () => expect('list' in store()).toBe(sorted))
}

function lettersSuite(server: () => Server, options: { readonly sorted?: boolean } = {}): void {
  const table = options.sorted ? SORTED : TABLE
  for (const { name, run } of [...deadLettersCases, ...deadLettersOrderCases])
    test(name, () => run(dynamodbDeadLetters({ client: server().client, table, ...options })))
  for (const { name, run } of deadLettersOutageCases)
    test(name, () => run(dynamodbDeadLetters({ client: server().lost, table, ...options })))

  for (const [what, size] of [
    ['a part of whose bytes', 800_000],
    ['all of whose bytes', 1],
  ] as const)
    test(`a letter ${what} somebody has removed is told with its id, and stays`, async () => {
      const { client } = server()
      const letters = dynamodbDeadLetters({ client, table, ...options })
      const letter = letterOf({ data: new Uint8Array(size) })
      await letters.put(letter)
      const sort = options.sorted ? { sort: { S: '-' } } : {}
      const Key = { key: { S: placed('dead-letter', letter.id) }, ...sort }
      const { Item } = await client.send(new GetItemCommand({ TableName: table, Key }))
      if (Item?.token?.S === undefined) {
        const { data: _, ...rest } = Item ?? {}
        await client.send(new PutItemCommand({ TableName: table, Item: rest }))
      } else {
        const part = { key: { S: `${letter.application}/dead-letter-part/${Item.token.S}/1` }, ...sort }
        await client.send(new DeleteItemCommand({ TableName: table, Key: part }))
      }
      const told = { code: 'letter', message: expect.stringContaining(letter.id) }
      await expect(letters.get(letter.id)).rejects.toMatchObject(told)
      const listing = (async () => {
        for await (const _ of letters.list(letter.application)) {
          // Until that one.
        }
      })()
      await expect(listing).rejects.toMatchObject(told)
      expect((await client.send(new GetItemCommand({ TableName: table, Key }))).Item).toBeDefined()
      await letters.remove(letter.id)
      expect(await letters.get(letter.id)).toBeUndefined()
    })
}

function letterOf(part: Pick<DeadLetter, 'data'>): DeadLetter {
  const application = crypto.randomUUID()
  return {
    ...{ id: `${application}/r/x/s/0/1/0`, application, reactor: 'r', route: 'x', lane: '', stream: 's' },
    ...{ reason: 'permanent', detail: 'd', attempts: 1, at: new Date(0), shard: '0', sequence: '1' },
    ...{ subSequence: 0, partitionKey: 'k', ...part },
  }
}

/** Beyond what every store of letters does: a sorted table is listed by queries. */
function letterIndexSuite(server: () => Server): void {
  const letters = () => dynamodbDeadLetters({ client: server().client, table: SORTED, sorted: true })
  const listed = async (application: string) => {
    const ids: string[] = []
    for await (const { id } of letters().list(application)) ids.push(id)
    return ids
  }
  const letter = (application: string, n: number) => ({
    ...{ id: `${application}/r/x/s/0/${n}/0`, application, reactor: 'r', route: 'x', lane: '' },
    ...{ reason: 'permanent' as const, detail: 'd', attempts: 1, at: new Date(n * 1_000), stream: 's' },
    ...{ shard: '0', sequence: String(n), subSequence: 0, partitionKey: 'k', data: new Uint8Array([1]) },
  })

  test('letters that an earlier build wrote are found, and those of which an owner died half-way', async () => {
    const application = crypto.randomUUID()
    for (const n of [3, 1, 2]) await letters().put(letter(application, n))
    // As an earlier build left them, or a death after the header: without the item that a query finds.
    const { client } = server()
    const key = (n: number) => ({ id: letter(application, n).id })
    for (let bucket = 0; bucket < 8; bucket += 1)
      for (const n of [1, 2, 3]) {
        const sort = `${letter(application, n).at.toISOString()}/${key(n).id}`
        const Key = { key: { S: `${application}/dead-letter-of/${bucket}` }, sort: { S: sort } }
        await client.send(new DeleteItemCommand({ TableName: SORTED, Key }))
      }
    expect(await listed(application)).toEqual([1, 2, 3].map((n) => key(n).id))
    // From then on they are found by queries alone: one without its item is put again by whoever had it in hand.
    const Key = { key: { S: placed('dead-letter', key(2).id) }, sort: { S: '-' } }
    await client.send(new DeleteItemCommand({ TableName: SORTED, Key }))
    expect(await listed(application)).toEqual([1, 3].map((n) => key(n).id))
    await letters().put({ ...letter(application, 2), at: new Date(9_000) })
    expect(await listed(application)).toEqual([1, 3, 2].map((n) => key(n).id))
  })

  test('a list of many holds none of those that it has passed: no page follows before it is asked for', async () => {
    const application = crypto.randomUUID()
    for (let n = 0; n < 30; n += 1) await letters().put(letter(application, n))
    let queries = 0
    const counting = {
      send: (command: { readonly constructor: { readonly name: string } }) => {
        if (command.constructor.name === 'GetItemCommand') queries += 1
        return server().client.send(command as never)
      },
    }
    // A client of which `send` alone is used.
    const client = counting as unknown as DynamoDBClient
    const some = dynamodbDeadLetters({ client, table: SORTED, sorted: true })
      .list(application)
      [Symbol.asyncIterator]()
    await some.next()
    const before = queries
    await some.next()
    expect(queries - before).toBe(1)
    await some.return?.()
  })
}

function referencesSuite(server: () => Server, options: { readonly sorted?: boolean } = {}): void {
  const table = options.sorted ? SORTED : TABLE
  for (const { name, run } of referenceStoreCases)
    test(name, () => {
      let moment = Date.now()
      const now = () => moment
      const advance = async (ms: number) => {
        moment += ms
      }
      const store = dynamodbReferences({ client: server().client, table, now, ...options })
      return run({ store, advance, resolution: 1_000 })
    })
  for (const { name, run } of referenceStoreOutageCases)
    test(name, () => run(dynamodbReferences({ client: server().lost, table, ...options })))

  test('what is over is absent and can be added again, although the table still has it', async () => {
    const { client } = server()
    let moment = Date.now()
    const store = dynamodbReferences({ client, table, now: () => moment, ...options })
    const id = crypto.randomUUID()
    await store.set(id, 'old', 60_000)
    moment += 61_000
    const sort = options.sorted ? { sort: { S: '-' } } : {}
    const command = new GetItemCommand({
      TableName: table,
      Key: { key: { S: placed('reference', id) }, ...sort },
    })
    expect((await client.send(command)).Item?.reference).toEqual({ S: 'old' })
    expect(await store.get(id)).toBeUndefined()
    expect(await store.add(id, 'new', 60_000)).toBe(true)
    expect(await store.get(id)).toBe('new')
  })

  test('references share a table with state, and with references of another prefix', async () => {
    const { client } = server()
    const [one, other] = ['one/', 'other/'].map((prefix) =>
      dynamodbReferences({ client, table, prefix, ...options }),
    )
    const state = dynamodbState({ client, table, ...options })
    const id = crypto.randomUUID()
    await one?.set(id, 'one', 60_000)
    await other?.set(id, 'other', 60_000)
    await state.set(id, { n: 1 }, { expect: undefined })
    expect([await one?.get(id), await other?.get(id)]).toEqual(['one', 'other'])
    await one?.delete(id)
    expect([await one?.get(id), await other?.get(id)]).toEqual([undefined, 'other'])
    expect((await state.get(id))?.value).toEqual({ n: 1 })
  })

  test('an add whose answer was lost, and which the client has sent again, has added', async () => {
    const { client } = server()
    const id = crypto.randomUUID()
    const twice = {
      send: async (command: PutItemCommand) => {
        await client.send(command)
        return client.send(command)
      },
    }
    // A client of which `send` alone is used.
    const store = dynamodbReferences({ client: twice as unknown as DynamoDBClient, table, ...options })
    expect(await store.add(id, 'mine', 60_000)).toBe(true)
    expect(await store.add(id, 'again', 60_000)).toBe(false)
    expect(await store.get(id)).toBe('mine')
  })

  test('its check leaves nothing behind', () =>
    dynamodbReferences({ client: server().client, table, ...options }).check?.())
}

function scannerSuite(server: () => Server): void {
  // Of the partition key `id`, a text.
  const table = 'conformance-text'
  for (const { name, run } of tableScannerCases)
    test(name, () => {
      const { client } = server()
      const put = async (item: object) =>
        void (await client.send(new PutItemCommand({ TableName: table, Item: attributes({ ...item }) })))
      const remove = async (id: string) =>
        void (await client.send(new DeleteItemCommand({ TableName: table, Key: { id: { S: id } } })))
      return run({ scanner: dynamodbScanner({ client }), table, put, remove })
    })

  test('what is out is told as an outage, and a table that is missing by its name', async () => {
    const page = (client: DynamoDBClient, name: string) =>
      dynamodbScanner({ client }).page(name, { segment: 0, segments: 1, limit: 1 })
    await expect(page(server().lost, table)).rejects.toMatchObject({ code: 'unavailable', setup: undefined })
    await expect(page(server().client, 'nowhere')).rejects.toMatchObject({
      setup: { reason: 'not-found', resource: expect.stringContaining('nowhere') },
    })
    expect(await dynamodbScanner({ client: server().client }).size(table)).toEqual(expect.any(Number))
  })
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
  describe('dynamodbDeadLetters in a sorted table', () => {
    lettersSuite(server, { sorted: true })
    letterIndexSuite(server)
  })

  describe('dynamodbScanner', () => scannerSuite(server))

  describe('dynamodbReferences', () => referencesSuite(server))
  describe('dynamodbReferences in a sorted table', () => referencesSuite(server, { sorted: true }))

  describe('dynamodbEntities', () => {
    const whole: DynamoDBEntitiesOptions['attributes'] = {
      // All attributes that the cases look at: the rows are the same as without it.
      'conformance-text': [
        ...['id', 'name', 'empty', 'seats', 'rate', 'active', 'nothing', 'raw', 'tags', 'sizes', 'list'],
        ...['address', 'total', 'n'],
      ],
      'conformance-composite': ['at', 'n'],
      'conformance-binary': ['n'],
    }
    const readers = [undefined, whole].flatMap((attributes) =>
      entityReaderCases.map(({ name, run }) => ({ name, run, attributes })),
    )
    for (const { name, run, attributes: projected } of readers) {
      test(`${name}${projected === undefined ? '' : ', of the attributes that are named'}`, () => {
        const { client } = server()
        return run({
          reader: dynamodbEntities({ client, ...(projected && { attributes: projected }) }),
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
    test('of a table whose attributes are named only they are read, and the key: also reserved words, and names with dots', async () => {
      const { client } = server()
      const address = { city: 'Köln', zip: '50667' }
      const row = { client: crypto.randomUUID(), no: 1, status: 'paid', 'address.city': 'Bonn', address }
      const other = { id: crypto.randomUUID(), status: 'paid', note: 'whole' }
      await client.send(new PutItemCommand({ TableName: 'conformance-composite', Item: attributes(row) }))
      await client.send(new PutItemCommand({ TableName: 'conformance-text', Item: attributes(other) }))
      const read = (names: readonly string[]) =>
        dynamodbEntities({ client, attributes: { 'conformance-composite': names } })
      const { client: id, no } = row
      const ofRow = (reader: EntityReader) => reader.read('conformance-composite', { client: id, no })
      expect(await ofRow(read(['status', 'no', 'status']))).toEqual({ client: id, no, status: 'paid' })
      expect(await ofRow(read(['address.city']))).toEqual({ client: id, no, 'address.city': 'Bonn' })
      expect(await ofRow(read(['address']))).toEqual({ client: id, no, address })
      expect(await ofRow(read(['none']))).toEqual({ client: id, no })
      expect(await read(['status']).read('conformance-text', { id: other.id })).toEqual(other)
      expect(await read(['status']).read('conformance-composite', { client: id, no: 2 })).toBeUndefined()
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
      const references = dynamodbReferences({ client, table, sorted })
      const refusal = {
        code: 'unavailable',
        setup: { reason: 'not-found', resource: `table '${table}'` },
        message: expect.stringMatching(`^the table '${table}' is not keyed by .*'sorted`),
      }
      await expect(store.get('a')).rejects.toMatchObject(refusal)
      await expect(store.delete('a', 'v')).rejects.toMatchObject(refusal)
      await expect(letters.get('a')).rejects.toMatchObject(refusal)
      await expect(references.get('a')).rejects.toMatchObject(refusal)
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
