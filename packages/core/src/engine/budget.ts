import { changed, type Watchers } from './condition.ts'

/** Owns the bytes that all deliveries of a process hold together. Never knows whose they are. */
export interface Budget {
  readonly full: boolean
  add(bytes: number): void
  /** Told whenever some were given back. */
  readonly watchers: Watchers
}

export function createBudget(limit: number): Budget {
  let used = 0
  const watchers: Watchers = new Set()
  return {
    get full() {
      return used > limit
    },
    add: (bytes) => {
      used += bytes
      if (bytes < 0) changed(watchers)
    },
    watchers,
  }
}
