/** Owns the StateStore: what each of its methods asks DynamoDB, one request each; `batches.ts` is for more at once. */

import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb'
import { bare, callable, check, flag, type ShapesOf } from '@spaceship/core/adapter'
import {
  type Clock,
  checkStateKey,
  listedPrefix,
  type SetResult,
  type StatePage,
  type StateStore,
  systemClock,
} from '@spaceship/core/ports'
import { nameOf } from '../aws/index.ts'
import { createBatches } from './batches.ts'
import { createAnswered } from './call.ts'
import {
  absent,
  type Item,
  primaryKey,
  readItem,
  refusal,
  sortOf,
  TABLE,
  type Write,
  writeOf,
} from './item.ts'
import { createServiceClock } from './service-clock.ts'
import { ensureStateTable } from './table.ts'

/** Items that a page of `list` has at most; DynamoDB ends one at 1 MB, too. */
const PAGE = 1_000

export interface DynamoDBStateOptions {
  readonly client: DynamoDBClient
  /** A table with the string partition key `key`, and with `sorted` the string sort key `sort`; see {@link createStateTable}. */
  readonly table: string
  /**
   * Says that the table has the sort key `sort`. Only then the store has `list`; everything else works in either table. A table's
   * keys cannot be changed: state that is to be kept stays in its table, without this option.
   *
   * @default false
   */
  readonly sorted?: boolean
  /**
   * Sends the `set`s that come within 2 ms of each other as one request, up to 25 of them: for `claim` routes with many
   * records in flight, whose two writes each are then 2 / 25 of a request. Each write keeps its condition and its answer, and
   * costs the capacity that it costs alone; one that stays alone goes out as without this option. In exchange each waits up
   * to 2 ms longer. Needs the actions `dynamodb:PartiQLInsert` and `dynamodb:PartiQLUpdate`, and a table of the client's own
   * account, by name. Set `concurrency` to 25 or more: no more records than that are in flight, and so in a batch.
   *
   * @default false
   */
  readonly batched?: boolean
  /**
   * Lets the check at the start of a process make the table, and its time to live, if it is missing.
   *
   * @default on the embedded spaceship only
   */
  readonly create?: boolean
  /** This process's clock, in milliseconds since 1970; what DynamoDB's answers tell of theirs corrects it. @default Date.now */
  readonly now?: () => number
  /** How the 2 ms of `batched` pass: for tests. @default a timer */
  readonly sleep?: Clock['sleep']
}

export const STATE = {
  options: bare({
    ...TABLE,
    batched: flag,
    create: flag,
    now: callable,
    sleep: callable,
  } satisfies ShapesOf<DynamoDBStateOptions>),
}

/**
 * A StateStore in a DynamoDB table. Grant GetItem, PutItem and DeleteItem on it, with `sorted` Query, and with `batched`
 * PartiQLInsert and PartiQLUpdate.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
 * const state = dynamodbState({ client: new DynamoDBClient(), table: 'spaceship-state', sorted: true })
 */
