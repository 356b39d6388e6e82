import assert from 'node:assert/strict'
import { STATE_LIMITS } from '../state-limits.ts'
import type { StateStore, StateValue } from '../state-store.ts'
import type { Case } from './cases.ts'

const refused = { code: 'permanent' }

/** What no StateStore takes: that a store could is no reason, since what works with it would fail with another one. */
export const stateStoreLimitCases: readonly Case<StateStore>[] = [
  {
    name: 'a key that not every store holds is refused by each method',
    run: async (store) => {
      const at = `conformance/${crypto.randomUUID()}`
      const keys = [
        '',
        at + 'k'.repeat(STATE_LIMITS.key),
        at + 'ü'.repeat(STATE_LIMITS.key / 2),
        `${at}//${'k'.repeat(STATE_LIMITS.member + 1)}`,
        ...['\ud800', '\ud801', '\udfff', '\udfff\ud800', 'a\ud83d/b'].map((half) => `${at}/${half}`),
        `${at}//\ud800`,
      ]
      for (const key of keys) {
        await assert.rejects(async () => store.set(key, {}, { expect: undefined }), refused, `set ${key}`)
        await assert.rejects(async () => store.get(key), refused, `get ${key}`)
        await assert.rejects(async () => store.delete(key, 'never'), refused, `delete ${key}`)
      }
    },
  },
  {
    name: 'the longest keys and the largest values fit together, and larger values are refused',
    run: async (store) => {
      const expiresAt = new Date(Date.UTC(2100, 0))
      const at = `conformance/${crypto.randomUUID()}`
      const plain = `${at}/${'k'.repeat(STATE_LIMITS.key - at.length - 1)}`
      const listed = `${at}//${'k'.repeat(STATE_LIMITS.member)}`
      for (const key of [plain, listed])
        for (const character of ['x', 'ü', '山']) {
          const value = { text: textOf(STATE_LIMITS.value, character) }
          const { version } = await put(store, key, value, expiresAt)
          assert.deepEqual(await store.get(key), { value, version })
          await assert.rejects(
            async () => store.set(key, { text: `${value.text}x` }, { expect: version }),
            refused,
          )
          assert.deepEqual(await store.get(key), { value, version })
          assert.equal(await store.delete(key, version), true)
        }
    },
  },
  {
    name: 'any moment may be an end, and what is no moment is refused',
    run: async (store) => {
      const key = `conformance/${crypto.randomUUID()}`
      const ends = [new Date(0), new Date(-1), new Date(-8.64e15), new Date(8.64e15)]
      for (const [n, expiresAt] of ends.entries()) {
        await put(store, `${key}/${n}`, { n }, expiresAt)
        const isThere = (await store.get(`${key}/${n}`)) !== undefined
        assert.equal(isThere, expiresAt.getTime() > 0, `an end at ${expiresAt.getTime()}`)
      }
      const set = async () => store.set(key, {}, { expect: undefined, expiresAt: new Date(Number.NaN) })
      await assert.rejects(set, refused)
      assert.equal(await store.get(key), undefined)
    },
  },
  {
    name: 'a value comes back as JSON has it, whatever its names and texts are',
    run: async (store) => {
      const key = `conformance/${crypto.randomUUID()}`
      // Parsed, so that it is a field and no prototype.
      const value: StateValue = JSON.parse('{"__proto__":{"a":1},"half":"\\ud800","zero":-0,"n":1e21}')
      await put(store, key, value)
      assert.equal(
        JSON.stringify((await store.get(key))?.value),
        '{"__proto__":{"a":1},"half":"\\ud800","zero":0,"n":1e+21}',
      )
    },
  },
]

/** So long that `{ text }` has so many bytes of JSON. */
function textOf(bytes: number, character: string): string {
  const room = bytes - Buffer.byteLength('{"text":""}')
  const text = character.repeat(Math.floor(room / Buffer.byteLength(character)))
  return text + 'x'.repeat(room - Buffer.byteLength(text))
}

async function put(store: StateStore, key: string, value: StateValue, expiresAt?: Date) {
  const result = await store.set(key, value, { expect: undefined, ...(expiresAt && { expiresAt }) })
  assert.ok(result.ok, 'a set that expected absence lost')
  return result
}
