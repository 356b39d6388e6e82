import { type AwsCall, type AwsFault, type Fields, isFields } from '../http/index.ts'
import type { Locks } from './locks.ts'
import { missingTable, severalOperations, validation } from './refusal.ts'
import { lockName, type Tables } from './tables.ts'
import { itemOf } from './writes.ts'

export interface TransactGetOptions {
  readonly dynalite: AwsCall
  readonly locks: Locks
  readonly tables: Tables
}

/** TransactGetItems, which dynalite lacks: no write comes between its reads. */
export async function transactGet({ dynalite, locks, tables }: TransactGetOptions, input: Fields) {
  const items: unknown[] = Array.isArray(input.TransactItems) ? input.TransactItems : []
  if (items.length === 0 || items.length > 100)
    return validation('TransactItems must hold between 1 and 100 reads')

  const gets: Fields[] = []
  const names: string[] = []
  for (const item of items) {
    const get = isFields(item) && isFields(item.Get) ? item.Get : {}
    if ((await tables.keySchema(String(get.TableName))) === undefined) return missingTable
    const touched = await itemOf(tables, get.TableName, get.Key)
    if (touched === undefined) return validation('The provided key element does not match the schema')
    const name = lockName(touched.table, touched.key)
    if (names.includes(name)) return severalOperations
    names.push(name)
    gets.push({ ...get, ConsistentRead: true })
  }
  return locks.hold(names, async (): Promise<Fields | AwsFault> => {
    const answers = await Promise.all(gets.map((get) => dynalite('GetItem', get)))
    const responses: Fields[] = []
    for (const answer of answers) {
      if (!answer.ok) return { type: String(answer.fields.__type ?? answer.error), message: answer.message }
      responses.push(isFields(answer.output.Item) ? { Item: answer.output.Item } : {})
    }
    return { Responses: responses }
  })
}
