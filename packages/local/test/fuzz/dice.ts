import { seededRandom } from '../../src/faults/random.ts'

export interface Dice {
  /** A whole number below `n`. */
  below(n: number): number
  oneIn(n: number): boolean
  pick<T>(from: readonly [T, ...T[]]): T
}

/** Repeatable. Neighbouring seeds roll alike for a few throws, so these are thrown away. */
export function diceOf(seed: number): Dice {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1))
  const below = (n: number) => Math.floor(random() * n)
  return {
    below,
    oneIn: (n) => below(n) === 0,
    pick: (from) => from[below(from.length)] ?? from[0],
  }
}
