import assert from 'node:assert/strict'
import type { ReferenceStore } from '../reference-store.ts'
import type { Case } from './cases.ts'

export interface ReferenceStoreSubject {
  readonly store: ReferenceStore
  /** Lets the store's time pass. */
  readonly advance: (ms: number) => Promise<void>
}

/** What every ReferenceStore must do. The store may hold other keys; the cases use random ones. */
export const referenceStoreCases: readonly Case<ReferenceStoreSubject>[] = [
  {
    name: 'a key that was never set is absent',
    run: async ({ store }) => assert.equal(await store.get(key()), undefined),
  },
  {
    name: 'what was set is read back, and replaced by the next set',
    run: async ({ store }) => {
      const id = key()
      await store.set(id, 'first', 60_000)
      await store.set(id, 'zweite ✓\n', 60_000)
      assert.equal(await store.get(id), 'zweite ✓\n')
    },
  },
  {
    name: 'add stores into nothing only',
    run: async ({ store }) => {
      const id = key()
      assert.equal(await store.add(id, 'first', 60_000), true)
      assert.equal(await store.add(id, 'second', 60_000), false)
      assert.equal(await store.get(id), 'first')
    },
  },
  {
    name: 'of many that add, one wins',
    run: async ({ store }) => {
      const id = key()
      const added = await Promise.all(Array.from({ length: 8 }, (_, n) => store.add(id, String(n), 60_000)))
      assert.equal(added.filter(Boolean).length, 1)
    },
  },
  {
    name: 'a deleted key is absent, and deleting it again is fine',
    run: async ({ store }) => {
      const id = key()
      await store.set(id, 'x', 60_000)
      await store.delete(id)
      await store.delete(id)
      assert.equal(await store.get(id), undefined)
    },
  },
  {
    name: 'a key is absent once its time to live is over',
    run: async ({ store, advance }) => {
      const id = key()
      await store.set(id, 'x', 50)
      await advance(80)
      assert.equal(await store.get(id), undefined)
      assert.equal(await store.add(id, 'y', 60_000), true)
    },
  },
  {
    name: 'a time to live of 31 days lasts',
    run: async ({ store }) => {
      const id = key()
      await store.set(id, 'x', 31 * 86_400_000)
      assert.equal(await store.get(id), 'x')
    },
  },
]

function key(): string {
  return `conformance/${crypto.randomUUID()}`
}
