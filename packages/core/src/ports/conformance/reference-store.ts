import assert from 'node:assert/strict'
import { REFERENCE_LIMITS } from '../reference-limits.ts'
import type { ReferenceStore } from '../reference-store.ts'
import type { Case } from './cases.ts'

export interface ReferenceStoreSubject {
  readonly store: ReferenceStore
  /** Lets the store's time pass. */
  readonly advance: (ms: number) => Promise<void>
  /** The shortest time to live that the store can tell from none, in milliseconds: 1,000 for Memcached. @default 50 */
  readonly resolution?: number
}

const MINUTE = 60_000

/**
 * What every ReferenceStore must do. The store may hold other keys; the cases use random ones.
 *
 * @example
 * for (const { name, run } of referenceStoreCases) test(name, () => run({ store: myReferences, advance }))
 */
export const referenceStoreCases: readonly Case<ReferenceStoreSubject>[] = [
  {
    name: 'a key that was never set is absent, and deleting it is fine',
    run: async ({ store }) => {
      const id = key()
      await store.delete(id)
      assert.equal(await store.get(id), undefined)
    },
  },
  {
    name: 'what was set is read back, and replaced by the next set',
    run: async ({ store }) => {
      const id = key()
      for (const value of ['first', 'zweite ✓\n', '', '1602251441.001700', 'arn:'.padEnd(2_048, 'x')]) {
        await store.set(id, value, MINUTE)
        assert.equal(await store.get(id), value)
      }
    },
  },
  {
    name: 'add stores into nothing only',
    run: async ({ store }) => {
      const id = key()
      assert.equal(await store.add(id, 'first', MINUTE), true)
      assert.equal(await store.add(id, 'second', MINUTE), false)
      assert.equal(await store.get(id), 'first')
      await store.delete(id)
      assert.equal(await store.add(id, 'third', MINUTE), true)
      assert.equal(await store.get(id), 'third')
    },
  },
  {
    name: 'of many that add, one wins',
    run: async ({ store }) => {
      const id = key()
      const added = await Promise.all(Array.from({ length: 8 }, (_, n) => store.add(id, String(n), MINUTE)))
      assert.equal(added.filter(Boolean).length, 1)
      assert.equal(await store.get(id), String(added.indexOf(true)))
    },
  },
  {
    name: 'a deleted key is absent, and deleting it again is fine',
    run: async ({ store }) => {
      const id = key()
      await store.set(id, 'x', MINUTE)
      await store.delete(id)
      await store.delete(id)
      assert.equal(await store.get(id), undefined)
    },
  },
  {
    name: 'a key is absent once its time to live is over, whether it was set or added',
    run: async ({ store, advance, resolution = 50 }) => {
      const [set, added, stays] = [key(), key(), key()]
      await store.set(set, 'x', resolution)
      await store.add(added, 'x', resolution)
      await store.set(stays, 'x', resolution)
      await store.set(stays, 'y', MINUTE)
      await advance(resolution * 2)
      assert.deepEqual(await Promise.all([set, added, stays].map((id) => store.get(id))), [
        undefined,
        undefined,
        'y',
      ])
      assert.equal(await store.add(set, 'z', MINUTE), true)
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
  {
    name: 'keys of 1,024 bytes and of any characters are kept apart',
    run: async ({ store }) => {
      const prefix = `${key()} ü\n\r\u0000🚀`
      const long = prefix + 'k'.repeat(1_023 - Buffer.byteLength(prefix))
      const ids = [`${long}a`, `${long}b`, prefix, `${prefix} `]
      for (const [n, id] of ids.entries()) await store.set(id, String(n), MINUTE)
      for (const [n, id] of ids.entries()) assert.equal(await store.get(id), String(n))
    },
  },
  {
    name: 'a key that not every store holds is refused by each method',
    run: async ({ store }) => {
      const long = key() + 'ü'.repeat(REFERENCE_LIMITS.key / 2)
      for (const id of [long, `${key()}\ud800`, `${key()}\udfff\ud800`])
        for (const call of [
          () => store.set(id, 'x', MINUTE),
          () => store.add(id, 'x', MINUTE),
          () => store.get(id),
          () => store.delete(id),
        ])
          await assert.rejects(async () => call(), { code: 'permanent' })
    },
  },
  {
    name: 'a value or a time to live that not every store holds is refused, and nothing is written',
    run: async ({ store }) => {
      const id = key()
      const largest = 'x'.repeat(REFERENCE_LIMITS.value)
      await store.set(id, largest, MINUTE)
      assert.equal(await store.get(id), largest)
      const wrong = [
        [`${largest}x`, MINUTE],
        ['\ud800', MINUTE],
        ['x', Number.NaN],
        ['x', Number.POSITIVE_INFINITY],
      ] as const
      for (const [value, ttl] of wrong) {
        await assert.rejects(async () => store.set(id, value, ttl), { code: 'permanent' })
        await assert.rejects(async () => store.add(id, value, ttl), { code: 'permanent' })
      }
      assert.equal(await store.get(id), largest)
    },
  },
]

function key(): string {
  return `conformance/${crypto.randomUUID()}`
}
