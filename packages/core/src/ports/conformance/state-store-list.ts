import assert from 'node:assert/strict'
import type { StateItem, StatePage, StateStore, StateValue } from '../state-store.ts'
import type { Case } from './cases.ts'
import { outage } from './outage.ts'

const past = new Date(Date.UTC(2000, 0))
const MOST_ITEMS = 1_000
const MEBIBYTE = 1_048_576
/** More than any case needs: a store whose cursor leads nowhere would be listed for ever. */
const MOST_PAGES = 100

/**
 * What every StateStore must do that has `list`. The store may hold other items; the cases use random keys.
 *
 * @example
 * for (const { name, run } of stateStoreListCases) test(name, () => run(myStore))
 */
export const stateStoreListCases: readonly Case<StateStore>[] = [
  {
    name: 'a collection that was never written to has one page, without items',
    run: async (store) =>
      assert.deepEqual(await page(store, `${collection()}//`), { items: [], cursor: undefined }),
  },
  {
    name: 'a prefix that names no collection is refused',
    run: async (store) => {
      for (const prefix of ['', 'a', 'a/b', '//', '//a', 'https://a', 'a/https://b'])
        await assert.rejects(async () => page(store, prefix), { code: 'state-key' })
    },
  },
  {
    name: 'a prefix with which no key of a store begins is refused',
    run: async (store) => {
      for (const tail of ['k'.repeat(1_024), '\ud800'])
        await assert.rejects(async () => page(store, `${collection()}//${tail}`), { code: 'permanent' })
    },
  },
  {
    name: 'what is listed has the values and versions that a get answers with, and is set and deleted like any other item',
    run: async (store) => {
      const at = collection()
      const keys = [`${at}//a`, `${at}//b`, `${at}//c`]
      for (const key of keys) await put(store, key, { key, list: [1, { n: 'ü' }] })
      assert.deepEqual(await all(store, `${at}//`), await Promise.all(keys.map((key) => found(store, key))))
      const [a, b] = await all(store, `${at}//`)
      assert.ok(a && b)
      const set = await store.set(b.key, { n: 2 }, { expect: b.item.version })
      assert.equal(set.ok, true)
      assert.equal(await store.delete(a.key, a.item.version), true)
      assert.equal((await store.set(b.key, { n: 3 }, { expect: b.item.version })).ok, false)
      assert.deepEqual(
        (await all(store, `${at}//`)).map(({ key, item }) => [key, item.value]),
        [
          [keys[1], { n: 2 }],
          [keys[2], { key: keys[2], list: [1, { n: 'ü' }] }],
        ],
      )
    },
  },
  {
    name: 'items come in the order of the UTF-8 bytes of their keys, whatever is in them',
    run: async (store) => {
      const at = collection()
      // By UTF-16 the rocket comes before the last of them.
      const members = [
        '',
        ' ',
        '!',
        '#?%',
        '-',
        '/',
        '//',
        '/a//b',
        '0',
        '10',
        '9',
        ':',
        ':/',
        'A',
        'Z',
        '[',
        'a',
        'a ',
        'aa',
        'b',
        '|',
        '~',
        '\u00e9',
        'é'.normalize('NFD'),
        'ÿ',
        '山',
        '\uffee',
        '🚀',
      ]
      await together(members, (member, n) => put(store, `${at}//${member}`, { n }))
      const sorted = members.map((member) => `${at}//${member}`).sort(byBytes)
      assert.deepEqual(keysOf(await all(store, `${at}//`)), sorted)
      for (const [n, member] of members.entries())
        assert.deepEqual((await store.get(`${at}//${member}`))?.value, { n })
    },
  },
  {
    name: 'a prefix ends where it ends: what begins otherwise, other collections and other keys are absent',
    run: async (store) => {
      const at = collection()
      const inside = [`${at}//b`, `${at}//b-`, `${at}//b//c`, `${at}//b/`, `${at}//bb`]
      const outside = [`${at}//`, `${at}//a`, `${at}//B`, `${at}//c`, `${at}/x//b`, `${at}x//b`, `${at}//á`]
      const others = [at, `${at}/`, `${at}/b`, `${at}://b`, `x${at}//b`]
      await together([...inside, ...outside, ...others], (key, n) => put(store, key, { n }))
      assert.deepEqual(keysOf(await all(store, `${at}//b`)), [...inside].sort(byBytes))
      assert.deepEqual(keysOf(await all(store, `${at}//b//c`)), [`${at}//b//c`])
      assert.deepEqual(keysOf(await all(store, `${at}//d`)), [])
      assert.equal((await all(store, `${at}//`)).length, inside.length + outside.length - 2)
      for (const key of others) assert.notEqual(await store.get(key), undefined)
    },
  },
  {
    name: 'a key that is not listed is another item than each that is',
    run: async (store) => {
      const at = collection()
      const keys = [at, `${at}/`, `${at}//`, `${at}//-`, `${at}///`, `${at}//${at}`, `${at}-`, `${at}/-`]
      await together(keys, (key, n) => put(store, key, { n }))
      for (const [n, key] of keys.entries()) assert.deepEqual((await store.get(key))?.value, { n })
    },
  },
  {
    name: 'what was deleted or has expired is absent',
    run: async (store) => {
      const at = collection()
      const gone = await put(store, `${at}//a`, { n: 1 })
      await put(store, `${at}//b`, { n: 1 }, past)
      await put(store, `${at}//c`, { n: 1 })
      assert.equal(await store.delete(`${at}//a`, gone), true)
      assert.deepEqual(keysOf(await all(store, `${at}//`)), [`${at}//c`])
      await put(store, `${at}//b`, { n: 2 })
      assert.deepEqual(keysOf(await all(store, `${at}//`)), [`${at}//b`, `${at}//c`])
    },
  },
  {
    name: 'keys of 1,024 bytes are listed, whether their collection is long or their member',
    run: async (store) => {
      for (const at of [collection(), `${collection()}/${'c'.repeat(800)}`]) {
        const room = 1_024 - Buffer.byteLength(`${at}//`)
        const keys = ['a', 'b'].map((last) => `${at}//${'k'.repeat(room - 1)}${last}`)
        for (const [n, key] of keys.entries()) await put(store, key, { n })
        assert.deepEqual(keysOf(await all(store, `${at}//`)), keys)
        assert.deepEqual(keysOf(await all(store, keys[1] ?? '')), [keys[1]])
      }
    },
  },
  {
    name: 'more than 1,000 items are several pages, each of them in order, and each item in one',
    run: async (store) => {
      const at = collection()
      const keys = Array.from({ length: MOST_ITEMS + 5 }, (_, n) => `${at}//${String(n).padStart(5, '0')}`)
      await together(keys, (key, n) => put(store, key, { n }))
      const pages = await pagesOf(store, `${at}//`)
      assert.ok(pages.length >= 2)
      for (const { items } of pages) assert.ok(items.length <= MOST_ITEMS, `a page of ${items.length} items`)
      assert.deepEqual(keysOf(pages.flatMap(({ items }) => items)), keys)
    },
  },
  {
    name: 'a page is of about 1 MiB, and a value of 300 KB fits one',
    run: async (store) => {
      const at = collection()
      const keys = Array.from({ length: 9 }, (_, n) => `${at}//${n}`)
      for (const key of keys) await put(store, key, { text: 'x'.repeat(300_000) })
      const pages = await pagesOf(store, `${at}//`)
      for (const { items } of pages) {
        const bytes = items.reduce((sum, { item }) => sum + JSON.stringify(item.value).length, 0)
        assert.ok(bytes <= 1.5 * MEBIBYTE, `a page of ${bytes} bytes`)
      }
      assert.deepEqual(keysOf(pages.flatMap(({ items }) => items)), keys)
    },
  },
  {
    name: 'whatever is written between two pages, what was there throughout is in one of them, and nothing is in two',
    run: async (store) => {
      const at = collection()
      const keys = Array.from({ length: 9 }, (_, n) => `${at}//${n}`)
      const versions = new Map<string, string>()
      for (const key of keys) versions.set(key, await put(store, key, { text: 'x'.repeat(300_000) }))
      const first = await page(store, `${at}//`)
      assert.notEqual(first.cursor, undefined)
      const seen = keysOf(first.items)
      // The last one that was seen is where the cursor stands; the last one of all was not seen yet.
      const removed = [seen.at(-1) ?? '', keys[0] ?? '', keys[8] ?? '']
      for (const key of new Set(removed)) assert.equal(await store.delete(key, versions.get(key) ?? ''), true)
      const changed = keys.filter((key) => !removed.includes(key))
      for (const key of changed) {
        const set = await store.set(key, { n: 1 }, { expect: versions.get(key) })
        assert.equal(set.ok, true)
      }
      for (const member of ['', '0a', '8a', '9']) await put(store, `${at}//${member}`, { n: 1 })
      const rest = keysOf((await pagesOf(store, `${at}//`, first.cursor)).flatMap(({ items }) => items))
      const told = [...seen, ...rest]
      assert.deepEqual(told, [...new Set(told)].sort(byBytes))
      for (const key of changed) assert.ok(told.includes(key), `'${key}' is in no page`)
      assert.ok(!rest.includes(keys[8] ?? ''), 'what was deleted before its page is in it')
      // What came behind the cursor, and before its page, was there when that page was made.
      for (const member of ['8a', '9']) assert.ok(rest.includes(`${at}//${member}`))
    },
  },
  {
    name: 'nobody changes an item through what was listed',
    run: async (store) => {
      const key = `${collection()}//a`
      await put(store, key, { list: [1] })
      const [listed] = await all(store, key)
      const { list } = listed?.item.value ?? {}
      if (Array.isArray(list)) list.push(2)
      assert.deepEqual((await store.get(key))?.value, { list: [1] })
    },
  },
]

