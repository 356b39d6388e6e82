/** `npm run bench -- NAME`: prints a table and, with `--json`, one last line of JSON. */

import { parseArgs } from 'node:util'
import { measureDeliver } from './deliver.ts'
import { measureState } from './state.ts'
import { measureTypes } from './types.ts'

const benches: Readonly<Record<string, () => Promise<Result>>> = {
  deliver: measureDeliver,
  state: measureState,
  types: measureTypes,
}

export interface Result {
  readonly ratios: Readonly<Record<string, number>>
  readonly bars: Readonly<Record<string, number>>
}

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const [name = ''] = positionals
const bench = benches[name]
if (bench === undefined) {
  console.error(`name a bench: ${Object.keys(benches).join(', ')}`)
  process.exit(2)
}
const { ratios, bars } = await bench()
const missed = Object.keys(bars).filter((key) => (ratios[key] ?? Number.POSITIVE_INFINITY) > (bars[key] ?? 0))
console.table(Object.entries(ratios).map(([key, value]) => ({ case: key, value, bar: bars[key] ?? '' })))
if (values.json) console.log(JSON.stringify({ bench: name, ratios, bars, missed }))
process.exitCode = missed.length === 0 ? 0 : 1
