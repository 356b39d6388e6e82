/** How the time of something grows with its input: eight times the bytes may take eight times as long, not 64 times. */

const MORE = 8
/** Between what a pass over the bytes takes (8) and what a pass for each of them takes (64): noise has room on both sides. */
const MOST = 28
/** Only what shows a fault takes them all: beside other programs the work of a long input is cut off in most of them. */
const ROUNDS = 64

/**
 * The ratio of the times for 8 × `size` and for `size`: of the quickest of several rounds, as noise only adds. It stops at the first
 * round that shows no fault.
 */
export function growthOf(size: number, prepare: (size: number) => () => unknown): number {
  const [small, large] = [prepare(size), prepare(size * MORE)]
  let [quickest, slowest] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let round = 0; round < ROUNDS && !(slowest / quickest <= MOST); round += 1) {
    // Twice each: the first one of all is not compiled yet.
    for (let n = 0; n < 2; n += 1) quickest = Math.min(quickest, timeOf(small))
    slowest = Math.min(slowest, timeOf(large))
  }
  return slowest / quickest
}

export function isLinear(growth: number): boolean {
  return growth <= MOST
}

function timeOf(run: () => unknown): number {
  const start = performance.now()
  run()
  // A clock may be too coarse for little work.
  return Math.max(performance.now() - start, 0.001)
}
