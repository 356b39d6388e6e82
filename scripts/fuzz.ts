/**
 * `npm run fuzz -- [--seed N] [--runs N | --seconds N]`: generated and damaged change records, our decoder against JSON.parse and
 * the SDK's `unmarshall`. Prints the seed, the runs and how often each outcome came about; exits 1 with the smallest record
 * on which they differ.
 */

import { parseArgs } from 'node:util'
import { fuzzDecode } from '../packages/core/test/fuzz/decode.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    runs: { type: 'string' },
    seconds: { type: 'string' },
  },
})
const seed = number('seed', values.seed)
const most = values.runs === undefined ? Number.POSITIVE_INFINITY : number('runs', values.runs)
const seconds = values.seconds ?? (values.runs === undefined ? '10' : undefined)
const end =
  seconds === undefined ? Number.POSITIVE_INFINITY : performance.now() + number('seconds', seconds) * 1_000

console.log(`seed ${seed}`)
const { runs, outcomes, failure } = fuzzDecode(
  seed,
  (done) => done < most && (done % 100 !== 0 || performance.now() < end),
)
console.table(Object.fromEntries(Object.entries(outcomes).sort(([a], [b]) => (a < b ? -1 : 1))))
console.log(`${runs} records, ${failure === undefined ? 'no difference' : 'and one that differs'}`)
if (failure !== undefined) {
  console.error(`${failure.why}: --seed ${seed + failure.run} --runs 1`)
  console.error(failure.data.toString('base64'))
  process.exitCode = 1
}

function number(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) {
    console.error(`--${name} is not a whole number: ${text}`)
    process.exit(2)
  }
  return value
}
