/** Owns what a write may make of the keys of secondary indexes: the emulator takes empty ones. */

import { type AwsFault, type Fields, isFields } from '../http/index.ts'
import { emptyKind } from './limits.ts'
import { validation } from './refusal.ts'
import type { IndexKey, Tables } from './tables.ts'

/**
 * What an update makes of a key is told where it sets a value that the request holds. It is not where the value is computed, as by
 * `if_not_exists`, or is another attribute's: such a key is taken though it is empty.
 *
 * @param write PutItem's input, UpdateItem's, or a step of a transaction
 */
export async function emptyIndexKey(
  tables: Tables,
  { TableName, Item, ...update }: Fields,
): Promise<AwsFault | undefined> {
  if (typeof TableName !== 'string') return undefined
  const keys = await tables.indexKeys(TableName)
  if (keys.length === 0) return undefined
  return isFields(Item) ? emptyIn(keys, Item) : emptiedBy(keys, update)
}

function emptyIn(keys: readonly IndexKey[], item: Fields): AwsFault | undefined {
  for (const { index, attribute } of keys) {
    const kind = emptyKind(item[attribute])
    if (kind !== undefined)
      return validation(
        `One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty ${kind} value. IndexName: ${index}, IndexKey: ${attribute}`,
      )
  }
  return undefined
}

/** An attribute, not one within another, and a value that stands alone. */
const SET_VALUE = /(?<![.\]\w#])(#?\w+)\s*=\s*(:\w+)\s*(?=,|$|\b(?:SET|REMOVE|ADD|DELETE)\b)/gi

function emptiedBy(
  keys: readonly IndexKey[],
  {
    UpdateExpression: expression,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
    AttributeUpdates: updates,
  }: Fields,
): AwsFault | undefined {
  const given: [string, unknown][] = [
    ...[...String(expression ?? '').matchAll(SET_VALUE)].map(
      ([, name = '', place = '']): [string, unknown] => [
        String(Object(names)[name] ?? name),
        Object(values)[place],
      ],
    ),
    ...Object.entries(Object(updates)).map(([name, change]): [string, unknown] => [
      name,
      Object(change).Value,
    ]),
  ]
  for (const [name, value] of given) {
    const kind = keys.some(({ attribute }) => attribute === name) ? emptyKind(value) : undefined
    if (kind !== undefined)
      return validation(
        `One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty ${kind} value.`,
      )
  }
  return undefined
}
