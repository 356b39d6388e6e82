/**
 * What each effect costs: requests to the state store for a thousand records, on a worker's source and on Lambda's (batches of
 * a hundred), when all goes well and when one attempt in a hundred fails. Then what they are as requests to DynamoDB, and as units of its
 * capacity for each record: claims written one by one and in batches, guards, and the journal.
 */

import { type Effect, reactor } from '@spaceship/core'
import { createEngine, type Delivery, type StreamRecord } from '@spaceship/core/engine'
import { silent } from '@spaceship/core/log'
import { memoryDeadLetters, memoryState, type VirtualClock, virtualClock } from '@spaceship/core/memory'
import type { StateStore } from '@spaceship/core/ports'
import { dynamodbState } from '@spaceship/handlers/dynamodb'
import { Client, clientRecords } from './clients.ts'
import type { Result } from './result.ts'
import { type Cost, countingTable } from './table.ts'

const RECORDS = 1_000
const BATCH = 100
/** Statements in a request to DynamoDB at most. */
const STATEMENTS = 25
const CONCURRENCY = { default: 16, high: 50 }
const AGAIN = 'journal on lambda, each batch comes again'

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
  const claims = { source: 'worker', options: { effect: 'claim' }, failing: false } as const
  const guards = { ...claims, options: { stale: 'skip' } } as const
  const journal = { ...claims, source: 'lambda', options: { effect: 'journal' } } as const
  const { high } = CONCURRENCY
  const batched = 'dynamodb, claim in batches, concurrency'
  const costs: Readonly<Record<string, Cost>> = {
    'dynamodb, claim': await dynamodbCost({ ...claims, concurrency: high }),
    [`${batched} ${CONCURRENCY.default}`]: await dynamodbCost({ ...claims, batched: true }),
    [`${batched} ${high}`]: await dynamodbCost({ ...claims, batched: true, concurrency: high }),
    [`${batched} ${high}, handlers of 1 to 20 ms`]: await dynamodbCost({
      ...claims,
      batched: true,
      concurrency: high,
      takes: (n) => 1 + (n % 20),
    }),
    'dynamodb, guard': await dynamodbCost({ ...guards, concurrency: high }),
    'dynamodb, guard in batches': await dynamodbCost({ ...guards, batched: true, concurrency: high }),
    'dynamodb, journal on lambda': await dynamodbCost(journal),
    [`dynamodb, ${AGAIN}`]: await dynamodbCost({ ...journal, again: true }),
  }
  for (const [name, { requests, writes, reads }] of Object.entries(costs)) {
    ratios[name] = requests
    ratios[writeUnits(name)] = writes / RECORDS
    ratios[readUnits(name)] = reads / RECORDS
  }
  const bars = {
    [nameOf('worker', 'idempotent', false)]: 0,
    [nameOf('worker', 'journal', false)]: 0,
    [nameOf('worker', 'claim', false)]: 2 * RECORDS,
    ...unitBars(costs),
    'dynamodb, claim': 2 * RECORDS,
    'dynamodb, guard': 3 * RECORDS,
    'dynamodb, journal on lambda': RECORDS / BATCH,
    [`dynamodb, ${AGAIN}`]: 4 * (RECORDS / BATCH),
    // Full batches, and a quarter more for those that their window ends.
    [`${batched} ${CONCURRENCY.high}`]: 1.25 * ((2 * RECORDS) / STATEMENTS),
  }
  return { ratios, bars }
}

const writeUnits = (name: string) => `${name}: write units per record`
const readUnits = (name: string) => `${name}: read units per record`

/** Write and read units per record, as they were measured: they are exact. The last row that fits a case counts. */
const UNITS: readonly (readonly [of: string, writes: number, reads: number])[] = [
  ['claim', 2, 0],
  ['guard', 2, 1],
  ['journal', 1 / BATCH, 0],
  [AGAIN, 10 / BATCH, 0],
]

function unitBars(costs: Readonly<Record<string, Cost>>): Record<string, number> {
  const bars: Record<string, number> = {}
  for (const name of Object.keys(costs))
    for (const [of, writes, reads] of UNITS)
      if (name.startsWith(`dynamodb, ${of}`)) {
        bars[writeUnits(name)] = writes
        bars[readUnits(name)] = reads
      }
  return bars
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

async function dynamodbCost({
  batched = false,
  ...run
}: Omit<Run, 'clock' | 'state'> & { readonly batched?: boolean }): Promise<Cost> {
  const clock = virtualClock()
  const { client, cost } = countingTable()
  // Of the client, `send` alone is used.
  const state = dynamodbState({ client: client as never, table: 'state', batched, now: clock.now })
  await handleAll({ clock, state, ...run })
  return cost()
}

interface Run {
  readonly clock: VirtualClock
  readonly state: StateStore
  readonly source: Source
  readonly options: (typeof effects)[string]
  readonly failing: boolean
  readonly concurrency?: number
  /** Every second record fails once, and its batch ends before it is tried again: Lambda delivers what is left of it anew. */
  readonly again?: boolean
  /** Milliseconds of real time of each attempt. @default none */
  readonly takes?: (attempt: number) => number
}

/** @throws if not every record is handled and done */
async function handleAll(run: Run): Promise<void> {
  const { clock, state, source, options, failing, concurrency, takes, again = false } = run
  let attempts = 0
  const handled = new Set<string>()
  const failed = new Set<string>()
  const handle = async ({ key }: { readonly key: string }) => {
    attempts += 1
    if (failing && attempts % 100 === 0) throw new Error('one in a hundred')
    if (again && attempts % 2 === 0 && !failed.has(key)) {
      failed.add(key)
      throw new Error('every second one')
    }
    if (takes !== undefined) await new Promise((resolve) => setTimeout(resolve, takes(attempts)))
    handled.add(key)
  }
  const engine = createEngine({
    application: 'bench',
    reactors: [reactor('bench').on('see', Client.saved('client.saved'), handle, options)],
    state,
    deadLetters: memoryDeadLetters(),
    clock,
    logger: silent,
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
    if (again) {
      await delivery.quiet()
      const [first] = await delivery.settle(new Date(clock.now()))
      const left = batch.slice(batch.findIndex(({ sequence }) => sequence === first?.sequence))
      delivery = await open()
      await delivery.push(left)
    }
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
