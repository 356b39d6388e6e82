import { callableProblems, optionsOf } from '../configuration.ts'
import { refuse } from '../errors.ts'
import { type Clock, type StateItem, type StateStore, systemClock } from '../ports/index.ts'

/** A StateStore in this process: for tests and single-process trials. */
export function memoryState(options: { readonly clock?: Clock } = {}): StateStore {
  const problems: string[] = []
  const { clock = systemClock } = optionsOf(options, problems)
  refuse('memoryState', [...problems, ...callableProblems({ clock }, { clock: 'now' })])
  const items = new Map<string, StateItem & { readonly expiresAt: number }>()
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
    get: async (key) => copyOf(current(key)),
    set: async (key, value, { expect, expiresAt }) => {
      const found = current(key)
      if (found?.version !== expect) return { ok: false, current: copyOf(found) }
      const version = String(++writes)
      items.set(key, {
        value: structuredClone(value),
        version,
        expiresAt: expiresAt?.getTime() ?? Number.POSITIVE_INFINITY,
      })
      return { ok: true, version }
    },
    delete: async (key, version) => {
      if (current(key)?.version !== version) return false
      return items.delete(key)
    },
  }
}

/** Nobody may change an item through what it was handed. */
function copyOf(item: StateItem | undefined): StateItem | undefined {
  return item === undefined ? undefined : { value: structuredClone(item.value), version: item.version }
}
