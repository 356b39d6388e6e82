import { changed, type Watchers } from './condition.ts'

/** Owns the bytes that all deliveries of a process hold together. Never knows whose they are. */
export interface Budget {
  /** Bytes that are left; less than none where more is held. */
  readonly room: number
  add(bytes: number): void
  /** Told whenever some were given back. */
  readonly watchers: Watchers
}

export function createBudget(limit: number): Budget {
  let room = limit
  const watchers: Watchers = new Set()
  return {
    get room() {
      return room
    },
    add: (bytes) => {
      room -= bytes
      if (bytes < 0) changed(watchers)
    },
    watchers,
  }
}
