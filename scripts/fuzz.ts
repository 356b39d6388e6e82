/**
 * `npm run fuzz -- [decode | local | reminders] [--seed N] [--runs N] [--seconds N]`: prints the seed, the runs and how often each outcome came
 * about; exits 1 on a finding.
 *
 * - `decode`, the default: generated and damaged change records, our decoder against JSON.parse and the SDK's `unmarshall`. A finding is the
 *   smallest record on which they differ. Runs for 10 seconds, if nothing else is said.
 * - `local`: odd calls to each endpoint of the embedded spaceship. A finding is a call that ends the process, stops it, or is answered
 *   with a failure. Makes 30,000 calls, if nothing else is said.
 * - `reminders`: worlds in which a reminder is scheduled, moved, cancelled and sent in every order. A finding is somebody who is reminded and
 *   should not be, is forgotten, or is reminded twice. Lives through 10,000, if nothing else is said.
 */

import { parseArgs } from 'node:util'
import { fuzzDecode } from '../packages/core/test/fuzz/decode.ts'
import { liveOnce } from '../packages/core/test/reminders/judge.ts'
import { fuzzLocal } from '../packages/local/test/fuzz/run.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    runs: { type: 'string' },
    seconds: { type: 'string' },
  },
})
const [mode = 'decode'] = positionals
const seed = number('seed', values.seed)
const runs = values.runs === undefined ? undefined : number('runs', values.runs)

console.log(`seed ${seed}`)
if (mode === 'decode') decode()
else if (mode === 'local') await local()
else if (mode === 'reminders') await reminders()
else refuse(`there is nothing to fuzz by the name '${mode}': expected decode, local or reminders`)

function decode(): void {
  const most = runs ?? Number.POSITIVE_INFINITY
  const seconds = values.seconds ?? (runs === undefined ? '10' : undefined)
  const end =
    seconds === undefined ? Number.POSITIVE_INFINITY : performance.now() + number('seconds', seconds) * 1_000
  const report = fuzzDecode(seed, (done) => done < most && (done % 100 !== 0 || performance.now() < end))
  const { failure } = report
  show(report.outcomes)
  console.log(`${report.runs} records, ${failure === undefined ? 'no difference' : 'and one that differs'}`)
  if (failure === undefined) return
  console.error(`${failure.why}: --seed ${seed + failure.run} --runs 1`)
  console.error(failure.data.toString('base64'))
  process.exitCode = 1
}

async function local(): Promise<void> {
  if (values.seconds !== undefined) refuse('--seconds bounds decode only: expected --runs')
  const { runs: done, statuses, findings } = await fuzzLocal(seed, runs ?? 30_000)
  show(statuses)
  console.log(`${done} calls, ${findings.length === 0 ? 'no finding' : `${findings.length} finding(s)`}`)
  for (const { seed: at, why, call } of findings) console.error(`\n--seed ${at} --runs 1: ${why}\n${call}`)
  if (findings.length > 0) process.exitCode = 1
}

async function reminders(): Promise<void> {
  if (values.seconds !== undefined) refuse('--seconds bounds decode only: expected --runs')
  const worlds = runs ?? 10_000
  let findings = 0
  for (let n = 0; n < worlds; n += 1) {
    const found = await liveOnce(seed + n)
    if (found.length === 0) continue
    findings += 1
    console.error(`\n--seed ${seed + n} --runs 1: ${found.join('; ')}`)
  }
  console.log(`${worlds} worlds, ${findings === 0 ? 'no finding' : `${findings} finding(s)`}`)
  if (findings > 0) process.exitCode = 1
}

function show(outcomes: Readonly<Record<string, number>>): void {
  console.table(Object.fromEntries(Object.entries(outcomes).sort(([a], [b]) => (a < b ? -1 : 1))))
}

function number(name: string, text: string): number {
  const value = Number(text)
  return Number.isSafeInteger(value) && value >= 0
    ? value
    : refuse(`--${name} is not a whole number: ${text}`)
}

function refuse(message: string): never {
  console.error(message)
  process.exit(2)
}
