/** Claims on a table that takes half of each batch, then nothing for a while. */

import {
  BatchExecuteStatementCommand,
  type BatchStatementResponse,
  DynamoDBClient,
  ProvisionedThroughputExceededException,
} from '@aws-sdk/client-dynamodb'
import { entity, reactor } from '@spaceship/core'
import { createEngine } from '@spaceship/core/engine'
import { memoryDeadLetters, virtualClock } from '@spaceship/core/memory'
import { silent } from '@spaceship/core/ports'
import { launch } from '@spaceship/local'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { emulators } from '../../../local/test/emulators.ts'
import { createStateTable, dynamodbState } from './index.ts'

type Mode = 'half' | 'all' | 'none'

/** The client, of whose writes some are throttled. */
function throttling(client: DynamoDBClient, mode: () => Mode) {
  const underWay = new Set<Promise<unknown>>()
  const counts = { half: 0, all: 0, none: 0 }
  const refusal = () => new ProvisionedThroughputExceededException({ message: 'slow down', $metadata: {} })
  const refused: BatchStatementResponse = { Error: { Code: 'ProvisionedThroughputExceeded' } }

  async function answer(command: object): Promise<unknown> {
    const now = mode()
    counts[now] += 1
    if (now === 'all') throw refusal()
    if (now === 'half' && command instanceof BatchExecuteStatementCommand) {
      const { Statements = [] } = command.input
      const taken = Statements.filter((_, n) => n % 2 === 1)
      const request = new BatchExecuteStatementCommand({ Statements: taken })
      const { Responses = [] } = await client.send(request)
      return { Responses: Statements.map((_, n) => (n % 2 === 1 ? Responses[(n - 1) / 2] : refused)) }
    }
    // What it is given is a command of this client.
    return client.send(command as never)
  }

  return {
    counts,
    send: (command: object) => {
      const asked = answer(command)
      underWay.add(asked)
      const over = () => void underWay.delete(asked)
      asked.then(over, over)
      return asked
    },
    /** Once no request is under way, and nothing follows on the last one. */
    settled: async () => {
      do {
        await Promise.allSettled(underWay)
        for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate)
      } while (underWay.size > 0)
    },
  }
}

test('half of each batch is throttled, then everything for 10 s: each record has its effect once, none is given up, and who waits asks seldom', async () => {
  await using ship = await launch({ emulators })
  const server = new DynamoDBClient(ship.clientConfig('dynamodb'))
  await createStateTable({ client: server, table: 'state' })
  const clock = virtualClock(Date.now())
  const begun = clock.now()
  const mode = () => {
    const passed = clock.now() - begun
    if (passed < 2_000) return 'half'
    return passed < 12_000 ? 'all' : 'none'
  }
  const client = throttling(server, mode)
  const Client = entity('client', { table: 'clients', key: 'id', schema: z.object({ id: z.string() }) })
  const runs = new Map<string, number>()
  const charge = Client.saved('client.saved')
  const app = reactor('billing').on(
    'charge',
    charge,
    async (e) => {
      runs.set(e.key, (runs.get(e.key) ?? 0) + 1)
      // Some are at work as the table ends to take anything.
      await clock.sleep(1_500)
    },
    { effect: 'claim' },
  )
  const deadLetters = memoryDeadLetters()
  const engine = createEngine({
    ...{ application: 'app', reactors: [app], deadLetters, clock, logger: silent, concurrency: 100 },
    // By chance a wait may be the seventh by the end of the outage, and up to a minute.
    random: () => 0.5,
    // Of a client `send` alone is used.
    state: dynamodbState({
      ...{ client: client as unknown as DynamoDBClient, table: 'state', batched: true },
      ...{ now: clock.now, sleep: clock.sleep },
    }),
  })
  const delivery = await engine.open({ stream: 's', shard: '0', redelivers: 'none' })
  const ids = Array.from({ length: 200 }, (_, n) => `c${n}`)
  void delivery.push(
    ids.map((id, n) => {
      const images = { Keys: { id: { S: id } }, NewImage: { id: { S: id } } }
      const dynamodb = { ApproximateCreationDateTime: begun + n, ...images }
      const change = { eventName: 'INSERT', tableName: 'clients', dynamodb }
      const data = Buffer.from(JSON.stringify(change))
      return { sequence: String(n + 1), subSequence: 0, partitionKey: id, data, arrivedAt: new Date(begun) }
    }),
  )
  await client.settled()
  // Who was told to wait longest is back half a minute after the table.
  await clock.moveTo(begun + 42_000, client.settled)
  expect([...runs].sort()).toEqual(ids.map((id) => [id, 1] as [string, number]).sort())
  expect([delivery.watermark?.sequence, deadLetters.letters]).toEqual(['200', []])
  expect(client.counts.half).toBeGreaterThan(0)
  expect(client.counts.all).toBeGreaterThan(0)
  expect(client.counts.all).toBeLessThan(100)
  server.destroy()
})
