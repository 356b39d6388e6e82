import {
  type Clock,
  checkReference,
  checkReferenceKey,
  type ReferenceStore,
  systemClock,
} from '../ports/index.ts'
import { bare, check, port } from '../shapes.ts'

export const REFERENCES = { options: bare({ clock: port('now', 'a Clock') }) }

/** A ReferenceStore in this process. */
export function memoryReferences(options: { readonly clock?: Clock } = {}): ReferenceStore {
  check('memoryReferences', REFERENCES, { options })
  const { clock = systemClock } = options
  const items = new Map<string, { readonly value: string; readonly until: number }>()

  function current(key: string): string | undefined {
    const item = items.get(key)
    if (item !== undefined && item.until > clock.now()) return item.value
    items.delete(key)
    return undefined
  }

  return {
    add: async (key, value, ttl) => {
      checkReference(key, value, ttl)
      if (current(key) !== undefined) return false
      items.set(key, { value, until: clock.now() + ttl })
      return true
    },
    get: async (key) => {
      checkReferenceKey(key)
      return current(key)
    },
    set: async (key, value, ttl) => {
      checkReference(key, value, ttl)
      items.set(key, { value, until: clock.now() + ttl })
    },
    delete: async (key) => {
      checkReferenceKey(key)
      items.delete(key)
    },
  }
}
