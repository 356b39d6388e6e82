/**
 * `npm run bench -- NAME [--json] [--built]`: prints a table and, with `--json`, one last line of JSON. `--built` measures the
 * package as it was built (`npm run build`) instead of its sources.
 */

import { parseArgs } from 'node:util'
import { measureColdStart } from './coldstart.ts'
import { measureDecode } from './decode.ts'
import { measureDeliver } from './deliver.ts'
import { measureGrowth } from './growth.ts'
import { measureIndex } from './index.ts'
import { measureLambda } from './lambda.ts'
import { measureLeases } from './leases.ts'
import { measureReminders } from './reminders.ts'
import type { Options, Result } from './result.ts'
import { measureState } from './state.ts'
import { measureTypes } from './types.ts'
import { measureWorker } from './worker.ts'

const benches: Readonly<Record<string, (options: Options) => Promise<Result>>> = {
  coldstart: measureColdStart,
  decode: measureDecode,
  deliver: measureDeliver,
  growth: measureGrowth,
  index: measureIndex,
  lambda: measureLambda,
  leases: measureLeases,
  reminders: measureReminders,
  state: measureState,
  types: measureTypes,
  worker: measureWorker,
}

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false }, built: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const [name = ''] = positionals
const bench = benches[name]
if (bench === undefined) {
  console.error(`name a bench: ${Object.keys(benches).join(', ')}`)
  process.exit(2)
}
const { ratios, bars } = await bench({ built: values.built })
const missed = Object.keys(bars).filter((key) => (ratios[key] ?? Number.POSITIVE_INFINITY) > (bars[key] ?? 0))
const rows = new Set([...Object.keys(ratios), ...Object.keys(bars)])
console.table([...rows].map((row) => ({ case: row, value: ratios[row] ?? 'none', bar: bars[row] ?? '' })))
if (values.json) console.log(JSON.stringify({ bench: name, ratios, bars, missed }))
process.exitCode = missed.length === 0 ? 0 : 1
