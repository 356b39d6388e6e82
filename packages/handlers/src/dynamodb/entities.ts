import { type AttributeValue, type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { Permanent, unmarshal } from '@spaceship/core'
import { bare, check, list, problemsOf, record, type ShapesOf, text } from '@spaceship/core/adapter'
import type { EntityReader } from '@spaceship/core/ports'
import { aboutTable, answered, keyedOtherwise } from './call.ts'
import { TABLE } from './item.ts'

export interface DynamoDBEntitiesOptions {
  /** Of the account and Region whose tables are read. */
  readonly client: DynamoDBClient
  /**
   * Attributes by table, as in `{ clients: ['id', 'status'] }`: of the rows of these tables only they are read, and the key's always. A name
   * is that of a whole attribute, also if it has dots. What is left out is missing for the entity's schema and `upgrade`; the capacity that
   * a read costs stays that of the whole row.
   *
   * @default whole rows
   */
  readonly attributes?: Readonly<Record<string, readonly string[]>>
}

export const ENTITIES = {
  options: bare({ client: TABLE.client, attributes: record({}) } satisfies ShapesOf<DynamoDBEntitiesOptions>),
}

/**
 * Reads rows with strong consistency. Grant GetItem on the tables whose rows reminders look at.
 *
 * @throws ConfigurationError that lists every problem
 * @example
 * import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
 * const entities = dynamodbEntities({ client: new DynamoDBClient() })
 */
export function dynamodbEntities(options: DynamoDBEntitiesOptions): EntityReader {
  check('dynamodbEntities', ENTITIES, { options }, () => attributeProblems(options))
  const { client, attributes = {} } = options
  const read = new Map(Object.entries(attributes).map(([table, names]) => [table, [...names]]))
  return {
    read: async (table, key, numbers) => {
      const Key = Object.fromEntries(
        Object.entries(key).map(([name, value]) => [name, keyAttribute(name, value)]),
      )
      const names = read.get(table)
      const command = new GetItemCommand({
        TableName: table,
        Key,
        ConsistentRead: true,
        ...(names === undefined ? {} : projection([...Object.keys(key), ...names])),
      })
      const { Item } = await answered(aboutTable(table, 'GetItem'), client.send(command))
      return Item === undefined ? undefined : unmarshal(Item, numbers)
    },
    check: async (tables) => {
      for (const { table, key } of tables) await probe(client, table, key)
    },
  }
}

const NAMES = list(text('the name of an attribute'), 'a list of at least one name', 1)

function attributeProblems(options: DynamoDBEntitiesOptions): string[] {
  return Object.entries(Object(Object(options).attributes)).flatMap(([table, names]) =>
    problemsOf(NAMES, names, `attributes.${table}`),
  )
}

/** Each attribute once, under a placeholder: names may be words of DynamoDB's own, and a dot would lead into a map. */
function projection(names: readonly string[]) {
  const placed = [...new Set(names)].map((name, n) => [`#${n}`, name] as const)
  return {
    ProjectionExpression: placed.map(([placeholder]) => placeholder).join(', '),
    ExpressionAttributeNames: Object.fromEntries(placed),
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
