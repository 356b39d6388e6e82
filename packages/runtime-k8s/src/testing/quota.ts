/** Owns how many requests of one kind a service takes within a second. */

/** @returns says of a request whether it is one too many; those that are refused do not count */
export function createQuota(most: number, now: () => number): () => boolean {
  const taken: number[] = []
  return () => {
    while (taken.length > 0 && (taken[0] ?? 0) <= now() - 1_000) taken.shift()
    if (taken.length >= most) return true
    taken.push(now())
    return false
  }
}
