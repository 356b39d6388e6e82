/**
 * Owns what an emulator holds beyond the life of its thread. The emulator works in memory, as without a file; each of its writes is
 * in the file before the emulator goes on, and a start reads the file.
 */
import type { DatabaseSync } from 'node:sqlite'
import { atomic, openDatabase } from '../data/index.ts'
import type { Interrupted } from './interrupted.ts'
import { bytes, rangeOf } from './rows.ts'
import { type Places, rebuildIndices } from './secondary.ts'

type Bytes = Uint8Array

interface Operation {
  readonly type: 'put' | 'del'
  readonly key: Bytes
  readonly value?: Bytes
}

/** What the in-memory stores of both emulators call for each write, with keys and values in bytes. */
export interface Level {
  _put(key: Bytes, value: Bytes, ...rest: unknown[]): unknown
  _del(key: Bytes, ...rest: unknown[]): unknown
  _batch(operations: readonly Operation[], ...rest: unknown[]): unknown
}

/** In the file: whether the process that opened it has closed it. */
const CLOSED = 0
const OPEN = 1

/**
 * Fills the store from the file, and keeps in it what is written from now on.
 *
 * @param places of items in secondary indices, for an emulator that has them
 * @returns closes the file
 */
export function keepIn(
  file: string,
  level: Level,
  interrupted: Interrupted,
  places: Places | undefined,
): () => void {
  const database = openDatabase(file)
  database.exec('create table if not exists entry (key blob primary key, value blob not null) without rowid')
  const wasOpen = Number(database.prepare('pragma user_version').get()?.user_version) === OPEN
  atomic(database, () => {
    mend(database, interrupted)
    if (wasOpen && places !== undefined) rebuildIndices(database, places)
  })
  database.exec(`pragma user_version = ${OPEN}`)
  const kept = database.prepare('select key, value from entry order by key').all()
  // The callback of the older of the two kinds of store; the other one takes no notice of it.
  const rest = [{}, () => {}] as const
  level._batch(
    kept.map(({ key, value }) => ({ type: 'put', key: bytes(key), value: bytes(value) })),
    ...rest,
  )

  const put = database.prepare('insert or replace into entry (key, value) values (?, ?)')
  const remove = database.prepare('delete from entry where key = ?')
  const apply = ({ type, key, value }: Operation) => {
    if (type === 'put' && value !== undefined) put.run(key, value)
    else remove.run(key)
  }
  const { _put, _del, _batch } = level
  // What an emulator writes on its own account, once nobody waits for it any more, need not be kept.
  let isOpen = true
  level._put = (key, value, ...more) => {
    if (isOpen) put.run(key, value)
    return _put.call(level, key, value, ...more)
  }
  level._del = (key, ...more) => {
    if (isOpen) remove.run(key)
    return _del.call(level, key, ...more)
  }
  level._batch = (operations, ...more) => {
    if (isOpen) atomic(database, () => operations.forEach(apply))
    return _batch.call(level, operations, ...more)
  }
  return () => {
    isOpen = false
    database.exec(`pragma user_version = ${CLOSED}`)
    database.close()
  }
}

function mend(database: DatabaseSync, { prefix, mended }: Interrupted): void {
  const update = database.prepare('update entry set value = ? where key = ?')
  const remove = database.prepare('delete from entry where key = ?')
  const removeRange = database.prepare('delete from entry where key >= ? and key < ?')
  const definitions = database.prepare('select key, value from entry where key >= ? and key < ?')
  for (const { key, value } of definitions.all(...rangeOf(prefix))) {
    const name = bytes(key).toString('utf8').slice(prefix.length)
    const change = mended(name, Object(JSON.parse(bytes(value).toString('utf8'))))
    if (change === undefined) continue
    if ('value' in change) update.run(Buffer.from(JSON.stringify(change.value)), bytes(key))
    else {
      for (const beginning of change.gone) removeRange.run(...rangeOf(beginning))
      remove.run(bytes(key))
    }
  }
}
