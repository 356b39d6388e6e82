import assert from 'node:assert/strict'
import type { Case } from '../ports/conformance/cases.ts'
import type { TableScanner } from '../ports/index.ts'
import { unmarshal } from '../wire/index.ts'

export interface TableScannerSubject {
  readonly scanner: TableScanner
  /** A table of the partition key `id` without items, or with those of an earlier case that `put` did not write. */
  readonly table: string
  readonly put: (item: { readonly id: string; readonly [name: string]: unknown }) => Promise<void>
  readonly remove: (id: string) => Promise<void>
}

/**
 * What every TableScanner must do.
 *
 * @example
 * const table = 'clients'
 * const put = (row: object) => write(table, row)
 * for (const { name, run } of tableScannerCases)
 *   test(name, () => run({ scanner, table, put, remove: (id) => remove(table, { id }) }))
 */
export const tableScannerCases: readonly Case<TableScannerSubject>[] = [
  {
    name: 'each item is in one page of one segment, whole, however many segments and whatever the limit',
    run: async (subject) => {
      const ids = await filled(subject, 40)
      for (const [segments, limit] of [
        [1, 7],
        [3, 2],
        [50, 100],
      ] as const) {
        const found = await scanned(subject, segments, limit)
        assert.deepEqual(found.map((item) => String(item.id)).sort(), ids)
      }
      const [first] = (await scanned(subject, 1, 100)).filter(({ n }) => n === 7)
      assert.deepEqual([first?.raw, first?.nested], [new Uint8Array([7, 255]), { big: 7.5, none: null }])
    },
  },
  {
    name: 'a page tells what it took, and is given again by the same cursor',
    run: async (subject) => {
      await filled(subject, 12)
      const { scanner, table } = subject
      const first = await scanner.page(table, { segment: 0, segments: 1, limit: 5 })
      assert.ok(first.units > 0)
      assert.ok(first.items.length <= 5)
      const { cursor } = first
      assert.ok(cursor !== undefined)
      const again = await Promise.all(
        [1, 2].map(() => scanner.page(table, { segment: 0, segments: 1, limit: 5, cursor })),
      )
      assert.deepEqual(again[0]?.items, again[1]?.items)
    },
  },
  {
    name: 'what is there throughout is found once, whatever is put and removed between the pages',
    run: async (subject) => {
      const ids = await filled(subject, 20)
      const [gone = '', ...stay] = ids
      const { scanner, table } = subject
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await scanner.page(table, {
          segment: 0,
          segments: 1,
          limit: 3,
          ...(cursor && { cursor }),
        })
        seen.push(...page.items.map((item) => String(unmarshal(item).id)))
        cursor = page.cursor
        await subject.put({ id: `new-${crypto.randomUUID()}` })
        await subject.remove(gone)
      } while (cursor !== undefined && seen.length < 200)
      for (const id of stay) assert.equal(seen.filter((found) => found === id).length, 1, id)
    },
  },
  {
    name: 'a page is as the last write has left its items',
    run: async (subject) => {
      const [id = ''] = await filled(subject, 1)
      for (let n = 0; n < 10; n += 1) {
        await subject.put({ id, n: 1_000 + n })
        const [found] = (await scanned(subject, 2, 100)).filter((item) => item.id === id)
        assert.equal(found?.n, 1_000 + n)
      }
    },
  },
]

/** @returns the ids of all items that are there, in order */
async function filled(subject: TableScannerSubject, count: number): Promise<string[]> {
  for (const { id } of await scanned(subject, 1, 1_000)) await subject.remove(String(id))
  const ids: string[] = []
  for (let n = 0; n < count; n += 1) {
    const id = `${String(n).padStart(3, '0')}-${crypto.randomUUID()}`
    await subject.put({ id, n, raw: new Uint8Array([n, 255]), nested: { big: n + 0.5, none: null } })
    ids.push(id)
  }
  return ids.sort()
}

async function scanned(
  { scanner, table }: TableScannerSubject,
  segments: number,
  limit: number,
): Promise<Readonly<Record<string, unknown>>[]> {
  const all: Readonly<Record<string, unknown>>[] = []
  for (let segment = 0; segment < segments; segment += 1) {
    let cursor: string | undefined
    do {
      const page = await scanner.page(table, { segment, segments, limit, ...(cursor && { cursor }) })
      all.push(...page.items.map((item) => unmarshal(item)))
      cursor = page.cursor
    } while (cursor !== undefined)
  }
  return all
}
