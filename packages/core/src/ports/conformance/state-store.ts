import assert from 'node:assert/strict'
import type { SetResult, StateStore, StateValue } from '../state-store.ts'
import type { Case } from './cases.ts'
import { stateStoreLimitCases } from './state-store-limits.ts'

const past = new Date(Date.UTC(2000, 0))
const future = new Date(Date.UTC(2100, 0))
/** More than eight that race can need; a store that tells nothing would let them try for ever. */
const MOST_TRIES = 100

/**
 * What every StateStore must do. The store may hold other items; the cases use random keys.
 *
 * @example
 * for (const { name, run } of stateStoreCases) test(name, () => run(myStore))
 */
export const stateStoreCases: readonly Case<StateStore>[] = [
  {
    name: 'an item that was never set is absent',
    run: async (store) => assert.equal(await store.get(key()), undefined),
  },
  {
    name: 'what was set is read back whole',
    run: async (store) => {
      for (const value of [{}, values()]) {
        const id = key()
        const version = await put(store, id, value)
        assert.deepEqual(await store.get(id), { value, version })
      }
    },
  },
  {
    name: 'what JSON would change is refused, and nothing is written',
    run: async (store) => {
      const values = [
        new Set(['a']),
        new Uint8Array([1]),
        new Date(0),
        1n,
        Number.NaN,
        [undefined],
        new Map(),
        () => 1,
      ]
      for (const value of values) {
        const id = key()
        // A caller without types, or with a cast.
        const wrong = { deep: [value] } as unknown as StateValue
        await assert.rejects(store.set(id, wrong, { expect: undefined }), { code: 'permanent' })
        assert.equal(await store.get(id), undefined)
      }
    },
  },
  {
    name: 'a set that expects absence loses to what is there, and is told of it',
    run: async (store) => {
      const id = key()
      const version = await put(store, id, { n: 1 })
      const second = await store.set(id, { n: 2 }, { expect: undefined })
      assert.deepEqual(second, { ok: false, current: { value: { n: 1 }, version } })
    },
  },
  {
    name: 'a set that expects an old version loses and is told of the new one; the current version wins',
    run: async (store) => {
      const id = key()
      const first = await put(store, id, { n: 1 })
      const second = await put(store, id, { n: 2 }, { expect: first })
      assert.notEqual(second, first)
      const late = await store.set(id, { n: 3 }, { expect: first })
      assert.deepEqual(late, { ok: false, current: { value: { n: 2 }, version: second } })
      assert.deepEqual((await store.get(id))?.value, { n: 2 })
    },
  },
  {
    name: 'the same value set again is a new version',
    run: async (store) => {
      const id = key()
      const first = await put(store, id, { n: 1 })
      await put(store, id, { n: 1 }, { expect: first })
      assert.equal((await store.set(id, { n: 1 }, { expect: first })).ok, false)
    },
  },
  {
    name: 'a version does not come back when the item was deleted or expired in between',
    run: async (store) => {
      const id = key()
      const versions = new Set<string>()
      for (let n = 0; n < 3; n += 1) {
        const version = await put(store, id, { n: 1 })
        versions.add(version)
        assert.equal(await store.delete(id, version), true)
        versions.add(await put(store, id, { n: 1 }, { expiresAt: past }))
      }
      assert.equal(versions.size, 6)
    },
  },
  {
    name: 'a set that expects a version of an absent item loses',
    run: async (store) =>
      assert.deepEqual(await store.set(key(), {}, { expect: 'never' }), { ok: false, current: undefined }),
  },
  {
    name: 'of many that race for an absent item one wins, and the others are told of the winner',
    run: async (store) => {
      const id = key()
      await assertOneWins(
        store,
        id,
        race((n) => store.set(id, { n }, { expect: undefined })),
      )
    },
  },
  {
    name: 'of many that race for one version one wins, and the others are told of the winner',
    run: async (store) => {
      const id = key()
      const version = await put(store, id, { n: -1 })
      await assertOneWins(
        store,
        id,
        race((n) => store.set(id, { n }, { expect: version })),
      )
    },
  },
  {
    name: 'of many that race for an expired item one wins',
    run: async (store) => {
      const id = key()
      await put(store, id, { n: -1 }, { expiresAt: past })
      await assertOneWins(
        store,
        id,
        race((n) => store.set(id, { n }, { expect: undefined })),
      )
    },
  },
  {
    name: 'of a set and deletes that race for one version one wins',
    run: async (store) => {
      const id = key()
      const version = await put(store, id, { n: 1 })
      const won = await Promise.all([
        store.delete(id, version),
        store.set(id, { n: 2 }, { expect: version }).then(({ ok }) => ok),
        store.delete(id, version),
      ])
      assert.equal(won.filter(Boolean).length, 1)
      assert.deepEqual((await store.get(id))?.value, won[1] ? { n: 2 } : undefined)
    },
  },
  {
    name: 'increments by compare-and-set lose none, starting over from what a lost set was told',
    run: async (store) => {
      const id = key()
      const increment = async () => {
        let known = await store.get(id)
        for (let tries = 0; tries < MOST_TRIES; tries += 1) {
          const result = await store.set(
            id,
            { n: Number(known?.value.n ?? 0) + 1 },
            { expect: known?.version },
          )
          if (result.ok) return
          known = result.current
        }
        assert.fail('a set that starts over from what it was told never wins')
      }
      await Promise.all(Array.from({ length: 8 }, increment))
      assert.deepEqual((await store.get(id))?.value, { n: 8 })
    },
  },
  {
    name: 'calls for many keys run at the same time',
    run: async (store) => {
      const ids = Array.from({ length: 50 }, key)
      await Promise.all(ids.map((id, n) => put(store, id, { n })))
      const read = await Promise.all(ids.map((id) => store.get(id)))
      assert.deepEqual(
        read.map((item) => item?.value.n),
        ids.map((_, n) => n),
      )
    },
  },
  {
    name: 'an expired item is absent for every method',
    run: async (store) => {
      const id = key()
      const version = await put(store, id, { n: 1 }, { expiresAt: past })
      assert.equal(await store.get(id), undefined)
      assert.deepEqual(await store.set(id, { n: 2 }, { expect: version }), { ok: false, current: undefined })
      assert.equal(await store.delete(id, version), false)
      await put(store, id, { n: 3 }, { expiresAt: future })
      assert.deepEqual((await store.get(id))?.value, { n: 3 })
    },
  },
  {
    name: 'a delete needs the current version',
    run: async (store) => {
      const id = key()
      const first = await put(store, id, { n: 1 })
      const second = await put(store, id, { n: 2 }, { expect: first })
      assert.equal(await store.delete(id, first), false)
      assert.equal(await store.delete(id, second), true)
      assert.equal(await store.get(id), undefined)
      assert.equal(await store.delete(id, second), false)
    },
  },
  {
    name: 'keys of 1,024 bytes and values of 300 KB fit',
    run: async (store) => {
      const prefix = key()
      const id = prefix + 'k'.repeat(1_024 - Buffer.byteLength(prefix))
      for (const text of ['x'.repeat(300_000), 'ü'.repeat(150_000)]) {
        const version = await put(store, id, { text })
        assert.deepEqual((await store.get(id))?.value, { text })
        await store.delete(id, version)
      }
    },
  },
  {
    name: 'keys that look alike are different items',
    run: async (store) => {
      const prefix = key()
      const ids = ['', 'é', 'e\u0301', 'É', ' é', 'é ', '/é', 'é/', 'é\n', '*', '🚀'].map((id) => prefix + id)
      const long = prefix + 'k'.repeat(1_023 - Buffer.byteLength(prefix))
      ids.push(`${long}a`, `${long}b`)
      for (const [n, id] of ids.entries()) await put(store, id, { n })
      for (const [n, id] of ids.entries()) assert.deepEqual((await store.get(id))?.value, { n })
    },
  },
  {
    name: 'nobody changes an item through what was handed in or out',
    run: async (store) => {
      const id = key()
      const list = [1]
      await put(store, id, { list })
      list.push(2)
      const read = (await store.get(id))?.value.list
      if (Array.isArray(read)) read.push(3)
      assert.deepEqual((await store.get(id))?.value, { list: [1] })
    },
  },
  ...stateStoreLimitCases,
]

