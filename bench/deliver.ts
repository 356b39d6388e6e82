/**
 * What the engine costs above decoding, for a record that one route wants, and what a record costs that waits.
 *
 * Each case runs in a process of its own; rounds are interleaved, and the median counts. Time is CPU time of the whole process,
 * garbage collection included.
 *
 * | case           | does                                                                                       |
 * |----------------|--------------------------------------------------------------------------------------------|
 * | `floor`        | `Buffer.from(data, 'base64')` and `JSON.parse`                                              |
 * | `decode`       | bytes to the parsed image, as the engine does for a created row                             |
 * | `sync`         | the engine, with a handler that returns at once                                             |
 * | `async`        | the engine, with a handler that returns a promise                                           |
 * | `memory`       | 100,000 records over 10,000 lanes behind handlers that hang: heap and external memory, after collection, beyond what the records hold |
 */

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { reactor } from '@spaceship/core'
import { createEngine, read, type StreamRecord } from '@spaceship/core/engine'
import { memoryDeadLetters, memoryState } from '@spaceship/core/memory'
import { Client, clientRecords } from './clients.ts'
import type { Result } from './main.ts'

const RECORDS = 20_000
const ROUNDS = 5
const PAGE = 1_000

export async function measureDeliver(): Promise<Result> {
  const figures: Record<string, number[]> = {}
  for (let round = 0; round < ROUNDS; round += 1)
    for (const name of Object.keys(cases)) figures[name] = [...(figures[name] ?? []), inOwnProcess(name)]
  const median = (name: string) => (figures[name] ?? []).toSorted((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN
  const [floor, decode] = [median('floor'), median('decode')]
  const engine = { sync: median('sync') - decode, async: median('async') - decode }
  const ratios = {
    'floor, us per record': rounded(floor),
    'decode, us per record': rounded(decode),
    'engine above decode, sync handler, us': rounded(engine.sync),
    'engine above decode, async handler, us': rounded(engine.async),
    'engine above decode, sync handler, over the floor': rounded(engine.sync / floor),
    'engine above decode, async handler, over the floor': rounded(engine.async / floor),
    'memory per queued record beyond its bytes, B': Math.round(median('memory')),
  }
  return {
    ratios,
    bars: {
      'engine above decode, sync handler, us': 2,
      'engine above decode, async handler, us': 2,
      'engine above decode, sync handler, over the floor': 0.25,
      'engine above decode, async handler, over the floor': 0.25,
      'memory per queued record beyond its bytes, B': 300,
    },
  }
}

/** Microseconds of CPU per record, or bytes. */
const cases: Readonly<Record<string, () => Promise<number>>> = {
  floor: async () => {
    const texts = records(RECORDS).map(({ data }) => Buffer.from(data).toString('base64'))
    return timed(async () => {
      for (const text of texts) JSON.parse(Buffer.from(text, 'base64').toString())
    })
  },
  decode: async () => {
    const all = records(RECORDS)
    const { schema, key } = Client.spec
    return timed(async () => {
      for (const { data } of all) {
        const incoming = read(data, () => true)
        if (incoming.kind !== 'change') throw new Error(incoming.kind)
        incoming.change.keyText(key)
        schema['~standard'].validate(incoming.change.image('after'))
      }
    })
  },
  sync: () => delivering(() => {}),
  async: () => delivering(async () => {}),
  memory: async () => {
    const queued = 100_000
    const lanes = records(10_000)
    const all = Array.from({ length: queued }, (_, n) => {
      const lane = lanes[n % lanes.length]
      if (lane === undefined) throw new Error('no lane')
      return { ...lane, sequence: String(n + 1), data: lane.data.slice() }
    })
    const delivery = await engineWith(() => new Promise(() => {}), queued)
    const before = used()
    for (let at = 0; at < queued; at += PAGE) await delivery.push(all.slice(at, at + PAGE))
    const after = used()
    if (delivery.watermark !== undefined || all.length !== queued) throw new Error('something ended')
    return (after - before) / queued
  },
}

async function delivering(handler: () => unknown): Promise<number> {
  const all = records(RECORDS)
  return timed(async () => {
    const delivery = await engineWith(handler, RECORDS)
    for (let at = 0; at < RECORDS; at += PAGE) await delivery.push(all.slice(at, at + PAGE))
    await delivery.quiet()
    if (delivery.watermark?.sequence !== String(RECORDS)) throw new Error('something was left unfinished')
  })
}

function engineWith(handler: () => unknown, most: number) {
  const engine = createEngine({
    application: 'bench',
    reactors: [reactor('bench').on('see', Client.created('client.created'), handler)],
    state: memoryState(),
    deadLetters: memoryDeadLetters(),
    maxAhead: { records: most, bytes: 1_073_741_824 },
  })
  return engine.open({ stream: 'bench', shard: 'shardId-000000000000', redelivers: 'none' })
}

/** Warmed up by two runs, so that what is compared is optimised code. */
async function timed(run: () => Promise<void>): Promise<number> {
  for (let warm = 0; warm < 2; warm += 1) await run()
  globalThis.gc?.()
  const start = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / RECORDS
}

function used(): number {
  for (let turn = 0; turn < 3; turn += 1) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function records(count: number): StreamRecord[] {
  return clientRecords(count).inserts.map((text, n) => ({
    sequence: String(n + 1),
    subSequence: 0,
    partitionKey: String(n),
    data: new TextEncoder().encode(text),
    arrivedAt: new Date(0),
  }))
}

function inOwnProcess(name: string): number {
  const flags = [...process.execArgv, '--expose-gc', '--max-old-space-size=4096']
  const output = execFileSync(process.execPath, [...flags, fileURLToPath(import.meta.url), name], {
    encoding: 'utf8',
  })
  return Number(output)
}

function rounded(value: number): number {
  return Number(value.toFixed(3))
}

if (import.meta.main) {
  const run = cases[process.argv[2] ?? '']
  console.log(run === undefined ? Number.NaN : await run())
  process.exit(0)
}
