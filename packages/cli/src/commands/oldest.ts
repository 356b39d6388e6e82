/** Owns which of very many are shown: the oldest, of which no more are held than are shown. */

export interface Oldest<T> {
  add(one: T): void
  /** The oldest first. */
  all(): readonly T[]
}

/** @param limit how many are held, at most twice as many for a moment */
export function createOldest<T>(limit: number, at: (one: T) => number): Oldest<T> {
  let held: T[] = []
  /** Of the youngest that is among the oldest. */
  let youngest = Number.POSITIVE_INFINITY

  function settle(): void {
    // Stable: of one moment the first that came.
    held = held.sort((a, b) => at(a) - at(b)).slice(0, limit)
    if (held.length === limit) youngest = at(held[limit - 1] as T)
  }

  return {
    add: (one) => {
      if (at(one) >= youngest) return
      held.push(one)
      if (held.length >= 2 * limit) settle()
    },
    all: () => {
      settle()
      return held
    },
  }
}
