/**
 * Owns the state table: one item per key, each write under a new random version.
 *
 * | attribute   | type | meaning                                                                    |
 * |-------------|------|----------------------------------------------------------------------------|
 * | `key`       | S    | partition key                                                              |
 * | `value`     | S    | the value as JSON                                                          |
 * | `version`   | S    | random, new with each write: compare-and-set is on it                      |
 * | `expiresAt` | N    | seconds since 1970: the table's TTL attribute, also checked when reading   |
 */

import { randomUUID } from 'node:crypto'
import {
  type AttributeValue,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { refuse } from '@spaceship/core'
import type { StateItem, StateStore, StateValue } from '@spaceship/core/ports'
import { nameOf, optionProblems } from '../aws/index.ts'
import { answered } from './call.ts'

export interface DynamoDBStateOptions {
  readonly client: DynamoDBClient
  /** A table with the string partition key `key`; see {@link createStateTable}. */
  readonly table: string
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

type Item = Record<string, AttributeValue>

/**
 * A StateStore in a DynamoDB table. Grant GetItem, PutItem and DeleteItem on it.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
 * const state = dynamodbState({ client: new DynamoDBClient(), table: 'spaceship-state' })
 */
export function dynamodbState({ client, table, now = Date.now }: DynamoDBStateOptions): StateStore {
  refuse('dynamodbState', optionProblems({ client, table }, 'DynamoDBClient'))
  const seconds = () => Math.floor(now() / 1_000)
  const itemOf = (item: Item | undefined) =>
    item === undefined || isExpired(item, seconds()) ? undefined : parse(item)

  async function get(key: string): Promise<StateItem | undefined> {
    const command = new GetItemCommand({ TableName: table, Key: { key: { S: key } }, ConsistentRead: true })
    return itemOf((await answered(client.send(command))).Item)
  }

  return {
    get,
    set: async (key, value, { expect, expiresAt }) => {
      const version = randomUUID()
      const item: Item = { key: { S: key }, value: { S: JSON.stringify(value) }, version: { S: version } }
      if (expiresAt !== undefined) item.expiresAt = { N: String(Math.ceil(expiresAt.getTime() / 1_000)) }
      const condition = expect === undefined ? absent(seconds()) : present(expect, seconds())
      const command = new PutItemCommand({
        TableName: table,
        Item: item,
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        ...condition,
      })
      try {
        await answered(client.send(command))
        return { ok: true, version }
      } catch (error) {
        if (nameOf(error) !== 'ConditionalCheckFailedException') throw error
        const { Item: old } = Object(error) as { Item?: Item }
        // Some emulators leave the item out of the failure.
        return { ok: false, current: old === undefined ? await get(key) : itemOf(old) }
      }
    },
    delete: async (key, version) => {
      const command = new DeleteItemCommand({
        TableName: table,
        Key: { key: { S: key } },
        ...present(version, seconds()),
      })
      try {
        await answered(client.send(command))
        return true
      } catch (error) {
        if (nameOf(error) === 'ConditionalCheckFailedException') return false
        throw error
      }
    },
  }
}

function absent(now: number) {
  return {
    ConditionExpression: 'attribute_not_exists(#key) OR #expiresAt <= :now',
    ExpressionAttributeNames: { '#key': 'key', '#expiresAt': 'expiresAt' },
    ExpressionAttributeValues: { ':now': { N: String(now) } },
  }
}

function present(version: string, now: number) {
  return {
    ConditionExpression: '#version = :version AND (attribute_not_exists(#expiresAt) OR #expiresAt > :now)',
    ExpressionAttributeNames: { '#version': 'version', '#expiresAt': 'expiresAt' },
    ExpressionAttributeValues: { ':version': { S: version }, ':now': { N: String(now) } },
  }
}

function isExpired(item: Item, now: number): boolean {
  return item.expiresAt?.N !== undefined && Number(item.expiresAt.N) <= now
}

function parse(item: Item): StateItem {
  // Written by `set` alone, as the JSON of a StateValue.
  return { value: JSON.parse(item.value?.S ?? '{}') as StateValue, version: item.version?.S ?? '' }
}
