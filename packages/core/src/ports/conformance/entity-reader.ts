import assert from 'node:assert/strict'
import type { EntityReader } from '../entity-reader.ts'
import type { Case } from './cases.ts'

type Row = Readonly<Record<string, unknown>>

/** The tables that the cases use, with the types of their key attributes as DynamoDB calls them. */
export const entityTables = [
  { name: 'conformance-text', key: { id: 'S' } },
  { name: 'conformance-composite', key: { client: 'S', no: 'N' } },
  { name: 'conformance-binary', key: { digest: 'B' } },
] as const

export type EntityTable = (typeof entityTables)[number]['name']

export interface EntityReaderSubject {
  readonly reader: EntityReader
  /** Writes a row as an application would; it holds its key attributes. The tables may hold other rows. */
  readonly write: (table: EntityTable, row: Row) => Promise<void>
  readonly remove: (table: EntityTable, key: Row) => Promise<void>
}

/**
 * What every EntityReader must do.
 *
 * @example
 * for (const { name, run } of entityReaderCases) test(name, () => run({ reader: myReader, write, remove }))
 */
export const entityReaderCases: readonly Case<EntityReaderSubject>[] = [
  {
    name: 'a row that was never written is undefined',
    run: async ({ reader }) => assert.equal(await reader.read('conformance-text', { id: text() }), undefined),
  },
  {
    name: 'a row is read as plain values, every type of DynamoDB',
    run: async ({ reader, write }) => {
      const row = {
        id: text(),
        name: 'Zoë "quoted" 🚀',
        empty: '',
        seats: 250,
        rate: -0.25,
        active: false,
        nothing: null,
        raw: new Uint8Array([0, 1, 255]),
        tags: new Set(['a', 'b']),
        sizes: new Set([1, 2.5]),
        list: [1, 'two', [null, { three: 3 }]],
        address: { city: 'Köln', ' ': 'blank name', 'with.dot': true },
      }
      await write('conformance-text', row)
      assert.deepEqual(plain(await reader.read('conformance-text', { id: row.id })), row)
    },
  },
  {
    name: 'a number beyond a double comes whole to an entity that wants it so',
    run: async ({ reader, write }) => {
      const row = { id: text(), total: 12_345_678_901_234_567_890n }
      await write('conformance-text', row)
      assert.deepEqual(plain(await reader.read('conformance-text', { id: row.id }, 'lossless')), row)
    },
  },
  {
    name: 'keys of text and number together name one row; the number is a number',
    run: async ({ reader, write }) => {
      const client = text()
      for (const no of [2, 10]) await write('conformance-composite', { client, no, at: `row ${no}` })
      assert.deepEqual(plain(await reader.read('conformance-composite', { client, no: 10 })), {
        client,
        no: 10,
        at: 'row 10',
      })
      assert.equal(await reader.read('conformance-composite', { client, no: 1 }), undefined)
    },
  },
  {
    name: 'a binary key is compared by its bytes',
    run: async ({ reader, write }) => {
      const digest = crypto.getRandomValues(new Uint8Array(16))
      await write('conformance-binary', { digest, n: 1 })
      assert.equal((await reader.read('conformance-binary', { digest: digest.slice() }))?.n, 1)
      assert.equal(await reader.read('conformance-binary', { digest: digest.slice(1) }), undefined)
    },
  },
  {
    name: 'the order of the key attributes does not matter',
    run: async ({ reader, write }) => {
      const client = text()
      await write('conformance-composite', { no: 1, client, n: 7 })
      assert.equal((await reader.read('conformance-composite', { no: 1, client }))?.n, 7)
    },
  },
  {
    name: 'every read sees the write before it, and the removal',
    run: async ({ reader, write, remove }) => {
      const id = text()
      for (let n = 1; n <= 10; n += 1) {
        await write('conformance-text', { id, n })
        assert.equal((await reader.read('conformance-text', { id }))?.n, n)
      }
      await remove('conformance-text', { id })
      assert.equal(await reader.read('conformance-text', { id }), undefined)
    },
  },
  {
    name: 'keys that look alike are different rows',
    run: async ({ reader, write }) => {
      const prefix = text()
      const ids = ['é', 'e\u0301', 'É', ' é', 'é ', 'é|1', '"é"'].map((id) => `${prefix}${id}`)
      for (const [n, id] of ids.entries()) await write('conformance-text', { id, n })
      for (const [n, id] of ids.entries()) assert.equal((await reader.read('conformance-text', { id }))?.n, n)
    },
  },
  {
    name: 'nobody changes a row through what was handed out',
    run: async ({ reader, write }) => {
      const id = text()
      await write('conformance-text', { id, list: [1] })
      const { list } = Object((await reader.read('conformance-text', { id })) ?? {}) as { list?: unknown[] }
      list?.push(2)
      assert.deepEqual((await reader.read('conformance-text', { id }))?.list, [1])
    },
  },
]

/** Without prototypes of the SDK's own, and bytes as bytes: what a schema would not see either. */
function plain(row: Row | undefined): unknown {
  return row === undefined ? undefined : structuredClone(row)
}

function text(): string {
  return `conformance/${crypto.randomUUID()}`
}
