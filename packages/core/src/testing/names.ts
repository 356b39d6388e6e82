/** Owns the keys of pending reminders by the names of their executions: an envelope has room for a short key only. */

import type { StateStore } from '../ports/index.ts'

/** @param names gets the key of each reminder that is entered in the calendar, by the name of its execution */
export function remembering(store: StateStore, names: Map<string, string>): StateStore {
  return {
    ...store,
    set: (key, value, options) => {
      const { reminder, key: name } = value
      if (key.includes('/due/') && typeof reminder === 'string' && typeof name === 'string')
        names.set(key.slice(key.lastIndexOf('/') + 1), name)
      return store.set(key, value, options)
    },
  }
}
