import {
  type Clock,
  checkStateKey,
  checkStateWrite,
  listedPrefix,
  type StateItem,
  type StateStore,
  type StateValue,
  systemClock,
} from '../ports/index.ts'
import { bare, check, port } from '../shapes.ts'
import { exactJson } from '../wire/index.ts'

/** Of a page of `list`. */
const MOST = { items: 1_000, bytes: 1_048_576 }

export const STATE = { options: bare({ clock: port('now', 'a Clock') }) }

/** A StateStore in this process: for tests and single-process trials. */
export function memoryState(options: { readonly clock?: Clock } = {}): StateStore {
  check('memoryState', STATE, { options })
  const { clock = systemClock } = options
  const items = new Map<string, Kept>()
  let writes = 0

  function current(key: string) {
    const item = items.get(key)
    if (item !== undefined && item.expiresAt <= clock.now()) {
      items.delete(key)
      return undefined
    }
    return item
  }

  return {
    get: async (key) => {
      checkStateKey(key)
      return itemOf(current(key))
    },
    set: async (key, value, { expect, expiresAt }) => {
      const json = exactJson(value, `the value of '${key}'`)
      checkStateWrite(key, json, expiresAt)
      const found = current(key)
      if (found?.version !== expect) return { ok: false, current: itemOf(found) }
      const version = String(++writes)
      items.set(key, { json, version, expiresAt: expiresAt?.getTime() ?? Number.POSITIVE_INFINITY })
      return { ok: true, version }
    },
    delete: async (key, version) => {
      checkStateKey(key)
      if (current(key)?.version !== version) return false
      return items.delete(key)
    },
    list: async (prefix, cursor) => {
      listedPrefix(prefix)
      checkStateKey(prefix)
      const after = cursor === undefined ? undefined : Buffer.from(cursor)
      const found = [...items.keys()]
        .filter((key) => key.startsWith(prefix))
        .map((key) => ({ key, bytes: Buffer.from(key) }))
        .filter(({ bytes }) => after === undefined || Buffer.compare(bytes, after) > 0)
        .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
      const page: { readonly key: string; readonly item: StateItem }[] = []
      let size = 0
      for (const { key, bytes } of found) {
        const kept = current(key)
        const item = itemOf(kept)
        if (kept === undefined || item === undefined) continue
        const last = page.at(-1)
        size += bytes.length + Buffer.byteLength(kept.json)
        if (last !== undefined && (page.length === MOST.items || size > MOST.bytes))
          return { items: page, cursor: last.key }
        page.push({ key, item })
      }
      return { items: page, cursor: undefined }
    },
  }
}

/** As JSON, as every store has it: nobody changes an item through what was handed in or out. */
interface Kept {
  readonly json: string
  readonly version: string
  readonly expiresAt: number
}

function itemOf(kept: Kept | undefined): StateItem | undefined {
  if (kept === undefined) return undefined
  // Written by `set` alone, as the JSON of a StateValue.
  return { value: JSON.parse(kept.json) as StateValue, version: kept.version }
}
