/** Owns the bytes that all deliveries of a process hold together. Never knows whose they are. */
export interface Budget {
  readonly full: boolean
  add(bytes: number): void
  /** Calls back whenever some were given back, until the function that it returns is called. */
  freed(check: () => void): () => void
}

export function createBudget(limit: number): Budget {
  let used = 0
  const waiting = new Set<() => void>()
  return {
    get full() {
      return used > limit
    },
    add: (bytes) => {
      used += bytes
      if (bytes < 0 && waiting.size > 0) for (const check of [...waiting]) check()
    },
    freed: (check) => {
      waiting.add(check)
      return () => waiting.delete(check)
    },
  }
}
