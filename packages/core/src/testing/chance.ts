/** A seeded source of chance (mulberry32), and what is drawn from it. */

export interface Chance {
  /** From 0 up to, but not including, 1, as `Math.random`. */
  random(): number
  /** An integer from 0 up to, but not including, `bound`. */
  below(bound: number): number
  pick<T>(items: readonly [T, ...T[]]): T
  /** True in one of so many cases. */
  oneIn(count: number): boolean
}

export function chanceOf(seed: number): Chance {
  let state = seed | 0
  function random(): number {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (bound: number) => Math.floor(random() * bound)
  return {
    random,
    below,
    pick: (items) => items[below(items.length)] ?? items[0],
    oneIn: (count) => below(count) === 0,
  }
}
