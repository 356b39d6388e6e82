/** Owns what a DynamoDB must do for `dynamodbState({ batched: true })`, to be run against one server or another. */

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { entity, marshal, reactor } from '@spaceship/core'
import { createEngine, type Delivery, type StreamRecord } from '@spaceship/core/engine'
import { memoryDeadLetters, virtualClock } from '@spaceship/core/memory'
import type { StateItem } from '@spaceship/core/ports'
import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import * as z from 'zod'
import { dynamodbState } from '../src/dynamodb/index.ts'
import { type Call, explained, tell } from './linear.ts'

export interface BatchedServer {
  readonly client: DynamoDBClient
  /** A table as `createStateTable` makes it. */
  readonly table: string
}

const KEYS = 4
const move = fc.record({
  key: fc.nat(KEYS - 1),
  /** Two processes. */
  store: fc.nat(1),
  kind: fc.constantFrom('fresh', 'known', 'known', 'stale', 'delete'),
  expires: fc.boolean(),
})

/** @param server is asked once the tests run */
export function batchedSuite(server: () => BatchedServer): void {
  let requests: Record<string, number> = {}
  let counted: DynamoDBClient | undefined
  const set = () => {
    const { client, table } = server()
    if (counted !== client)
      client.middlewareStack.add(
        (next, { commandName = '' }) =>
          (args) => {
            requests[commandName] = (requests[commandName] ?? 0) + 1
            return next(args)
          },
        { step: 'initialize' },
      )
    counted = client
    return { client, table }
  }
  beforeEach(() => {
    requests = {}
  })

  test('whatever two processes set and delete at the same time, some order of the calls explains all answers', async () => {
    const stores = [0, 1].map(() => dynamodbState({ ...set(), batched: true }))
    const [one, other] = stores
    if (one === undefined || other === undefined) throw new Error('two stores')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(move, { maxLength: 12 }), { maxLength: 4 }), async (rounds) => {
        const keys = Array.from({ length: KEYS }, () => `property/${crypto.randomUUID()}`)
        const items = new Map<string, StateItem | undefined>()
        const first = new Map<string, string>()
        for (const round of rounds) {
          const told = await Promise.all(
            round.map(async ({ key: place, store, kind, expires }, n) => {
              const key = keys[place] ?? ''
              const known = items.get(key)?.version
              const stale = first.get(key) ?? 'never'
              const expect = kind === 'fresh' ? undefined : kind === 'known' ? known : stale
              const call: Call =
                kind === 'delete' ? { kind, version: known ?? stale } : { kind: 'set', n, expect, expires }
              return { key, told: await tell(store === 0 ? one : other, key, call) }
            }),
          )
          for (const key of keys) {
            const own = told.filter((answer) => answer.key === key).map((answer) => answer.told)
            const after = await one.get(key)
            expect(
              explained(items.get(key), own, after),
              JSON.stringify({ before: items.get(key), own, after }),
            ).toBe(true)
            items.set(key, after)
            if (after !== undefined && !first.has(key)) first.set(key, after.version)
          }
        }
      }),
      { numRuns: 40 },
    )
    expect(requests.BatchExecuteStatementCommand).toBeGreaterThan(40)
  })

  test('a write that DynamoDB refuses fails alone, whether it refuses the statement or the whole request', async () => {
    const { client, table } = set()
    // The adapter sends nothing that it knows to be refused: what is refused here is made so on its way.
    const damage = { empty: '', long: 'k'.repeat(2_049), '{"large":1}': 'x'.repeat(410_000), 7: 'NaN' }
    client.middlewareStack.add((next) => (args) => next({ ...args, input: damaged(args.input, damage) }), {
      step: 'initialize',
      name: 'damaging',
    })
    const store = dynamodbState({ client, table, batched: true })
    const key = () => `refused/${crypto.randomUUID()}`
    const good = () => store.set(key(), { n: 1 }, { expect: undefined })
    const refusedAlone = [
      () => store.set('empty', {}, { expect: undefined }),
      () => store.set('long', {}, { expect: undefined }),
      () => store.set(key(), { large: 1 }, { expect: undefined }),
    ]
    const refusesAll = () => store.set(key(), {}, { expect: undefined, expiresAt: new Date(7_000) })
    for (const bad of [refusedAlone, [refusesAll], [...refusedAlone, refusesAll]]) {
      const [first, last, ...others] = await Promise.allSettled([good(), good(), ...bad.map((set) => set())])
      for (const result of [first, last]) expect(result).toMatchObject({ value: { ok: true } })
      for (const result of others)
        expect(result).toMatchObject({
          reason: { code: 'permanent', cause: { name: 'ValidationException' } },
        })
    }
    client.middlewareStack.remove('damaging')
    expect(requests.BatchExecuteStatementCommand).toBe(3)
  })

  test('claims: two workers that read the same records run each once, in a fraction of the requests', async () => {
    const RECORDS = 300
    const Thing = entity('thing', { table: 'things', key: 'id', schema: z.object({ id: z.string() }) })
    // Of the real time, since the server removes what is over by its own clock.
    const clock = virtualClock(Date.now())
    const handled: string[] = []
    const records = Array.from({ length: RECORDS }, (_, n) => recordOf(n + 1))
    const worker = async () => {
      const engine = createEngine({
        application: 'batched',
        reactors: [
          reactor('once').on('see', Thing.saved('thing.saved'), ({ key }) => void handled.push(key), {
            effect: 'claim',
          }),
        ],
        state: dynamodbState({ ...set(), batched: true, now: clock.now }),
        deadLetters: memoryDeadLetters(),
        clock,
        concurrency: 50,
      })
      const delivery = await engine.open({ stream: 's', shard: 'shardId-000000000000', redelivers: 'none' })
      await delivery.push(records)
      return delivery
    }
    const deliveries = await Promise.all([worker(), worker()])
    const isOver = (delivery: Delivery) => delivery.watermark?.sequence === String(RECORDS)
    for (let turn = 0; turn < 1_000 && !deliveries.every(isOver); turn += 1) {
      await Promise.all(deliveries.map((delivery) => delivery.quiet()))
      await clock.moveTo(clock.next ?? clock.now())
    }
    await Promise.all(deliveries.map((delivery) => delivery.settle(new Date(clock.now()))))
    expect(deliveries.map(isOver)).toEqual([true, true])
    expect(handled.length).toBe(RECORDS)
    expect(new Set(handled).size).toBe(RECORDS)
    // Two writes for each record, and two for each claim that the other worker turned out to have.
    const { BatchExecuteStatementCommand: batches = 0, PutItemCommand: alone = 0 } = requests
    expect(batches + alone).toBeLessThan(RECORDS)
  })
}

function recordOf(sequence: number): StreamRecord {
  const row = { id: `t-${sequence}` }
  const json = {
    eventName: 'INSERT',
    tableName: 'things',
    dynamodb: {
      ApproximateCreationDateTime: 1_796_000_000_000 + sequence,
      ApproximateCreationDateTimePrecision: 'MILLISECOND',
      Keys: marshal(row),
      NewImage: marshal(row),
    },
  }
  const data = new TextEncoder().encode(JSON.stringify(json))
  return { sequence: String(sequence), subSequence: 0, partitionKey: row.id, data, arrivedAt: new Date(0) }
}

/** A request in which each text and number that `damage` names has become another one. */
function damaged<T>(given: T, damage: Readonly<Record<string, string>>): T {
  const copyOf = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(copyOf)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, held]) => [
        name,
        name === 'S' || name === 'N' ? (damage[held] ?? held) : copyOf(held),
      ]),
    )
  }
  // Of the same shape: a text stands for a text.
  return copyOf(given) as T
}
