/** Owns the order of what is shuffled: the same seed gives the same order, everywhere. */

import { chanceOf } from './chance.ts'

/** A list in an order that the seed decides. */
export function shuffled<T>(list: readonly T[], seed: number): T[] {
  const chance = chanceOf(seed)
  const result = [...list]
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = chance.below(last + 1)
    // Both indices are within the list.
    ;[result[last], result[other]] = [result[other] as T, result[last] as T]
  }
  return result
}
