import { createHash } from 'node:crypto'
import { type AwsCall, type Fields, isFields } from '../http/index.ts'
import { canonicalItem, type Item } from './attribute.ts'

/** The names of a table's key attributes, the partition key first. */
export type KeySchema = readonly string[]

/** An attribute that a secondary index is ordered by. */
export interface IndexKey {
  readonly index: string
  readonly attribute: string
}

export interface Tables {
  /** The key schema of a table, or `undefined` if there is no such table. */
  keySchema(table: string): Promise<KeySchema | undefined>
  /** Those of all indexes of a table; none if there is no such table. */
  indexKeys(table: string): Promise<readonly IndexKey[]>
  /** After a table was created, changed or deleted. */
  forget(table: string): void
}

/** What the front needs to know of the tables, asked once each. */
export function knownTables(call: AwsCall): Tables {
  const tables = new Map<string, { readonly schema: KeySchema; readonly indexKeys: readonly IndexKey[] }>()
  let changes = 0

  const known = async (table: string) => {
    const remembered = tables.get(table)
    if (remembered !== undefined) return remembered
    const before = changes
    const answer = await call('DescribeTable', { TableName: table })
    const description = answer.ok ? answer.output.Table : undefined
    if (!isFields(description) || !Array.isArray(description.KeySchema)) return undefined
    const hashFirst = [...description.KeySchema].sort((a) => (a.KeyType === 'HASH' ? -1 : 1))
    const schema = hashFirst.map((element) => String(element.AttributeName))
    const found = { schema, indexKeys: indexKeysIn(description) }
    // What is being deleted is still described, and what was asked before a change may be answered after it.
    if (description.TableStatus !== 'DELETING' && before === changes) tables.set(table, found)
    return found
  }
  const forget = (table: string) => {
    changes += 1
    tables.delete(table)
  }
  return {
    keySchema: async (table) => (await known(table))?.schema,
    indexKeys: async (table) => (await known(table))?.indexKeys ?? [],
    forget,
  }
}

function indexKeysIn({ GlobalSecondaryIndexes: global, LocalSecondaryIndexes: local }: Fields): IndexKey[] {
  const indexes: readonly Fields[] = [global, local].flatMap((list) => (Array.isArray(list) ? list : []))
  return indexes.flatMap(({ IndexName, KeySchema }) =>
    (Array.isArray(KeySchema) ? KeySchema : []).map((element) => ({
      index: String(IndexName),
      attribute: String(element.AttributeName),
    })),
  )
}

/** The key attributes of an item, or `undefined` if one is missing. */
export function keyOf(schema: KeySchema, attributes: unknown): Item | undefined {
  if (!isFields(attributes)) return undefined
  const entries = schema.map((name) => [name, attributes[name]] as const)
  return entries.every(([, value]) => isFields(value)) ? Object.fromEntries(entries) : undefined
}

/** The name under which an item is locked. */
export function lockName(table: string, key: Item): string {
  return `${table} ${canonicalItem(key)}`
}

/** 32 upper-case hex characters, the same for every change of an item. */
export function partitionKeyOf(key: Item): string {
  return createHash('md5').update(canonicalItem(key)).digest('hex').toUpperCase()
}
