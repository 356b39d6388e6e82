import assert from 'node:assert/strict'
import type { StateStore } from '../state-store.ts'
import type { Case } from './cases.ts'

const past = new Date(Date.UTC(2000, 0))
const future = new Date(Date.UTC(2100, 0))

/**
 * What every StateStore must do. The store may hold other items; the cases use random keys.
 *
 * @example
 * for (const { name, run } of stateStoreCases) test(name, () => run(myStore()))
 */
export const stateStoreCases: readonly Case<StateStore>[] = [
  {
    name: 'an item that was never set is absent',
    run: async (store) => assert.equal(await store.get(key()), undefined),
  },
  {
    name: 'what was set is read back whole',
    run: async (store) => {
      const id = key()
      const value = {
        text: 'Zoë "quoted" \u2028 🚀',
        number: 4.25,
        flag: false,
        nothing: null,
        list: [1, ['two']],
        map: { '': 'empty name' },
      }
      const set = await store.set(id, value, { expect: undefined })
      assert.ok(set.ok)
      assert.deepEqual(await store.get(id), { value, version: set.version })
    },
  },
  {
    name: 'a set that expects absence loses to what is there, and is told of it',
    run: async (store) => {
      const id = key()
      const first = await store.set(id, { n: 1 }, { expect: undefined })
      const second = await store.set(id, { n: 2 }, { expect: undefined })
      assert.ok(first.ok)
      assert.deepEqual(second, { ok: false, current: { value: { n: 1 }, version: first.version } })
    },
  },
  {
    name: 'a set that expects an old version loses; one that expects the current version wins and makes a new one',
    run: async (store) => {
      const id = key()
      const first = await store.set(id, { n: 1 }, { expect: undefined })
      assert.ok(first.ok)
      const second = await store.set(id, { n: 2 }, { expect: first.version })
      assert.ok(second.ok)
      assert.notEqual(second.version, first.version)
      assert.equal((await store.set(id, { n: 3 }, { expect: first.version })).ok, false)
      assert.deepEqual((await store.get(id))?.value, { n: 2 })
    },
  },
  {
    name: 'the same value set again is a new version',
    run: async (store) => {
      const id = key()
      const first = await store.set(id, { n: 1 }, { expect: undefined })
      assert.ok(first.ok)
      const second = await store.set(id, { n: 1 }, { expect: first.version })
      assert.ok(second.ok)
      assert.equal((await store.set(id, { n: 1 }, { expect: first.version })).ok, false)
    },
  },
  {
    name: 'a set that expects a version of an absent item loses',
    run: async (store) =>
      assert.deepEqual(await store.set(key(), {}, { expect: 'never' }), { ok: false, current: undefined }),
  },
  {
    name: 'of many that race, one wins',
    run: async (store) => {
      const id = key()
      const racers = Array.from({ length: 8 }, (_, n) => store.set(id, { n }, { expect: undefined }))
      assert.equal((await Promise.all(racers)).filter(({ ok }) => ok).length, 1)
    },
  },
  {
    name: 'an expired item is absent for every method',
    run: async (store) => {
      const id = key()
      const set = await store.set(id, { n: 1 }, { expect: undefined, expiresAt: past })
      assert.ok(set.ok)
      assert.equal(await store.get(id), undefined)
      assert.equal((await store.set(id, { n: 2 }, { expect: set.version })).ok, false)
      assert.equal(await store.delete(id, set.version), false)
      assert.ok((await store.set(id, { n: 3 }, { expect: undefined, expiresAt: future })).ok)
      assert.deepEqual((await store.get(id))?.value, { n: 3 })
    },
  },
  {
    name: 'a delete needs the current version',
    run: async (store) => {
      const id = key()
      const first = await store.set(id, { n: 1 }, { expect: undefined })
      assert.ok(first.ok)
      const second = await store.set(id, { n: 2 }, { expect: first.version })
      assert.ok(second.ok)
      assert.equal(await store.delete(id, first.version), false)
      assert.equal(await store.delete(id, second.version), true)
      assert.equal(await store.get(id), undefined)
      assert.equal(await store.delete(id, second.version), false)
    },
  },
  {
    name: 'keys of 1,024 bytes and values of 300 KB fit',
    run: async (store) => {
      const id = key().padEnd(1_024, 'k')
      const value = { text: 'x'.repeat(300_000) }
      assert.ok((await store.set(id, value, { expect: undefined })).ok)
      assert.deepEqual((await store.get(id))?.value, value)
    },
  },
]

function key(): string {
  return `conformance/${crypto.randomUUID()}/ü #?%`
}
