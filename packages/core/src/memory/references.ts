import { callableProblems, optionsOf } from '../configuration.ts'
import { refuse } from '../errors.ts'
import { type Clock, type ReferenceStore, systemClock } from '../ports/index.ts'

/** A ReferenceStore in this process. */
export function memoryReferences(options: { readonly clock?: Clock } = {}): ReferenceStore {
  const problems: string[] = []
  const { clock = systemClock } = optionsOf(options, problems)
  refuse('memoryReferences', [...problems, ...callableProblems({ clock }, { clock: 'now' })])
  const items = new Map<string, { readonly value: string; readonly until: number }>()

  function current(key: string): string | undefined {
    const item = items.get(key)
    if (item !== undefined && item.until > clock.now()) return item.value
    items.delete(key)
    return undefined
  }

  return {
    add: async (key, value, ttl) => {
      if (current(key) !== undefined) return false
      items.set(key, { value, until: clock.now() + ttl })
      return true
    },
    get: async (key) => current(key),
    set: async (key, value, ttl) => void items.set(key, { value, until: clock.now() + ttl }),
    delete: async (key) => void items.delete(key),
  }
}