export interface StateStoreExpirySubject {
  readonly store: StateStore
  /** Milliseconds since 1970, as the store sees it. */
  readonly now: () => number
  /** Lets the store's time pass. */
  readonly advance: (ms: number) => Promise<void>
}

/** What every StateStore must do as time passes: for stores whose time a test can move, or wait for. */
export const stateStoreExpiryCases: readonly Case<StateStoreExpirySubject>[] = [
  {
    name: 'an item is there until it expires, and is absent a second later at the latest',
    run: async ({ store, now, advance }) => {
      const id = key()
      const version = await put(store, id, { n: 1 }, { expiresAt: new Date(now() + 2_000) })
      assert.deepEqual((await store.get(id))?.version, version)
      await advance(3_001)
      assert.equal(await store.get(id), undefined)
      await put(store, id, { n: 2 })
    },
  },
  {
    name: 'each set decides anew when the item expires',
    run: async ({ store, now, advance }) => {
      const [later, never] = [key(), key()]
      for (const id of [later, never]) {
        const expect = await put(store, id, { n: 1 }, { expiresAt: new Date(now() + 2_000) })
        const expiresAt = id === later ? { expiresAt: new Date(now() + 60_000) } : {}
        await put(store, id, { n: 2 }, { expect, ...expiresAt })
      }
      await advance(3_001)
      for (const id of [later, never]) assert.deepEqual((await store.get(id))?.value, { n: 2 })
    },
  },
]

async function put(
  store: StateStore,
  id: string,
  value: StateValue,
  { expect, ...rest }: { readonly expect?: string; readonly expiresAt?: Date } = {},
): Promise<string> {
  const result = await store.set(id, value, { expect, ...rest })
  assert.ok(result.ok, `a set that expected ${expect ?? 'absence'} lost`)
  return result.version
}

function race(run: (n: number) => Promise<SetResult>): Promise<SetResult[]> {
  return Promise.all(Array.from({ length: 8 }, (_, n) => run(n)))
}

async function assertOneWins(store: StateStore, id: string, racing: Promise<SetResult[]>): Promise<void> {
  const results = await racing
  const winners = results.flatMap((result, n) => (result.ok ? [{ n, version: result.version }] : []))
  assert.equal(winners.length, 1)
  const winner = { value: { n: winners[0]?.n }, version: winners[0]?.version }
  assert.deepEqual(await store.get(id), winner)
  for (const result of results) if (!result.ok) assert.deepEqual(result.current, winner)
}

function values(): StateValue {
  return {
    text: 'Zoë "quoted" \\ \u0000 \u2028 🚀',
    numbers: [0, 4.25, -1e-7, 1e308, Number.MAX_SAFE_INTEGER],
    flag: false,
    nothing: null,
    empty: '',
    list: [1, ['two', []], {}],
    map: { '': 'empty name', 'with.dot': { $set: true }, constructor: 'a name like another' },
  }
}

function key(): string {
  return `conformance/${crypto.randomUUID()}/ü #?%`
}
