import { type AttributeValue, type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { Permanent, unmarshal } from '@spaceship/core'
import { bare, check } from '@spaceship/core/adapter'
import type { EntityReader } from '@spaceship/core/ports'
import { aboutTable, answered, keyedOtherwise } from './call.ts'
import { TABLE } from './item.ts'

export const ENTITIES = { options: bare({ client: TABLE.client }) }

/**
 * Reads rows with strong consistency. Grant GetItem on the tables whose rows reminders look at.
 *
 * @throws ConfigurationError if there is no client
 * @example
 * import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
 * const entities = dynamodbEntities({ client: new DynamoDBClient() })
 */
export function dynamodbEntities(options: { readonly client: DynamoDBClient }): EntityReader {
  check('dynamodbEntities', ENTITIES, { options })
  const { client } = options
  return {
    read: async (table, key, numbers) => {
      const Key = Object.fromEntries(
        Object.entries(key).map(([name, value]) => [name, keyAttribute(name, value)]),
      )
      const { Item } = await answered(
        aboutTable(table, 'GetItem'),
        client.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true })),
      )
      return Item === undefined ? undefined : unmarshal(Item, numbers)
    },
    check: async (tables) => {
      for (const { table, key } of tables) await probe(client, table, key)
    },
  }
}

/** A key of each type that DynamoDB knows. */
const TYPED: readonly AttributeValue[] = [{ S: 'spaceship-check' }, { N: '0' }, { B: new Uint8Array([0]) }]

/**
 * The types of the keys are not known here, and DynamoDB says the same of a wrong type and of a wrong name: a table that refuses the names
 * with all types has other keys. Most keys are texts, and one request is all.
 */
async function probe(client: DynamoDBClient, table: string, key: readonly string[]): Promise<void> {
  const keys = key.map((name) => `'${name}'`).join(' and ')
  const advice = "correct the 'key' of its entity, or its 'table', to what the table has"
  let refusal: unknown
  for (const Key of keysOf(key)) {
    const request = client.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }))
    try {
      await answered(aboutTable(table, 'GetItem'), request)
      return
    } catch (error) {
      refusal = keyedOtherwise({ table, keys, advice }, error)
      if (refusal === undefined) throw error
    }
  }
  throw refusal
}

function keysOf(names: readonly string[]): readonly Record<string, AttributeValue>[] {
  return names.reduce<Record<string, AttributeValue>[]>(
    (keys, name) => keys.flatMap((Key) => TYPED.map((value) => ({ ...Key, [name]: value }))),
    [{}],
  )
}

function keyAttribute(name: string, value: unknown): AttributeValue {
  if (typeof value === 'string') return { S: value }
  if (typeof value === 'number' || typeof value === 'bigint') return { N: String(value) }
  if (value instanceof Uint8Array) return { B: value }
  throw new Permanent(`the key attribute '${name}' is neither a string, nor a number, nor binary`)
}
