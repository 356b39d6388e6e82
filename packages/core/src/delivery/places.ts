/** Owns the bound on handlers that run at the same time: first come, first served. */
export interface Places {
  use<T>(work: () => Promise<T>): Promise<T>
}

export function createPlaces(count: number): Places {
  let free = count
  const waiting: (() => void)[] = []
  return {
    use: async (work) => {
      if (free > 0) free -= 1
      else await new Promise<void>((resolve) => waiting.push(resolve))
      try {
        return await work()
      } finally {
        // Handed on directly, so that nobody who comes now overtakes who waits.
        const next = waiting.shift()
        if (next === undefined) free += 1
        else next()
      }
    },
  }
}
