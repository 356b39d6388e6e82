/** Owns the order of what is shuffled: the same seed gives the same order, everywhere. */

/** A list in an order that the seed decides. */
export function shuffled<T>(list: readonly T[], seed: number): T[] {
  const random = generator(seed)
  const result = [...list]
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1))
    // Both indices are within the list.
    ;[result[last], result[other]] = [result[other] as T, result[last] as T]
  }
  return result
}

/** Mulberry32: small, and good enough to order things. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
