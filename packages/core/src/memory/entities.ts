import type { EntityReader } from '../ports/index.ts'

type Row = Readonly<Record<string, unknown>>

export interface MemoryEntities extends EntityReader {
  put(table: string, key: Row, row: Row): void
  remove(table: string, key: Row): void
}

/** Tables in this process. */
export function memoryEntities(): MemoryEntities {
  const rows = new Map<string, Row>()
  const idOf = (table: string, key: Row) =>
    `${table}\0${JSON.stringify(Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1)))}`
  return {
    read: async (table, key) => rows.get(idOf(table, key)),
    put: (table, key, row) => void rows.set(idOf(table, key), row),
    remove: (table, key) => void rows.delete(idOf(table, key)),
  }
}
