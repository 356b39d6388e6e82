/**
 * Owns references in a DynamoDB table, for who has no cache: beside state and dead letters, or in a table of their own.
 *
 * | key                                               | attributes |
 * |---------------------------------------------------|------------|
 * | `APP/reference/<key without APP>`, or `PREFIXKEY` | `reference` S: the value; `version` S: random, new with each write; `expiresAt` N: seconds since 1970, rounded up |
 *
 * What is over is absent, although DynamoDB removes it later.
 */

import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { bare, callable, check, flag, like, type ShapesOf } from '@spaceship/core/adapter'
import { checkReference, checkReferenceKey, type ReferenceStore } from '@spaceship/core/ports'
import { nameOf } from '../aws/index.ts'
import { createAnswered } from './call.ts'
import { absent, type Item, isExpired, TABLE } from './item.ts'
import { placed } from './place.ts'
import { ensureStateTable } from './table.ts'

export interface DynamoDBReferencesOptions {
  readonly client: DynamoDBClient
  /** A table with the string partition key `key`: the state table will do. */
  readonly table: string
  /** Says that the table has the string sort key `sort`, too: then each item sorts under `-`. @default false */
  readonly sorted?: boolean
  /** Lets the check at the start of a process make the table, and its time to live, if it is missing. @default on the embedded spaceship only */
  readonly create?: boolean
  /** Before every key, to share a table. @default none: then `reference` stands behind the application, with which a key begins */
  readonly prefix?: string
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

export const REFERENCES = {
  options: bare({
    ...TABLE,
    create: flag,
    prefix: like(
      'a text of 1 to 200 characters',
      (prefix) => typeof prefix === 'string' && prefix.length >= 1 && prefix.length <= 200,
    ),
    now: callable,
  } satisfies ShapesOf<DynamoDBReferencesOptions>),
}

/**
 * A ReferenceStore in a DynamoDB table. Grant GetItem, PutItem and DeleteItem on it.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
 * const references = dynamodbReferences({ client: new DynamoDBClient(), table: 'spaceship-state', sorted: true })
 */
export function dynamodbReferences(options: DynamoDBReferencesOptions): ReferenceStore {
  check('dynamodbReferences', REFERENCES, { options })
  const { client, table, sorted = false, create, prefix, now = Date.now } = options
  const answered = createAnswered(table, sorted)
  const seconds = () => Math.floor(now() / 1_000)
  const keyOf = (key: string): Item => {
    checkReferenceKey(key)
    const place = prefix === undefined ? placed('reference', key) : prefix + key
    return { key: { S: place }, ...(sorted ? { sort: { S: '-' } } : {}) }
  }

  async function read(key: string): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: table, Key: keyOf(key), ConsistentRead: true })
    const { Item: item } = await answered('GetItem', client.send(command))
    return item === undefined || isExpired(item, seconds()) ? undefined : item
  }

  const itemOf = (key: string, value: string, ttl: number): Item => {
    checkReference(key, value, ttl)
    return {
      ...keyOf(key),
      reference: { S: value },
      version: { S: crypto.randomUUID() },
      expiresAt: { N: String(Math.ceil((now() + ttl) / 1_000)) },
    }
  }

  const store: ReferenceStore = {
    add: async (key, value, ttl) => {
      const item = itemOf(key, value, ttl)
      const command = new PutItemCommand({
        TableName: table,
        Item: item,
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        ...absent(seconds()),
      })
      try {
        await answered('PutItem', client.send(command))
        return true
      } catch (error) {
        if (nameOf(error) !== 'ConditionalCheckFailedException') throw error
        // The SDK puts what is in the way into its error.
        const { Item: there } = Object(error) as { Item?: Item }
        // A request is repeated if its answer was lost: then what is in the way is this very one. Some emulators leave it out.
        return (there ?? (await read(key)))?.version?.S === item.version?.S
      }
    },
    get: async (key) => (await read(key))?.reference?.S,
    set: async (key, value, ttl) => {
      const command = new PutItemCommand({ TableName: table, Item: itemOf(key, value, ttl) })
      await answered('PutItem', client.send(command))
    },
    delete: async (key) => {
      await answered('DeleteItem', client.send(new DeleteItemCommand({ TableName: table, Key: keyOf(key) })))
    },
    check: async () => {
      await ensureStateTable({ client, table, sorted, create, probe: () => probeReferences(store) })
    },
  }
  return store
}

/** Each method once, on an item that nobody else names; a minute later it goes by itself if it could not be removed. */
async function probeReferences(store: ReferenceStore): Promise<void> {
  const key = `spaceship-check/${crypto.randomUUID()}`
  await store.add(key, '', 60_000)
  await store.get(key)
  await store.delete(key)
}
