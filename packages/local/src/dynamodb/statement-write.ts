import type { Fields } from '../http/index.ts'
import type { Condition, Statement } from './statement.ts'
import type { KeySchema } from './tables.ts'

/** The write of one item that a statement stands for. */
export interface Write {
  readonly operation: 'PutItem' | 'UpdateItem'
  readonly input: Fields
}

export type Translated = Write | { readonly problem: string }

/** @param values the parameters, as many as the statement has */
export function writeOf(statement: Statement, values: readonly unknown[], schema: KeySchema): Translated {
  const { table } = statement
  if (statement.kind === 'insert') {
    const Item = Object.fromEntries(statement.item.map(([name, value]) => [name, values[value]]))
    const input = {
      TableName: table,
      Item,
      ConditionExpression: 'attribute_not_exists(#key)',
      ExpressionAttributeNames: { '#key': schema[0] },
    }
    return { operation: 'PutItem', input }
  }
  const { set, remove, where } = statement
  const conjuncts = where === undefined ? [] : where.kind === 'and' ? where.parts : [where]
  const key: Record<string, unknown> = {}
  const rest = conjuncts.filter((part) => {
    const names =
      part.kind === 'compare' && part.operator === '=' && schema.includes(part.name) && !(part.name in key)
    if (names) key[part.name] = values[part.value]
    return !names
  })
  if (schema.some((name) => !(name in key)))
    return { problem: 'Where clause does not contain a mandatory equality on all key attributes' }

  const names: Record<string, string> = {}
  const given: Record<string, unknown> = {}
  const nameOf = (name: string) => {
    const known = Object.entries(names).find(([, other]) => other === name)?.[0]
    const alias = known ?? `#n${Object.keys(names).length}`
    names[alias] = name
    return alias
  }
  const parameter = (place: number) => {
    given[`:v${place}`] = values[place]
    return `:v${place}`
  }
  const written = (condition: Condition): string => {
    switch (condition.kind) {
      case 'compare':
        return `${nameOf(condition.name)} ${condition.operator} ${parameter(condition.value)}`
      case 'missing':
        return `attribute_${condition.is ? 'not_exists' : 'exists'}(${nameOf(condition.name)})`
      case 'not':
        return `NOT (${written(condition.part)})`
      default:
        return condition.parts
          .map((part) => (part.kind === 'and' || part.kind === 'or' ? `(${written(part)})` : written(part)))
          .join(` ${condition.kind.toUpperCase()} `)
    }
  }
  const sets = set.map(([name, value]) => `${nameOf(name)} = ${parameter(value)}`)
  const removes = remove.map(nameOf)
  // An UPDATE makes no item.
  const conditions = [
    `attribute_exists(${nameOf(schema[0] ?? '')})`,
    ...rest.map((part) => `(${written(part)})`),
  ]
  const input = {
    TableName: table,
    Key: key,
    UpdateExpression: [
      ...(sets.length > 0 ? [`SET ${sets.join(', ')}`] : []),
      ...(removes.length > 0 ? [`REMOVE ${removes.join(', ')}`] : []),
    ].join(' '),
    ConditionExpression: conditions.join(' AND '),
    ExpressionAttributeNames: names,
    ...(Object.keys(given).length > 0 && { ExpressionAttributeValues: given }),
  }
  return { operation: 'UpdateItem', input }
}
