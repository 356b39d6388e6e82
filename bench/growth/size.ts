/**
 * One size of one dimension, in this process: `size.ts DIMENSION SIZE` prints microseconds of CPU and retained bytes, per record.
 * The bytes are those of the heap while everything waits, beyond the records' own. Making the engines counts for neither.
 *
 * Every size has as many records in all, if they can be handled in time: a hundred engines of a thousand, ten of ten thousand, one
 * of a hundred thousand, open at the same time. So the heaps are equally full, and the processes differ by the size alone.
 */

import { createEngine, type Delivery } from '@spaceship/core/engine'
import { silent } from '@spaceship/core/log'
import { memoryDeadLetters, memoryState } from '@spaceship/core/memory'
import { type Dimension, dimensions, type Growing } from './dimensions.ts'

const PAGE = 1_000
const RECORDS = 100_000
const WARM = { size: 1_000, micros: 1_500_000 }
/** What all engines may take together, in microseconds of CPU, judged by the warm ones. */
const MOST = 2_000_000

export interface Cost {
  readonly micros: number
  readonly bytes: number
}

const [name = '', text = ''] = process.argv.slice(2)
const make = dimensions[name]
if (make === undefined)
  throw new Error(`no dimension '${name}': there are ${Object.keys(dimensions).join(', ')}`)

const { cpuUsage, memoryUsage } = process
const size = Number(text)
const engines = Math.floor(Math.min(RECORDS, MOST / (await warm(make))) / size)
console.log(JSON.stringify(await costOf(make, size, Math.max(1, engines), heap)))
// A handler's deadline would keep the process.
process.exit()

/** @returns microseconds per record */
async function warm(dimension: Dimension): Promise<number> {
  for (let left = WARM.micros; ; ) {
    const { micros } = await costOf(dimension, WARM.size, 1, () => 0)
    left -= micros * WARM.size
    if (left <= 0) return micros
  }
}

async function costOf(
  dimension: Dimension,
  size: number,
  engines: number,
  used: () => number,
): Promise<Cost> {
  let running = 0
  let release: () => void = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const grown = dimension(size, () => {
    running += 1
    return released
  })
  const { records } = grown
  const deliveries = await Promise.all(Array.from({ length: engines }, () => open(grown)))
  const complete = () => deliveries.every((delivery) => delivery.complete)
  const before = used()
  const began = cpuUsage()
  for (const delivery of deliveries)
    for (let at = 0; at < records.length; at += PAGE) await delivery.push(records.slice(at, at + PAGE))
  await until(() => (grown.running === 0 ? complete() : running >= grown.running * engines))
  const waiting = cpuUsage(began)
  const bytes = used() - before
  const resumed = cpuUsage()
  release()
  await until(complete)
  const ended = cpuUsage(resumed)
  const all = records.length * engines
  const micros = waiting.user + waiting.system + ended.user + ended.system
  return { micros: micros / all, bytes: bytes / all }
}

function open({ reactors, concurrency, records }: Growing): Promise<Delivery> {
  const engine = createEngine({
    application: 'bench',
    reactors,
    state: memoryState(),
    deadLetters: memoryDeadLetters(),
    // A line for each parked lane would be most of what is measured, and more than its reader takes.
    logger: silent,
    concurrency,
    maxAhead: { records: records.length + PAGE, bytes: 1_073_741_824, age: '1d' },
  })
  return engine.open({ stream: 'bench', shard: 'shardId-000000000000', redelivers: 'none' })
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

/** After a collection, which throws compiled code away too: warming does without. */
function heap(): number {
  globalThis.gc?.()
  const { heapUsed, external } = memoryUsage()
  return heapUsed + external
}
