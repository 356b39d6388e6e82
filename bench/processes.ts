/**
 * Measures cases against each other: each in a process of its own, in rounds that interleave them, by the CPU time that the
 * process took. So no case warms up, deoptimises or slows down another one.
 */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Options } from './result.ts'

/** Goes once through its records, and tells how many these were. */
export type Pass = () => number | Promise<number>

/** Prepares a case: imports what it measures, makes its records. */
export type Cases = Readonly<Record<string, () => Promise<Pass>>>

const ROUNDS = 9

/** Microseconds of CPU per record: the median of the rounds. `module` exports its `cases`. */
export function measureCases(
  module: string,
  names: readonly string[],
  options: Options,
): Readonly<Record<string, number>> {
  const rounds = measureRounds(module, names, options)
  return Object.fromEntries(
    names.map((name) => [name, median(rounds.map((round) => round[name] ?? Number.NaN))]),
  )
}

/** The same, each round by itself. */
export function measureRounds(
  module: string,
  names: readonly string[],
  { built }: Options,
): readonly Readonly<Record<string, number>>[] {
  return Array.from({ length: ROUNDS }, () =>
    Object.fromEntries(names.map((name) => [name, inProcess(module, name, built)])),
  )
}

function inProcess(module: string, name: string, built: boolean): number {
  const script = fileURLToPath(new URL('case.ts', import.meta.url))
  const conditions = built ? [] : ['--conditions=@spaceship/source']
  const { stdout, stderr, status } = spawnSync(process.execPath, [...conditions, script, module, name], {
    encoding: 'utf8',
  })
  const micros = Number(stdout)
  if (status !== 0 || !(micros > 0)) throw new Error(`the case '${name}' failed:\n${stderr}${stdout}`)
  return micros
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
