import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { entity, marshal, reactor } from '@spaceship/core'
import { createEngine, type StreamRecord } from '@spaceship/core/engine'
import { silent } from '@spaceship/core/log'
import { memoryDeadLetters } from '@spaceship/core/memory'
import { systemClock } from '@spaceship/core/ports'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { emulators } from '../../../local/test/emulators.ts'
import { createStateTable, dynamodbState } from './index.ts'

const FIVE_MINUTES = 300_000
const MINUTE = 60_000

let ship: Spaceship
let client: DynamoDBClient

beforeAll(async () => {
  ship = await launch({ emulators })
  client = new DynamoDBClient(ship.clientConfig('dynamodb'))
  await createStateTable({ client, table: 'state' })
})
afterAll(async () => {
  client.destroy()
  await ship.close()
})

/** The store as a machine has it whose clock is wrong by so much. */
const on = (ahead: number, batched = false) =>
  dynamodbState({ client, table: 'state', batched, now: () => Date.now() + ahead })
const inAMinute = () => ({ expect: undefined, expiresAt: new Date(Date.now() + MINUTE) })
const aMinuteAgo = () => ({ expect: undefined, expiresAt: new Date(Date.now() - MINUTE) })
/** Whether an offset is about so much: the second that is rounded off and the round trip are far below a minute. */
const about = (ms: number) => ({ asymmetricMatch: (value: unknown) => Math.abs(Number(value) - ms) < MINUTE })

const Thing = entity('thing', { table: 'things', key: 'id', schema: z.object({ id: z.string() }) })

function inserted(id: string): StreamRecord {
  const row = marshal({ id })
  const dynamodb = { ApproximateCreationDateTime: 1_796_000_000_000, Keys: row, NewImage: row }
  const data = new TextEncoder().encode(
    JSON.stringify({ eventName: 'INSERT', tableName: 'things', dynamodb }),
  )
  return { sequence: '1', subSequence: 0, partitionKey: id, data, arrivedAt: new Date(0) }
}

for (const ahead of [-FIVE_MINUTES, FIVE_MINUTES])
  describe(`a machine whose clock is ${ahead} ms ahead`, () => {
    test('knows from its first answer how far the clock of DynamoDB is from its own', async () => {
      const store = on(ahead)
      expect(store.clockOffset?.()).toBe(0)
      await store.get('x')
      expect(store.clockOffset?.()).toEqual(about(-ahead))
    })

    test('knows it also from an error', async () => {
      const key = crypto.randomUUID()
      await on(0).set(key, {}, { expect: undefined })
      const store = on(ahead)
      expect(await store.set(key, {}, { expect: undefined })).toMatchObject({ ok: false })
      expect(store.clockOffset?.()).toEqual(about(-ahead))
    })

    test('knows it also from writes in batches', async () => {
      const store = on(ahead, true)
      const keys = [crypto.randomUUID(), crypto.randomUUID()]
      await Promise.all(keys.map((key) => store.set(key, {}, { expect: undefined })))
      expect(store.clockOffset?.()).toEqual(about(-ahead))
    })

    for (const batched of [false, true])
      test(`takes no live item for expired, and none that has expired for live${batched ? ', in batches too' : ''}`, async () => {
        const [live, over] = [crypto.randomUUID(), crypto.randomUUID()]
        await on(0).set(live, { n: 1 }, inAMinute())
        await on(0).set(over, { n: 1 }, aMinuteAgo())
        const store = on(ahead, batched)
        await store.check?.()
        expect([await store.get(live), await store.get(over)]).toMatchObject([{ value: { n: 1 } }, undefined])
        const writes = [live, over].map((key) => store.set(key, { n: 2 }, { expect: undefined }))
        expect(await Promise.all(writes)).toMatchObject([
          { ok: false, current: { value: { n: 1 } } },
          { ok: true },
        ])
      })
  })

for (const [first, second] of [
  [-FIVE_MINUTES, FIVE_MINUTES],
  [FIVE_MINUTES, -FIVE_MINUTES],
] as const)
  test(`an owner whose clock is ${first} ms ahead keeps its claim against one whose clock is ${second} ms ahead`, async () => {
    const id = crypto.randomUUID()
    const [started, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let runs = 0
    const handle = async () => {
      runs += 1
      started.resolve()
      await gate.promise
    }
    const owner = async (ahead: number) => {
      const engine = createEngine({
        application: id,
        reactors: [reactor('r').on('pay', Thing.saved('thing.saved'), handle, { effect: 'claim' })],
        state: on(ahead),
        deadLetters: memoryDeadLetters(),
        clock: { ...systemClock, now: () => Date.now() + ahead },
        logger: silent,
      })
      const delivery = await engine.open({ stream: 's', shard: 'shardId-0', redelivers: 'none' })
      await delivery.push([inserted(id)])
      return delivery
    }
    const one = await owner(first)
    await started.promise
    const other = await owner(second)
    // It sleeps until the lease of the first one is over.
    await other.quiet()
    expect([runs, other.complete]).toEqual([1, false])
    gate.resolve()
    await one.quiet()
    expect([runs, one.complete]).toEqual([1, true])
    other.revoke(new Error('the test is over'))
  })

test('machines whose clocks agree with that of DynamoDB go by their own', async () => {
  const store = on(0)
  await store.get('x')
  expect(store.clockOffset?.()).toBe(0)
})

test('a client that is shared stays as its owner made it', async () => {
  const before = client.middlewareStack.identify()
  const store = on(FIVE_MINUTES)
  await store.get('x')
  expect(client.middlewareStack.identify()).toEqual(before)
})
