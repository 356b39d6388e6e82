/**
 * `npm run sim -- [--from SEED] [--seeds N] [--workers W] [--shards S] [--only FAULTS] [--plant NAME] [--start]`: a fleet of workers on a virtual clock over a
 * Kinesis and a lease table in memory, while workers are killed and stand still, requests are throttled and lost, clocks jump, shards split and
 * merge, and some members follow KCL's rules. A line for each seed; exits 1 on a violation, with what led there and a smaller run that has it, too.
 *
 * - `--only 0,3`: of the faults of the seed these alone, by their order; `none` for none.
 * - `--plant NAME`: with a fault in our workers, by its name in `packages/runtime-k8s/test/sim/plants.ts`.
 * - `--start`: nothing but the start of a fleet at one moment, and what it asks of its services: of each operation all, and the busiest second.
 */

import { parseArgs } from 'node:util'
import { planOf, type Sizes } from '../packages/runtime-k8s/src/testing/plan.ts'
import { simulate } from '../packages/runtime-k8s/src/testing/run.ts'
import { shrink } from '../packages/runtime-k8s/src/testing/shrink.ts'
import { commandOf, toldRun, toldSum, toldViolation } from '../packages/runtime-k8s/src/testing/tell.ts'
import { PLANTS } from '../packages/runtime-k8s/test/sim/plants.ts'
import { started, toldStart } from '../packages/runtime-k8s/test/sim/start.ts'

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    seeds: { type: 'string', default: '20' },
    workers: { type: 'string', default: '5' },
    shards: { type: 'string', default: '8' },
    only: { type: 'string' },
    plant: { type: 'string' },
    start: { type: 'boolean', default: false },
  },
})
const from = number('from', values.from, 0)
const [seeds, workers, shards] = [
  number('seeds', values.seeds, 1),
  number('workers', values.workers, 1),
  number('shards', values.shards, 1),
]
const only = values.only === 'none' ? [] : values.only?.split(',').map((text) => number('only', text, 0))
const plant = values.plant === undefined ? undefined : PLANTS[values.plant]
if (values.plant !== undefined && plant === undefined)
  refuse(`--plant is '${values.plant}': expected one of ${Object.keys(PLANTS).join('; ')}`)

if (values.start) await measureStarts()
else await lookForViolations()

async function measureStarts(): Promise<void> {
  for (let seed = from; seed < from + seeds; seed += 1) {
    const start = await started({ seed, workers, shards })
    console.log(toldStart(start))
    if (start.found.violation !== undefined) process.exitCode = 1
  }
}

async function lookForViolations(): Promise<void> {
  const sum = { seeds, violations: 0, records: 0, repeats: 0, moves: 0, kills: 0 }
  for (let seed = from; seed < from + seeds; seed += 1) {
    const run = (sizes: Sizes) => simulate(planOf(sizes), { plant: plant?.() })
    const found = await run({ seed, workers, shards, only })
    console.log(toldRun(found))
    sum.records += found.counts.records
    sum.repeats += found.counts.repeats
    sum.moves += found.counts.moves
    sum.kills += found.counts.kills
    if (found.violation === undefined) continue
    sum.violations += 1
    process.exitCode = 1
    const more = values.plant === undefined ? '' : ` --plant '${values.plant}'`
    console.log(toldViolation(await shrink(found, run), (sizes) => `${commandOf(sizes)}${more}`))
  }
  console.log(toldSum(sum, { workers, shards }))
}

function number(name: string, text: string, least: number): number {
  const value = Number(text)
  return Number.isSafeInteger(value) && value >= least
    ? value
    : refuse(`--${name} is '${text}': expected a whole number, ${least} or more`)
}

function refuse(message: string): never {
  console.error(message)
  process.exit(2)
}
