import {
  type AttributeValue,
  DescribeTableCommand,
  type DynamoDBClient,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import { bare, check } from '@spaceship/core/adapter'
import type { TableScanner } from '@spaceship/core/ports'
import { aboutTable, answered } from './call.ts'
import { TABLE } from './item.ts'

export const SCANNER = { options: bare({ client: TABLE.client }) }

/**
 * Reads all items of a table with strong consistency, for a backfill. Grant Scan and DescribeTable on the tables that are read.
 *
 * @throws ConfigurationError if there is no client
 * @example
 * import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
 * const scanner = dynamodbScanner({ client: new DynamoDBClient() })
 */
export function dynamodbScanner(options: { readonly client: DynamoDBClient }): TableScanner {
  check('dynamodbScanner', SCANNER, { options })
  const { client } = options
  return {
    page: async (table, { segment, segments, cursor, limit }) => {
      const command = new ScanCommand({
        TableName: table,
        ConsistentRead: true,
        Segment: segment,
        TotalSegments: segments,
        Limit: limit,
        ReturnConsumedCapacity: 'TOTAL',
        ...(cursor !== undefined && { ExclusiveStartKey: keyIn(cursor) }),
      })
      const page = await answered(aboutTable(table, 'Scan'), client.send(command))
      const { Items: items = [], LastEvaluatedKey: last, ConsumedCapacity: capacity } = page
      return {
        items,
        cursor: last === undefined ? undefined : cursorOf(last),
        // An emulator may leave it out: a strongly consistent read of 4 KB takes one.
        units: capacity?.CapacityUnits ?? Math.max(1, items.length),
      }
    },
    size: async (table) => {
      const command = new DescribeTableCommand({ TableName: table })
      return (await answered(aboutTable(table, 'DescribeTable'), client.send(command))).Table?.ItemCount
    },
  }
}

/** Key attributes are texts, numbers as text, or binary. */
function cursorOf(key: Readonly<Record<string, AttributeValue>>): string {
  const parts = Object.entries(key).map(([name, { S, N, B }]) => [
    name,
    B === undefined ? { S, N } : { B: Buffer.from(B).toString('base64') },
  ])
  return JSON.stringify(Object.fromEntries(parts))
}

/** Of what `cursorOf` has made. */
function keyIn(cursor: string): Record<string, AttributeValue> {
  const parts = Object.entries<{ S?: string; N?: string; B?: string }>(JSON.parse(cursor))
  return Object.fromEntries(
    parts.map(([name, { S = '', N, B }]) => {
      if (B !== undefined) return [name, { B: new Uint8Array(Buffer.from(B, 'base64')) }]
      return [name, N === undefined ? { S } : { N }]
    }),
  )
}
