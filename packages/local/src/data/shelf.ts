import type { DatabaseSync } from 'node:sqlite'

/** What one part keeps by name: values that JSON holds. */
export interface Shelf {
  /** In the order in which the names were set first. */
  all(): readonly (readonly [name: string, value: unknown])[]
  set(name: string, value: unknown): void
  delete(name: string): void
  clear(): void
}

/** Of a spaceship that keeps nothing. */
export const NO_SHELF: Shelf = { all: () => [], set() {}, delete() {}, clear() {} }

/** @param room names the part, which sees its own names alone */
export function shelfIn(database: DatabaseSync, room: string): Shelf {
  database.exec(
    'create table if not exists shelf (id integer primary key, room text not null, name text not null, value text not null, unique (room, name))',
  )
  const all = database.prepare('select name, value from shelf where room = ? order by id')
  const set = database.prepare(`
    insert into shelf (room, name, value) values (?, ?, ?) on conflict (room, name) do update set value = excluded.value`)
  const remove = database.prepare('delete from shelf where room = ? and name = ?')
  const clear = database.prepare('delete from shelf where room = ?')
  return {
    all: () => all.all(room).map(({ name, value }) => [String(name), JSON.parse(String(value))]),
    set: (name, value) => void set.run(room, name, JSON.stringify(value)),
    delete: (name) => void remove.run(room, name),
    clear: () => void clear.run(room),
  }
}
