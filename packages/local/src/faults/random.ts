/** A number in [0, 1), like `Math.random`. */
export type Random = () => number

/**
 * A repeatable random sequence (mulberry32).
 *
 * @example
 * seededRandom(42)() === seededRandom(42)() // true
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The same values in random order (Fisher-Yates). */
export function shuffled<T>(values: readonly T[], random: Random): T[] {
  const rest = [...values]
  const result: T[] = []
  while (rest.length > 0) result.push(...rest.splice(Math.floor(random() * rest.length), 1))
  return result
}
