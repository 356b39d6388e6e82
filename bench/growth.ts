/**
 * How the cost of a record grows with what there is of everything: CPU time and retained heap per record, at a thousand, ten
 * thousand and a hundred thousand. See `growth/dimensions.ts` for what grows, and `growth/size.ts` for how it is measured.
 *
 * A size that does not end in time is stopped, has no figure, and misses its bar.
 */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { dimensions } from './growth/dimensions.ts'
import type { Cost } from './growth/size.ts'
import { median } from './processes.ts'
import type { Options, Result } from './result.ts'

const SIZES = [1_000, 10_000, 100_000] as const
const ROUNDS = 5
/** Milliseconds that one process may take, and after which no further round begins. */
const LIMIT = 30_000
const ENOUGH = 240_000
/** What a record may cost, over the smallest size. */
const BAR = 1.5

interface Measured {
  readonly dimension: string
  readonly size: number
  readonly costs: Cost[]
}

export async function measureGrowth(options: Options): Promise<Result> {
  const all = Object.keys(dimensions).flatMap((dimension) =>
    SIZES.map((size): Measured => ({ dimension, size, costs: [] })),
  )
  let ending = all
  const began = performance.now()
  for (let round = 0; round < ROUNDS && performance.now() - began < ENOUGH; round += 1)
    ending = ending.filter(({ dimension, size, costs }) => {
      const cost = inProcess(dimension, size, options)
      if (cost !== undefined) costs.push(cost)
      return cost !== undefined
    })
  const ratios: Record<string, number> = {}
  const bars: Record<string, number> = {}
  for (const { dimension, size, costs } of all.filter((measured) => ending.includes(measured))) {
    ratios[`${nameOf(dimension, size)}: us per record`] = rounded(median(costs.map(({ micros }) => micros)))
    ratios[`${nameOf(dimension, size)}: B per record`] = Math.round(median(costs.map(({ bytes }) => bytes)))
  }
  for (const { dimension, size } of all.filter(({ size }) => size !== SIZES[0]))
    for (const unit of ['us', 'B']) {
      const row = `${nameOf(dimension, size)}: ${unit}, over ${inWords(SIZES[0])}`
      const [cost, smallest] = [size, SIZES[0]].map(
        (n) => ratios[`${nameOf(dimension, n)}: ${unit} per record`],
      )
      bars[row] = BAR
      if (cost !== undefined && smallest !== undefined) ratios[row] = rounded(cost / smallest)
    }
  return { ratios, bars }
}

/** Undefined if it did not end in time. */
function inProcess(dimension: string, size: number, { built }: Options): Cost | undefined {
  const flags = ['--expose-gc', ...(built ? [] : ['--conditions=@spaceship/source'])]
  const script = fileURLToPath(new URL('growth/size.ts', import.meta.url))
  const { stdout, stderr, status, error } = spawnSync(
    process.execPath,
    [...flags, script, dimension, String(size)],
    { encoding: 'utf8', timeout: LIMIT },
  )
  // The only error of a program that is there is the time limit.
  if (error !== undefined) return undefined
  if (status !== 0) throw new Error(`${nameOf(dimension, size)} failed:\n${stderr}${stdout}`)
  return JSON.parse(stdout)
}

const inWords = (size: number) => size.toLocaleString('en')
const nameOf = (dimension: string, size: number) => `${inWords(size)} ${dimension}`

function rounded(value: number): number {
  return Number(value.toFixed(3))
}
