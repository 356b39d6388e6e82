import type { DatabaseSync } from 'node:sqlite'
import { atomic } from '../data/index.ts'
import type { PipeRecord } from './record.ts'

/** Where changes lie until they have arrived in their stream. */
export interface Outbox {
  /** True if they lie there for the next launch, too. */
  readonly durable: boolean
  /** What has not arrived yet, in the order of its capture. */
  waiting(): readonly PipeRecord[]
  add(record: PipeRecord): PipeRecord
  remove(arrived: readonly PipeRecord[]): void
}

/** Of a spaceship that keeps nothing. */
const NO_OUTBOX: Outbox = { durable: false, waiting: () => [], add: (record) => record, remove() {} }

export function outboxIn(database: DatabaseSync | undefined): Outbox {
  if (database === undefined) return NO_OUTBOX
  database.exec(`
    create table if not exists outbox (
      id integer primary key autoincrement, stream text not null, partition_key text not null, data blob not null
    )`)
  const all = database.prepare('select id, stream, partition_key, data from outbox order by id')
  const insert = database.prepare('insert into outbox (stream, partition_key, data) values (?, ?, ?)')
  const remove = database.prepare('delete from outbox where id = ?')
  return {
    durable: true,
    waiting: () =>
      all.all().map(({ id, stream, partition_key: partitionKey, data }) => ({
        stream: String(stream),
        partitionKey: String(partitionKey),
        data: Buffer.from(data instanceof Uint8Array ? data : []),
        kept: Number(id),
      })),
    add(record) {
      const { lastInsertRowid } = insert.run(record.stream, record.partitionKey, record.data)
      return { ...record, kept: Number(lastInsertRowid) }
    },
    remove(arrived) {
      atomic(database, () => {
        for (const { kept } of arrived) if (kept !== undefined) remove.run(kept)
      })
    },
  }
}
