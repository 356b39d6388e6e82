/**
 * What each effect costs: requests to the state store for a thousand records, on a worker's source and on Lambda's (batches of
 * a hundred), when all goes well and when one attempt in a hundred fails. Then what the claims among them are as requests to
 * DynamoDB, written one by one and in batches.
 */

import { type Effect, reactor } from '@spaceship/core'
import { createEngine, type Delivery, type StreamRecord } from '@spaceship/core/engine'
import { memoryDeadLetters, memoryState, type VirtualClock, virtualClock } from '@spaceship/core/memory'
import type { StateStore } from '@spaceship/core/ports'
import { dynamodbState } from '@spaceship/handlers/dynamodb'
import { Client, clientRecords } from './clients.ts'
import type { Result } from './result.ts'
import { countingTable } from './table.ts'

const RECORDS = 1_000
const BATCH = 100
/** Statements in a request to DynamoDB at most. */
const STATEMENTS = 25
const CONCURRENCY = { default: 16, high: 50 }

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
        ratios[nameOf(source, effect, failing)] = await storeRequests(source, options, failing)
  const batched = 'dynamodb, claim in batches, concurrency'
  ratios['dynamodb, claim'] = await dynamodbRequests(false, CONCURRENCY.high)
  for (const concurrency of [CONCURRENCY.default, CONCURRENCY.high])
    ratios[`${batched} ${concurrency}`] = await dynamodbRequests(true, concurrency)
  const slow = (n: number) => 1 + (n % 20)
  ratios[`${batched} ${CONCURRENCY.high}, handlers of 1 to 20 ms`] = await dynamodbRequests(
    true,
    CONCURRENCY.high,
    slow,
  )
  const bars = {
    [nameOf('worker', 'idempotent', false)]: 0,
    [nameOf('worker', 'journal', false)]: 0,
    [nameOf('worker', 'claim', false)]: 2 * RECORDS,
    'dynamodb, claim': 2 * RECORDS,
    // Full batches, and a quarter more for those that their window ends.
    [`${batched} ${CONCURRENCY.high}`]: 1.25 * ((2 * RECORDS) / STATEMENTS),
  }
  return { ratios, bars }
}

function nameOf(source: Source, effect: string, failing: boolean): string {
  return `${source}, ${effect}, ${failing ? '1 % of attempts fail' : 'all good'}`
}

async function storeRequests(
  source: Source,
  options: (typeof effects)[string],
  failing: boolean,
): Promise<number> {
  const clock = virtualClock()
  const { store, requests } = counting(memoryState({ clock }))
  await handleAll({ clock, state: store, source, options, failing })
  return requests()
}

async function dynamodbRequests(
  batched: boolean,
  concurrency: number,
  takes?: (attempt: number) => number,
): Promise<number> {
  const clock = virtualClock()
  const { client, requests } = countingTable()
  // Of the client, `send` alone is used.
  const state = dynamodbState({ client: client as never, table: 'state', batched, now: clock.now })
  const given = { source: 'worker', options: { effect: 'claim' }, failing: false, concurrency } as const
  await handleAll({ clock, state, ...given, ...(takes === undefined ? {} : { takes }) })
  return requests()
}

interface Run {
  readonly clock: VirtualClock
  readonly state: StateStore
  readonly source: Source
  readonly options: (typeof effects)[string]
  readonly failing: boolean
  readonly concurrency?: number
  /** Milliseconds of real time of each attempt. @default none */
  readonly takes?: (attempt: number) => number
}

/** @throws if not every record is handled and done */
async function handleAll({ clock, state, source, options, failing, concurrency, takes }: Run): Promise<void> {
  let attempts = 0
  const handled = new Set<string>()
  const handle = async ({ key }: { readonly key: string }) => {
    attempts += 1
    if (failing && attempts % 100 === 0) throw new Error('one in a hundred')
    if (takes !== undefined) await new Promise((resolve) => setTimeout(resolve, takes(attempts)))
    handled.add(key)
  }
  const engine = createEngine({
    application: 'bench',
    reactors: [reactor('bench').on('see', Client.saved('client.saved'), handle, options)],
    state,
    deadLetters: memoryDeadLetters(),
    clock,
    ...(concurrency === undefined ? {} : { concurrency }),
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
