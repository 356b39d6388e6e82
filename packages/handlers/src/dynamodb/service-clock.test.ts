import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { launch, type Spaceship } from '@spaceship/local'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createStateTable, dynamodbState } from './index.ts'

const FIVE_MINUTES = 300_000
const MINUTE = 60_000

let ship: Spaceship
let client: DynamoDBClient

beforeAll(async () => {
  ship = await launch()
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
