/**
 * What each effect costs: requests to the state store for a thousand records, on a worker's source and on Lambda's (batches of
 * a hundred), when all goes well and when one attempt in a hundred fails.
 */

import { type Effect, reactor } from '@spaceship/core'
import { createEngine, type Delivery, type StreamRecord } from '@spaceship/core/engine'
import { memoryDeadLetters, memoryState, type VirtualClock, virtualClock } from '@spaceship/core/memory'
import type { StateStore } from '@spaceship/core/ports'
import { Client, clientRecords } from './clients.ts'
import type { Result } from './main.ts'

const RECORDS = 1_000
const BATCH = 100

const effects: Readonly<Record<string, { readonly effect: Effect } | { readonly stale: 'skip' }>> = {
  idempotent: { effect: 'idempotent' },
  journal: { effect: 'journal' },
  claim: { effect: 'claim' },
  guard: { stale: 'skip' },
}

type Source = 'worker' | 'lambda'

export async function measureState(): Promise<Result> {
  const ratios: Record<string, number> = {}
  for (const source of ['worker', 'lambda'] as const)
    for (const [effect, options] of Object.entries(effects))
      for (const failing of [false, true])
        ratios[nameOf(source, effect, failing)] = await requests(source, options, failing)
  const bars = {
    [nameOf('worker', 'idempotent', false)]: 0,
    [nameOf('worker', 'journal', false)]: 0,
    [nameOf('worker', 'claim', false)]: 2 * RECORDS,
  }
  return { ratios, bars }
}

function nameOf(source: Source, effect: string, failing: boolean): string {
  return `${source}, ${effect}, ${failing ? '1 % of attempts fail' : 'all good'}`
}

async function requests(
  source: Source,
  options: (typeof effects)[string],
  failing: boolean,
): Promise<number> {
  const clock = virtualClock()
  const counted = counting(memoryState({ clock }))
  let attempts = 0
  const handled = new Set<string>()
  const handle = async ({ key }: { readonly key: string }) => {
    attempts += 1
    if (failing && attempts % 100 === 0) throw new Error('one in a hundred')
    handled.add(key)
  }
  const engine = createEngine({
    application: 'bench',
    reactors: [reactor('bench').on('see', Client.saved('client.saved'), handle, options)],
    state: counted.store,
    deadLetters: memoryDeadLetters(),
    clock,
  })
  const redelivers = source === 'worker' ? 'none' : 'suffix'
  const open = () => engine.open({ stream: 'bench', shard: 'shardId-000000000000', redelivers })
  const records = streamRecords()
  let delivery = await open()
  for (let at = 0; at < RECORDS; at += BATCH) {
    if (at > 0 && source === 'lambda') delivery = await open()
    const batch = records.slice(at, at + BATCH)
    await delivery.push(batch)
    if (source === 'lambda') await ended(delivery, batch, clock)
  }
  if (source === 'worker') await ended(delivery, records, clock)
  if (handled.size !== RECORDS) throw new Error(`${handled.size} of ${RECORDS} records were handled`)
  return counted.requests()
}

/** Lets time pass until all is done, and settles. */
async function ended(delivery: Delivery, records: readonly StreamRecord[], clock: VirtualClock) {
  const last = records.at(-1)?.sequence
  for (let turn = 0; turn < 1_000 && delivery.watermark?.sequence !== last; turn += 1) {
    await delivery.quiet()
    await clock.moveTo(clock.next ?? clock.now())
  }
  const unfinished = await delivery.settle(new Date(clock.now()))
  if (unfinished.length > 0) throw new Error(`${unfinished.length} records were left unfinished`)
}

function streamRecords(): StreamRecord[] {
  return clientRecords(RECORDS).inserts.map((text, n) => ({
    sequence: String(n + 1),
    subSequence: 0,
    partitionKey: String(n),
    data: new TextEncoder().encode(text),
    arrivedAt: new Date(0),
  }))
}

function counting(store: StateStore): { readonly store: StateStore; requests(): number } {
  let requests = 0
  return {
    store: {
      get: (key) => {
        requests += 1
        return store.get(key)
      },
      set: (key, value, options) => {
        requests += 1
        return store.set(key, value, options)
      },
      delete: (key, version) => {
        requests += 1
        return store.delete(key, version)
      },
    },
    requests: () => requests,
  }
}