export function dynamodbState(options: DynamoDBStateOptions): StateStore {
  check('dynamodbState', STATE, { options }, () => batchedProblems(options))
  const {
    client,
    table,
    sorted = false,
    batched = false,
    create,
    now = Date.now,
    sleep = systemClock.sleep,
  } = options
  const answered = createAnswered(table, sorted)
  const service = createServiceClock(now)
  const seconds = () => Math.floor(service.now() / 1_000)
  const { heard } = service
  const batches = batched ? createBatches({ client, table, seconds, sleep, heard }) : undefined

  async function read(key: string): Promise<Item | undefined> {
    const Key = primaryKey(key, { sorted })
    const command = new GetItemCommand({ TableName: table, Key, ConsistentRead: true })
    return (await answered('GetItem', client.send(heard(command)))).Item
  }

  async function put(write: Write): Promise<SetResult> {
    const { key, primary, value, version, expect, expiresAt } = write
    const item: Item = { ...primary, value: { S: value }, version: { S: version } }
    if (expiresAt !== undefined) item.expiresAt = { N: expiresAt }
    const condition = expect === undefined ? absent(seconds()) : present(expect, seconds())
    const command = new PutItemCommand({
      TableName: table,
      Item: item,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      ...condition,
    })
    try {
      await answered('PutItem', client.send(heard(command)))
      return { ok: true, version }
    } catch (error) {
      if (nameOf(error) !== 'ConditionalCheckFailedException') throw error
      const { Item: there } = Object(error) as { Item?: Item }
      // Some emulators leave the item out of the failure.
      return refusal(write, there ?? (await read(key)), seconds())
    }
  }

  async function list(prefix: string, cursor?: string): Promise<StatePage> {
    const { collection, member } = listedPrefix(prefix)
    checkStateKey(prefix)
    const head = prefix.slice(0, prefix.length - member.length)
    const command = new QueryCommand({
      TableName: table,
      ConsistentRead: true,
      Limit: PAGE,
      KeyConditionExpression: '#key = :key AND begins_with(#sort, :sort)',
      FilterExpression: 'attribute_not_exists(#expiresAt) OR #expiresAt > :now',
      ExpressionAttributeNames: { '#key': 'key', '#sort': 'sort', '#expiresAt': 'expiresAt' },
      ExpressionAttributeValues: {
        ':key': { S: collection },
        ':sort': { S: sortOf(member) },
        ':now': { N: String(seconds()) },
      },
      ...(cursor === undefined ? {} : { ExclusiveStartKey: { key: { S: collection }, sort: { S: cursor } } }),
    })
    const { Items = [], LastEvaluatedKey: last } = await answered('Query', client.send(heard(command)))
    const items = Items.flatMap((item) => {
      const found = readItem(item, seconds())
      return found === undefined ? [] : [{ key: head + (item.sort?.S ?? '').slice(1), item: found }]
    })
    return { items, cursor: last?.sort?.S }
  }

  const store: StateStore = {
    ...(sorted ? { list } : {}),
    get: async (key) => readItem(await read(key), seconds()),
    set: async (key, value, setOptions) => {
      const write = writeOf(key, value, setOptions, { sorted })
      return (await batches?.set(write)) ?? put(write)
    },
    delete: async (key, version) => {
      const command = new DeleteItemCommand({
        TableName: table,
        Key: primaryKey(key, { sorted }),
        ...present(version, seconds()),
      })
      try {
        await answered('DeleteItem', client.send(heard(command)))
        return true
      } catch (error) {
        if (nameOf(error) === 'ConditionalCheckFailedException') return false
        throw error
      }
    },
    clockOffset: service.offset,
    check: async () => {
      const probe = () => probeStore(store, { batched, now: service.now })
      return ensureStateTable({ client, table, sorted, create, probe })
    },
  }
  return store
}

/** A moment in which an item that a probe could not remove goes by itself. */
const PROBED = 60_000

/** Each method once, on items that nobody else names. Two writes at a time go out as a batch, where writes are batched. */
async function probeStore(
  store: StateStore,
  { batched, now }: { readonly batched: boolean; readonly now: () => number },
): Promise<void> {
  const keys = (batched ? ['a', 'b'] : ['a']).map((part) => `spaceship/check//${crypto.randomUUID()}/${part}`)
  // Answered before anything is written: from then on it is known what time it is there.
  for (const key of keys) await store.get(key)
  const expiresAt = new Date(now() + PROBED)
  const written = await Promise.all(keys.map((key) => store.set(key, {}, { expect: undefined, expiresAt })))
  for (const [n, key] of keys.entries()) {
    await store.list?.(key)
    const result = written[n]
    if (result?.ok) await store.delete(key, result.version)
  }
}

/** PartiQL reaches no table of another account, and takes an ARN for the name of a table that is missing. */
function batchedProblems(options: DynamoDBStateOptions): string[] {
  const { batched, table } = Object(options)
  const named = batched !== true || typeof table !== 'string' || /^[\w.-]*$/.test(table)
  return named
    ? []
    : [`'table' is '${table}': expected the table's name, not an ARN, since 'batched' is true`]
}

function present(version: string, now: number) {
  return {
    ConditionExpression: '#version = :version AND (attribute_not_exists(#expiresAt) OR #expiresAt > :now)',
    ExpressionAttributeNames: { '#version': 'version', '#expiresAt': 'expiresAt' },
    ExpressionAttributeValues: { ':version': { S: version }, ':now': { N: String(now) } },
  }
}