/** For a StateStore with `list` whose backend is out. */
export const stateStoreListOutageCases: readonly Case<StateStore>[] = [
  outage('list', (store) => page(store, 'conformance//')),
]

type Listed = StatePage['items'][number]

async function page(store: StateStore, prefix: string, cursor?: string): Promise<StatePage> {
  assert.ok(store.list, 'the store has no list')
  return store.list(prefix, cursor)
}

async function pagesOf(store: StateStore, prefix: string, from?: string): Promise<readonly StatePage[]> {
  const pages = [await page(store, prefix, from)]
  for (let cursor = pages[0]?.cursor; cursor !== undefined; cursor = pages.at(-1)?.cursor) {
    assert.ok(pages.length < MOST_PAGES, 'the last page does not come')
    pages.push(await page(store, prefix, cursor))
  }
  return pages
}

async function all(store: StateStore, prefix: string): Promise<readonly Listed[]> {
  return (await pagesOf(store, prefix)).flatMap(({ items }) => items)
}

async function found(store: StateStore, key: string): Promise<{ key: string; item: StateItem | undefined }> {
  return { key, item: await store.get(key) }
}

async function put(store: StateStore, key: string, value: StateValue, expiresAt?: Date): Promise<string> {
  const result = await store.set(key, value, { expect: undefined, ...(expiresAt && { expiresAt }) })
  assert.ok(result.ok, `a set of '${key}' that expected absence lost`)
  return result.version
}

/** A few at a time: a store may have few connections. */
async function together<T>(
  items: readonly T[],
  run: (item: T, n: number) => Promise<unknown>,
): Promise<void> {
  const left = [...items.entries()]
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await run(next[1], next[0])
  }
  await Promise.all(Array.from({ length: 25 }, worker))
}

function keysOf(items: readonly Listed[]): string[] {
  return items.map(({ key }) => key)
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function collection(): string {
  return `conformance/${crypto.randomUUID()}/ü #?%`
}
