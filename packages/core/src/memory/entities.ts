import type { EntityReader, TableScanner } from '../ports/index.ts'
import { sha256 } from '../wire/digest.ts'
import { marshal, unmarshal } from '../wire/index.ts'

type Row = Readonly<Record<string, unknown>>

export interface MemoryEntities extends EntityReader, TableScanner {
  /** @throws SpaceshipError `attributes` for what DynamoDB does not hold */
  put(table: string, key: Row, row: Row): void
  remove(table: string, key: Row): void
}

/** Tables in this process. */
export function memoryEntities(): MemoryEntities {
  // As attribute values: a row comes out as DynamoDB's would, numbers as they are wanted, and what it does not hold is refused.
  const rows = new Map<string, ReturnType<typeof marshal>>()
  return {
    read: async (table, key, numbers) => {
      const row = rows.get(idOf(table, key))
      return row === undefined ? undefined : unmarshal(row, numbers)
    },
    put: (table, key, row) => void rows.set(idOf(table, key), marshal(row)),
    remove: (table, key) => void rows.delete(idOf(table, key)),
    page: async (table, { segment, segments, cursor = '', limit }) => {
      const left = [...rows.keys()]
        .filter((id) => id.startsWith(`${table}\0`) && segmentOf(id, segments) === segment && id > cursor)
        .sort()
      const ids = left.slice(0, limit)
      const items = ids.map((id) => rows.get(id) ?? {})
      return { items, cursor: left.length > limit ? ids.at(-1) : undefined, units: Math.max(1, ids.length) }
    },
    size: async (table) => [...rows.keys()].filter((id) => id.startsWith(`${table}\0`)).length,
  }
}

function segmentOf(id: string, segments: number): number {
  return Number.parseInt(sha256(id, 'hex').slice(0, 8), 16) % segments
}

function idOf(table: string, key: Row): string {
  const parts = Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1))
  return `${table}\0${parts.map(([name, value]) => JSON.stringify([name, partOf(value)])).join()}`
}

/** A number and the text of it are different keys; numbers are equal however they are held. */
function partOf(value: unknown): readonly string[] {
  if (value instanceof Uint8Array) return ['binary', Buffer.from(value).toString('base64')]
  return [typeof value === 'string' ? 'text' : 'number', String(value)]
}
