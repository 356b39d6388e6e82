import type { DeadLetters, StateStore } from '../ports/index.ts'

/**
 * The state store as one delivery may use it: every write is asked for first, synchronously, so that no write begins once the shard is
 * lost, however many requests came before it.
 *
 * @param assertHeld throws if the delivery may not write
 */
export function fenced(store: StateStore, assertHeld: () => void): StateStore {
  const { list } = store
  return {
    get: (key) => store.get(key),
    set: async (key, value, options) => {
      assertHeld()
      return store.set(key, value, options)
    },
    delete: async (key, version) => {
      assertHeld()
      return store.delete(key, version)
    },
    ...(list === undefined ? {} : { list: (prefix, cursor) => list.call(store, prefix, cursor) }),
    clockOffset: () => store.clockOffset?.() ?? 0,
  }
}

/** The dead letters as one delivery may use them: what its successor may put, or has yet to run, is not taken away beneath it. */
export function fencedLetters(store: DeadLetters, assertHeld: () => void): DeadLetters {
  return {
    get: (id) => store.get(id),
    list: (application) => store.list(application),
    put: async (letter) => {
      assertHeld()
      return store.put(letter)
    },
    remove: async (id) => {
      assertHeld()
      return store.remove(id)
    },
  }
}
