export interface Locks {
  /** Runs the work while no other work holds one of the names. */
  hold<T>(names: readonly string[], work: () => Promise<T>): Promise<T>
}

/**
 * Locks by name, first come first served. Several names are taken in sorted order: two callers can never wait for each
 * other.
 */
export function keyedLocks(): Locks {
  const tails = new Map<string, Promise<void>>()

  async function acquire(name: string): Promise<() => void> {
    const before = tails.get(name)
    const { promise, resolve } = Promise.withResolvers<void>()
    tails.set(name, promise)
    await before
    return () => {
      if (tails.get(name) === promise) tails.delete(name)
      resolve()
    }
  }

  async function hold<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    const releases: (() => void)[] = []
    try {
      for (const name of [...new Set(names)].sort()) releases.push(await acquire(name))
      return await work()
    } finally {
      for (const release of releases) release()
    }
  }
  return { hold }
}
