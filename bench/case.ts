/** One case of a bench, in this process: `case.ts MODULE NAME` prints microseconds of CPU per record. */

import type { Cases } from './processes.ts'

/** Long enough for the engine's code to be optimised as in a process that runs for days; the floor's is sooner. */
const WARM_MS = 1_500
const MEASURED_MS = 700

const [module = '', name = ''] = process.argv.slice(2)
const { cases }: { readonly cases: Cases } = await import(`./${module}`)
const prepare = cases[name]
if (prepare === undefined) throw new Error(`no case '${name}' in ${module}`)
const pass = await prepare()

await through(WARM_MS)
console.log(await through(MEASURED_MS))
// An open delivery has a timer, which would keep the process for as long as a handler may take.
process.exit()

async function through(milliseconds: number): Promise<number> {
  const began = process.cpuUsage()
  let records = 0
  for (;;) {
    records += await pass()
    const { user, system } = process.cpuUsage(began)
    if (user + system >= milliseconds * 1_000) return (user + system) / records
  }
}
