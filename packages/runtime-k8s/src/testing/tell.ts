/** Owns what is said of runs: a line for each seed, and all about a violation. */

import { type Sizes, toldFault } from './plan.ts'
import type { Found } from './run.ts'
import type { Shrunk } from './shrink.ts'

export interface Sum {
  seeds: number
  violations: number
  records: number
  repeats: number
  moves: number
  kills: number
}

export function toldRun({ plan, counts, lasted, violation }: Found): string {
  const { records, repeats, moves, kills, letters } = counts
  const what = [
    `${records} records`,
    `${repeats} handled again`,
    `${moves} lease moves`,
    `${kills} kills`,
    `${plan.faults.length} faults`,
    ...(letters > 0 ? [`${letters} dead letters`] : []),
    ...(plan.start.from === 'TRIM_HORIZON' ? [] : [`from ${plan.start.from}`]),
    ...(plan.javas > 0 ? [`${plan.javas} of ${plan.workers} by KCL's rules`] : []),
    `${(lasted / 1_000).toFixed(1)} s`,
  ]
  return `seed ${plan.seed}: ${violation === undefined ? '' : `VIOLATION ${violation.kind}, `}${what.join(', ')}`
}

/** @param again how to run it once more */
export function toldViolation({ sizes, found }: Shrunk, again: (sizes: Sizes) => string): string {
  const { violation, plan, trace } = found
  if (violation === undefined) return ''
  return [
    `\nseed ${sizes.seed}, shard ${violation.shard ?? '(the fleet)'}: ${violation.kind}: ${violation.what}`,
    `faults: ${plan.faults.length === 0 ? 'none' : ''}`,
    ...plan.faults.map((fault) => `  ${toldFault(fault)}`),
    'what happened:',
    ...trace.map((line) => `  ${line}`),
    `again: ${again(sizes)}`,
  ].join('\n')
}

export function commandOf({ seed, workers, shards, only }: Sizes): string {
  const faults = only === undefined ? '' : ` --only ${only.join(',') || 'none'}`
  return `npm run sim -- --from ${seed} --seeds 1 --workers ${workers} --shards ${shards}${faults}`
}

export function toldSum(
  { seeds, violations, records, repeats, moves, kills }: Sum,
  sizes: Omit<Sizes, 'seed'>,
): string {
  const found = violations === 0 ? 'no violation' : `${violations} violation(s)`
  return `sim: ${seeds} seeds, ${sizes.workers} workers, ${sizes.shards} shards: ${found} (${records} records, ${repeats} handled again, ${moves} lease moves, ${kills} kills)`
}
