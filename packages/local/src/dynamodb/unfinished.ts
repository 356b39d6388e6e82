import type { DatabaseSync } from 'node:sqlite'
import { atomic } from '../data/index.ts'
import type { Item } from './attribute.ts'

/** A write that has begun: what it is about, and what was there before it. */
export interface Begun {
  readonly touched: readonly { readonly table: string; readonly key: Item; readonly before?: Item }[]
  /** True for a delete by time to live. */
  readonly expired: boolean
  /** True if all of its items are written, or none. */
  readonly whole: boolean
}

/** Writes that have begun and are not captured yet: those that a killed process leaves behind are brought to an end by the next launch. */
export interface Unfinished {
  /** Those of an earlier launch, in the order in which they began. */
  left(): readonly { readonly id: number; readonly write: Begun }[]
  /** What is to be handed to `end`. */
  begin(write: Begun): number | undefined
  /** Ends a write together with what `captured` keeps of it: both, or none. */
  end(id: number | undefined, captured: () => void): void
}

export function unfinishedIn(database: DatabaseSync | undefined): Unfinished {
  if (database === undefined) {
    return { left: () => [], begin: () => undefined, end: (_, captured) => captured() }
  }
  database.exec(
    'create table if not exists unfinished (id integer primary key autoincrement, write text not null)',
  )
  const all = database.prepare('select id, write from unfinished order by id')
  const insert = database.prepare('insert into unfinished (write) values (?)')
  const remove = database.prepare('delete from unfinished where id = ?')
  return {
    left: () => all.all().map(({ id, write }) => ({ id: Number(id), write: JSON.parse(String(write)) })),
    begin: (write) => Number(insert.run(JSON.stringify(write)).lastInsertRowid),
    end: (id, captured) =>
      atomic(database, () => {
        captured()
        if (id !== undefined) remove.run(id)
      }),
  }
}
