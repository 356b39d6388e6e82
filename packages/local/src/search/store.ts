/**
 * Where documents lie: SQLite, in memory or in a file.
 *
 * | table    | one row per                      | for                                                |
 * |----------|----------------------------------|----------------------------------------------------|
 * | document | id and index, deleted ones too   | source, version, tombstone                         |
 * | value    | exact value of a field           | term, range, prefix, exists, sort                  |
 * | passage  | text field of a document         | finding the document of a row in `words`           |
 * | words    | the same, as FTS5 keeps it       | match and its kin, and their scores                |
 * | indices  | index                            | its mapping and settings, where they are kept      |
 */
import { DatabaseSync } from 'node:sqlite'
import { codeOf } from '@spaceship/core'
import { openDatabase } from '../data/index.ts'
import { TOKENIZER } from './analysis.ts'
import type { Indexed } from './document.ts'
import { unsupported } from './refusal.ts'
import type { Current } from './versions.ts'

const SCHEMA = `
  create table if not exists document (
    doc integer primary key, index_key integer not null, id text not null, version integer not null,
    seq_no integer not null, deleted_at integer, source text, unique (index_key, id)
  );
  create table if not exists value (doc integer not null, path text not null, word text, number real);
  create index if not exists value_of on value (doc, path);
  create index if not exists value_word on value (path, word);
  create index if not exists value_number on value (path, number);
  create table if not exists passage (row integer primary key, doc integer not null, path text not null);
  create index if not exists passage_of on passage (doc);
  create virtual table if not exists words using fts5(text, content='', contentless_delete=1, tokenize="${TOKENIZER}");
  create table if not exists indices (index_key integer primary key, definition text not null);
`

export interface Stored extends Current {
  readonly doc: number
  readonly source: string
  readonly deletedAt: number | undefined
}

export interface Store {
  read(indexKey: number, id: string): Stored | undefined
  /** Replaces the document, or its tombstone. */
  write(indexKey: number, id: string, version: bigint, seqNo: number, source: string, indexed: Indexed): void
  bury(indexKey: number, id: string, version: bigint, seqNo: number, at: number): void
  drop(indexKey: number): void
  /** Definitions that are kept, each with the next number of its sequence. Nothing is kept in memory. */
  definitions(): readonly { readonly key: number; readonly definition: string; readonly nextSeqNo: number }[]
  /** Keeps the definition, in the same transaction if there is one. @param definition made only where it is kept */
  define(indexKey: number, definition: () => string): void
  /** Runs a query with numbered parameters; integers come as bigint. */
  query(sql: string, parameters: readonly SqlValue[]): readonly Readonly<Record<string, unknown>>[]
  /** Everything that `work` writes is kept, or nothing. */
  atomic<T>(work: () => T): T
  close(): void
}

export type SqlValue = string | number | bigint | null

/** @param file keeps it all. @default in memory */
export function openStore(file?: string): Store {
  const database = file === undefined ? new DatabaseSync(':memory:') : openDatabase(file)
  database.exec(SCHEMA)
  const prepare = (sql: string) => {
    const statement = database.prepare(sql)
    statement.setReadBigInts(true)
    return statement
  }
  const select = prepare(
    'select doc, version, seq_no, deleted_at, source from document where index_key = ? and id = ?',
  )
  const insert = prepare(`
    insert into document (index_key, id, version, seq_no, deleted_at, source) values (?, ?, ?, ?, ?, ?)
    on conflict (index_key, id) do update set
      version = excluded.version, seq_no = excluded.seq_no, deleted_at = excluded.deleted_at, source = excluded.source
    returning doc`)
  const insertValue = prepare('insert into value (doc, path, word, number) values (?, ?, ?, ?)')
  const insertPassage = prepare('insert into passage (doc, path) values (?, ?) returning row')
  const insertWords = prepare('insert into words (rowid, text) values (?, ?)')
  const unlink = [
    prepare('delete from words where rowid in (select row from passage where doc = ?)'),
    prepare('delete from passage where doc = ?'),
    prepare('delete from value where doc = ?'),
  ]
  const docsOf = prepare('select doc from document where index_key = ?')
  const deleteAll = prepare('delete from document where index_key = ?')

  const define = prepare(`
    insert into indices (index_key, definition) values (?, ?)
    on conflict (index_key) do update set definition = excluded.definition where definition <> excluded.definition`)
  const undefine = prepare('delete from indices where index_key = ?')
  const definitions = prepare(`
    select index_key, definition, coalesce((select max(seq_no) + 1 from document where document.index_key = indices.index_key), 0)
    as next_seq_no from indices order by index_key`)

  function put(
    indexKey: number,
    id: string,
    version: bigint,
    seqNo: number,
    deletedAt: number | null,
    source: string,
  ): number {
    const doc = Number(insert.get(indexKey, id, version, seqNo, deletedAt, source)?.doc)
    for (const statement of unlink) statement.run(doc)
    return doc
  }

  return {
    read(indexKey, id) {
      const row = select.get(indexKey, id)
      if (!row) return undefined
      return {
        doc: Number(row.doc),
        version: BigInt(String(row.version)),
        seqNo: Number(row.seq_no),
        deleted: row.deleted_at !== null,
        deletedAt: row.deleted_at === null ? undefined : Number(row.deleted_at),
        source: String(row.source),
      }
    },
    write(indexKey, id, version, seqNo, source, { values, passages }) {
      const doc = put(indexKey, id, version, seqNo, null, source)
      for (const { path, value } of values) {
        const word = value && 'word' in value ? value.word : null
        const number = value && 'number' in value ? value.number : null
        insertValue.run(doc, path, word, number)
      }
      for (const { path, text } of passages) {
        if (text === '') continue
        insertWords.run(Number(insertPassage.get(doc, path)?.row), text)
      }
    },
    bury(indexKey, id, version, seqNo, at) {
      put(indexKey, id, version, seqNo, at, '')
    },
    drop(indexKey) {
      for (const { doc } of docsOf.all(indexKey)) for (const statement of unlink) statement.run(Number(doc))
      deleteAll.run(indexKey)
      undefine.run(indexKey)
    },
    definitions: () =>
      definitions.all().map(({ index_key: key, definition, next_seq_no: nextSeqNo }) => ({
        key: Number(key),
        definition: String(definition),
        nextSeqNo: Number(nextSeqNo),
      })),
    define(indexKey, definition) {
      if (file !== undefined) define.run(indexKey, definition())
    },
    query(sql, parameters) {
      try {
        return prepare(sql).all(...parameters)
      } catch (error) {
        // The SQL is ours and well-formed; what remains are SQLite's limits on depth and on the number of parameters.
        if (codeOf(error) === 'ERR_SQLITE_ERROR') throw unsupported('a query of this size or depth')
        throw error
      }
    },
    atomic(work) {
      database.exec('savepoint work')
      try {
        const result = work()
        database.exec('release work')
        return result
      } catch (error) {
        database.exec('rollback to work; release work')
        throw error
      }
    },
    close: () => database.close(),
  }
}
