/**
 * What a record weighs that waits, in this process: 100,000 records over 10,000 lanes behind handlers that hang. Prints bytes per
 * record of heap and external memory, after collection, beyond what the records themselves hold.
 */

import { openDelivery, streamRecords } from './deliver.ts'

const QUEUED = 100_000
const LANES = 10_000
const PAGE = 1_000

const lanes = streamRecords(LANES)
const records = Array.from({ length: QUEUED }, (_, n) => {
  const lane = lanes[n % LANES]
  if (lane === undefined) throw new Error('no lane')
  return { ...lane, sequence: String(n + 1), data: lane.data.slice() }
})
const delivery = await openDelivery(() => new Promise(() => {}), QUEUED)
const before = used()
for (let at = 0; at < QUEUED; at += PAGE) await delivery.push(records.slice(at, at + PAGE))
const after = used()
if (delivery.watermark !== undefined || records.length !== QUEUED) throw new Error('something ended')
console.log((after - before) / QUEUED)
process.exit(0)

function used(): number {
  for (let turn = 0; turn < 3; turn += 1) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
