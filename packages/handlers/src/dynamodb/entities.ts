import { type AttributeValue, type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { Permanent, unmarshal } from '@spaceship/core'
import { bare, check } from '@spaceship/core/adapter'
import type { EntityReader } from '@spaceship/core/ports'
import { nameOf } from '../aws/index.ts'
import { aboutTable, answered } from './call.ts'
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
      for (const { table, key } of tables) {
        const Key = Object.fromEntries(key.map((name) => [name, { S: 'spaceship-check' }]))
        const request = client.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }))
        // The types of the keys are not known here: DynamoDB refuses a text for a number once it has found the table and allowed the read.
        await answered(aboutTable(table, 'GetItem'), request).catch((error) => {
          if (nameOf(error) !== 'ValidationException') throw error
        })
      }
    },
  }
}

function keyAttribute(name: string, value: unknown): AttributeValue {
  if (typeof value === 'string') return { S: value }
  if (typeof value === 'number' || typeof value === 'bigint') return { N: String(value) }
  if (value instanceof Uint8Array) return { B: value }
  throw new Permanent(`the key attribute '${name}' is neither a string, nor a number, nor binary`)
}
