/**
 * What the engine costs above decoding, for a record that one route wants, and what a record costs that waits.
 *
 * | case     | does                                                               |
 * |----------|--------------------------------------------------------------------|
 * | `floor`  | `Buffer.from(data, 'base64')` and `JSON.parse`                     |
 * | `decode` | bytes to key and parsed image, with what the engine calls for it   |
 * | `sync`   | the engine, with a handler that returns at once                    |
 * | `async`  | the engine, with a handler that returns a promise                  |
 */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { StreamRecord } from '@spaceship/core/engine'
import { Client, clientRecords } from './clients.ts'
import { type Cases, measureCases, type Pass } from './processes.ts'
import type { Options, Result } from './result.ts'

const RECORDS = 1_000

export async function measureDeliver(options: Options): Promise<Result> {
  const micros = measureCases('deliver.ts', Object.keys(cases), options)
  const { floor = Number.NaN, decode = Number.NaN, sync = Number.NaN, async = Number.NaN } = micros
  const ratios: Record<string, number> = {
    'floor, us per record': rounded(floor),
    'decode, us per record': rounded(decode),
  }
  const bars: Record<string, number> = {}
  for (const [handler, whole] of Object.entries({ sync, async })) {
    const engine = `engine above decode, ${handler} handler`
    ratios[`${engine}, us`] = rounded(whole - decode)
    ratios[`${engine}, over the floor`] = rounded((whole - decode) / floor)
    bars[`${engine}, us`] = 2
    bars[`${engine}, over the floor`] = 0.25
  }
  const queued = 'memory per queued record beyond its bytes, B'
  ratios[queued] = bytesPerQueued(options)
  bars[queued] = 300
  return { ratios, bars }
}

export const cases: Cases = {
  floor: async () => {
    const texts = streamRecords(RECORDS).map(({ data }) => Buffer.from(data).toString('base64'))
    return () => {
      for (const text of texts) JSON.parse(Buffer.from(text, 'base64').toString())
      return texts.length
    }
  },
  decode: async () => {
    const { read } = await import('@spaceship/core/engine')
    const records = streamRecords(RECORDS)
    const { schema, key } = Client.spec
    return () => {
      for (const { data } of records) {
        const incoming = read(data, () => true)
        if (incoming.kind !== 'change') throw new Error(`read as ${incoming.kind}`)
        incoming.change.keyText(key)
        schema['~standard'].validate(incoming.change.image('after'))
      }
      return records.length
    }
  },
  sync: () => delivering(() => {}),
  async: () => delivering(async () => {}),
}

async function delivering(handler: () => unknown): Promise<Pass> {
  let handled = 0
  const counted = () => {
    handled += 1
    return handler()
  }
  const delivery = await openDelivery(counted, RECORDS)
  const records = streamRecords(RECORDS)
  return async () => {
    const before = handled
    await delivery.push(records)
    await delivery.quiet()
    if (handled !== before + RECORDS) throw new Error('not every record was handled')
    return RECORDS
  }
}

/** A delivery of an engine with one route, which wants every record. */
export async function openDelivery(handler: () => unknown, most: number) {
  const { reactor } = await import('@spaceship/core')
  const { createEngine } = await import('@spaceship/core/engine')
  const { memoryDeadLetters, memoryState } = await import('@spaceship/core/memory')
  const engine = createEngine({
    application: 'bench',
    reactors: [reactor('bench').on('see', Client.created('client.created'), handler)],
    state: memoryState(),
    deadLetters: memoryDeadLetters(),
    maxAhead: { records: most, bytes: 1_073_741_824 },
  })
  return engine.open({ stream: 'bench', shard: 'shardId-000000000000', redelivers: 'none' })
}

export function streamRecords(count: number): StreamRecord[] {
  return clientRecords(count).inserts.map((text, n) => ({
    sequence: String(n + 1),
    subSequence: 0,
    partitionKey: String(n),
    data: new TextEncoder().encode(text),
    arrivedAt: new Date(0),
  }))
}

function bytesPerQueued({ built }: Options): number {
  const flags = ['--expose-gc', ...(built ? [] : ['--conditions=@spaceship/source'])]
  const script = fileURLToPath(new URL('queue.ts', import.meta.url))
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, script], { encoding: 'utf8' })
  const bytes = Number(stdout)
  if (!(bytes > 0)) throw new Error(`the queue could not be weighed:\n${stderr}${stdout}`)
  return Math.round(bytes)
}

function rounded(value: number): number {
  return Number(value.toFixed(3))
}
