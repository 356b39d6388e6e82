/**
 * `npm run chaos -- [--from SEED] [--schedules N] [--workers W] [--shards S] [--failover MS] [--events N]`: real worker processes on the embedded
 * spaceship, killed, frozen, cut off, throttled, resharded and deployed by a seed. A ledger says that every change had its effect, in the order of
 * its key, and an observer of the lease table that no lease is renewed while its shard makes no progress. Prints how late
 * the latest effect was around each event, and exits 1 on a finding.
 *
 * - `--kcl VERSION [--layout single-stream|multi-stream]`: every second process is a worker of the Java Kinesis Client Library, which Maven fetches.
 * - `--faketime LIBRARY`: clocks jump, too, by the library of Debian's package `faketime`: /usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1
 */

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Kcl, LAYOUTS } from '../packages/runtime-k8s/test/chaos/fleet.ts'
import { live, type Outcome } from '../packages/runtime-k8s/test/chaos/schedule.ts'

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    schedules: { type: 'string', default: '5' },
    workers: { type: 'string', default: '3' },
    shards: { type: 'string', default: '4' },
    failover: { type: 'string', default: '2000' },
    events: { type: 'string', default: '6' },
    kcl: { type: 'string' },
    faketime: { type: 'string' },
    layout: { type: 'string', default: 'single-stream' },
  },
})
const from = number('from')
const [schedules, workers, shards, failover, events] = [
  number('schedules'),
  number('workers'),
  number('shards'),
  number('failover'),
  number('events'),
]
const kcl = kclOf(values)
const lateness = new Map<string, number[]>()
let [findings, effects, repeated, byKcl] = [0, 0, 0, 0]
for (let seed = from; seed < from + schedules; seed += 1) {
  console.log(`seed ${seed}`)
  const log = (line: string) => console.log(line)
  const outcome = await live({ seed, workers, shards, failover, events, kcl, faketime: values.faketime, log })
  effects += outcome.effects
  repeated += outcome.repeated
  byKcl += outcome.byKcl
  for (const [what, times] of outcome.lateness) lateness.set(what, [...(lateness.get(what) ?? []), ...times])
  if ([outcome.missing, outcome.disordered, outcome.standing].some((found) => found.length > 0)) {
    findings += 1
    tell(seed, outcome)
  }
}
console.table(
  [...lateness].map(([what, times]) => ({
    'what befell the fleet': what,
    times: times.length,
    'ms until the latest effect, median': at(times, 0.5),
    'ms, p99': at(times, 0.99),
    'in failovers, p99': (at(times, 0.99) / failover).toFixed(1),
  })),
)
const found = findings === 0 ? 'no finding' : `${findings} finding(s)`
console.log(
  `chaos: ${schedules} schedule(s), ${workers} workers: ${found} (${effects} effects, ${repeated} of them repeats${kcl === undefined ? '' : `, ${byKcl} by KCL ${kcl.version}`})`,
)
process.exitCode = findings === 0 ? 0 : 1

function tell(seed: number, { missing, disordered, standing }: Outcome): void {
  console.error(
    `--from ${seed} --schedules 1: ${missing.length} change(s) without an effect, ${disordered.length} out of order, ${standing.length} lease(s) renewed without progress`,
  )
  for (const line of [missing, disordered, standing].flatMap((found) => found.slice(0, 10)))
    console.error(`  ${line}`)
}

function at(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

function kclOf({ kcl: version, layout: given }: { kcl?: string; layout: string }): Kcl | undefined {
  const layout = LAYOUTS.find((one) => one === given)
  if (layout === undefined) {
    console.error(`--layout is '${given}': expected one of ${LAYOUTS.join(', ')}`)
    process.exit(2)
  }
  if (version === undefined) return undefined
  // Fetched and compiled before anybody waits for a worker.
  const script = fileURLToPath(new URL('kcl/start.sh', import.meta.url))
  execFileSync('bash', [script, 'prepare'], {
    stdio: 'inherit',
    env: { ...process.env, KCL_VERSION: version },
  })
  return { version, layout }
}

function number(name: keyof typeof values): number {
  const given = Number(values[name])
  if (Number.isSafeInteger(given) && given >= 0) return given
  console.error(`--${name} is '${values[name]}': expected a whole number`)
  process.exit(2)
}
