/**
 * Secondary indices of tables after a kill. dynalite writes an item and its places in the indices one after the other: a write that was
 * cut short leaves places without their item, or an item without them. They are made anew of the items.
 */
import type { DatabaseSync } from 'node:sqlite'
import { bytes, rangeOf } from './rows.ts'

type Fields = Readonly<Record<string, unknown>>

/** What dynalite has for this: where an item stands in the indices. */
export interface Places {
  getIndexActions(
    indexes: unknown,
    existing: undefined,
    item: Fields,
    table: Fields,
  ): { readonly puts: readonly { readonly index: string; readonly key: string; readonly item: Fields }[] }
}

export function rebuildIndices(database: DatabaseSync, { getIndexActions }: Places): void {
  const within = database.prepare('select key, value from entry where key >= ? and key < ?')
  const remove = database.prepare('delete from entry where key >= ? and key < ?')
  const insert = database.prepare('insert into entry (key, value) values (?, ?)')
  const read = (value: unknown): Fields => Object(JSON.parse(bytes(value).toString('utf8')))

  for (const { value: definition } of within.all(...rangeOf('table~'))) {
    const table = read(definition)
    for (const kind of ['Local', 'Global']) {
      const indexes = table[`${kind}SecondaryIndexes`]
      if (!Array.isArray(indexes)) continue
      const prefix = `index-${kind.toLowerCase()}~${table.TableName}~`
      remove.run(...rangeOf(prefix))
      for (const { value } of within.all(...rangeOf(`item-${table.TableName}~`))) {
        for (const { index, key, item } of getIndexActions(indexes, undefined, read(value), table).puts)
          insert.run(Buffer.from(`${prefix}${index}~${key}`), Buffer.from(JSON.stringify(item)))
      }
    }
  }
}
