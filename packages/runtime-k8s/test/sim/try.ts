import { planOf } from './plan.ts'
import { simulate } from './run.ts'
import { PLANTS } from './plants.ts'
import { toldFault } from './plan.ts'
process.setMaxListeners(0)
const [from, seeds, w, s, plant] = process.argv.slice(2)
for (let seed = Number(from); seed < Number(from) + Number(seeds); seed += 1) {
  const t = performance.now()
  const plan = planOf({ seed, workers: Number(w), shards: Number(s) })
  const found = await simulate(plan, plant ? PLANTS[plant]?.() : undefined)
  if (found.violation || process.env.ALL) console.log(seed, found.violation ?? 'ok', JSON.stringify(found.counts), 'java', plan.javas, (found.lasted / 1000).toFixed(1), found.events, (performance.now() - t).toFixed(0))
  if (found.violation && !plant && !process.env.GO) { console.log(plan.faults.map(toldFault).join('\n')); console.log(found.trace.join('\n')); break }
}
