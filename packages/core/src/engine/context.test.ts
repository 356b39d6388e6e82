import { expect, test } from 'vitest'
import * as z from 'zod'
import { engineOf, inserted, saved, worker } from '../../test/bench.ts'
import type { Publish } from '../declare/index.ts'
import { event, reactor } from '../index.ts'
import { memoryEvents } from '../memory/index.ts'

const schema = z.object({ client: z.string(), amount: z.number() })
const paid = event('invoice.paid', { schema, key: (e) => e.client })

test('what a handler publishes has the same id on every attempt, and another one for each publication', async () => {
  const events = memoryEvents()
  const { engine, pass } = engineOf(
    reactor('r', { retry: { base: '1s' } }).on('bill', saved, async ({ after }, { publish, attempt }) => {
      await publish(paid, { client: after.id, amount: 1 })
      await publish(paid, { client: after.id, amount: 2 })
      if (attempt === 1) throw new Error('after publishing')
    }),
    { events },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a'), inserted(2, 'b')])
  await pass(10_000)
  const sent = events.records.map(({ partitionKey, data }) => {
    const { id, source, type, data: payload } = JSON.parse(new TextDecoder().decode(data))
    return { partitionKey, id, source, type, amount: payload.amount }
  })
  expect(sent.length).toBe(8)
  expect(new Set(sent.map(({ id }) => id)).size).toBe(4)
  for (const { id, partitionKey, amount } of sent)
    expect(sent.filter((other) => other.id === id)).toEqual(
      Array(2).fill({ partitionKey, id, amount, source: 'app', type: 'invoice.paid' }),
    )
})

/** What a handler published in each of two attempts, of which the first fails after all of it: the ids by what was published. */
async function idsOfAttempts(publishes: (attempt: number, publish: Publish) => Promise<unknown>) {
  const events = memoryEvents()
  let first = 0
  const { engine, pass, deadLetters } = engineOf(
    reactor('r', { retry: { base: '1s' } }).on('bill', saved, async (_, { publish, attempt }) => {
      await publishes(attempt, publish)
      if (attempt > 1) return
      first = events.records.length
      throw new Error('after publishing')
    }),
    { events },
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await pass(10_000)
  expect(deadLetters.letters).toEqual([])
  const ids = events.records.map(({ data }) => {
    const { id, type, data: payload } = JSON.parse(new TextDecoder().decode(data))
    return [`${type} of ${payload.client}: ${payload.amount}`, id] as const
  })
  return [Object.fromEntries(ids.slice(0, first)), Object.fromEntries(ids.slice(first))]
}

test('a retry that publishes in another order publishes the same events again', async () => {
  const told = event('client.told', { schema, key: (e) => e.client })
  const [before, after] = await idsOfAttempts(async (attempt, publish) => {
    const calls = [
      () => publish(paid, { client: 'a', amount: 1 }),
      () => publish(paid, { client: 'b', amount: 1 }),
      () => publish(told, { client: 'a', amount: 1 }),
    ]
    for (const call of attempt === 1 ? calls : calls.reverse()) await call()
  })
  expect(new Set(Object.values(before ?? {})).size).toBe(3)
  expect(after).toEqual(before)
})

test('events of one name and key keep the order of their calls, however long the validation of each takes', async () => {
  const slow = (attempt: number) => {
    const validate = async (value: unknown) => {
      const { amount } = value as { amount: number }
      // The first takes longer in the first attempt, the second in the next.
      for (let turn = 0; turn < ((amount === 1) === (attempt === 1) ? 9 : 1); turn += 1) await null
      return { value: value as { client: string; amount: number } }
    }
    return { '~standard': { version: 1 as const, vendor: 'slow', validate } }
  }
  const [before, after] = await idsOfAttempts((attempt, publish) => {
    const delayed = event('invoice.paid', { schema: slow(attempt), key: () => 'a' })
    return Promise.all([1, 2].map((amount) => publish(delayed, { client: 'a', amount })))
  })
  expect(Object.keys(before ?? {}).length).toBe(2)
  expect(after).toEqual(before)
})

test('events of one name and key whose order changes are told apart by the ids that the handler gives', async () => {
  const amounts = (attempt: number) => (attempt === 1 ? [1, 2, 3] : [3, 1, 2])
  const [before, after] = await idsOfAttempts((attempt, publish) =>
    Promise.all(
      amounts(attempt).map((amount) => publish(paid, { client: 'a', amount }, { id: `line ${amount}` })),
    ),
  )
  expect(before).toEqual({
    'invoice.paid of a: 1': 'line 1',
    'invoice.paid of a: 2': 'line 2',
    'invoice.paid of a: 3': 'line 3',
  })
  expect(after).toEqual(before)
})

test('publish refuses an id that tells nothing apart', async () => {
  for (const id of ['', 7, {}]) {
    const events = memoryEvents()
    const { engine, deadLetters } = engineOf(
      reactor('r', { retry: { attempts: 1 } }).on('bill', saved, ({ after }, { publish }) =>
        // A caller without types.
        publish(paid, { client: after.id, amount: 1 }, { id: id as string }),
      ),
      { events },
    )
    const delivery = await engine.open(worker)
    await delivery.push([inserted(1, 'a')])
    await delivery.quiet()
    expect(deadLetters.letters).toMatchObject([
      { detail: expect.stringMatching(/\[configuration\].*'id' is .*expected an id/s) },
    ])
    expect(events.records).toEqual([])
  }
})

test('publish refuses a payload that does not fit, and says when there is no stream', async () => {
  for (const [events, detail] of [
    [memoryEvents(), /\[schema\].*amount/],
    [undefined, /\[no-events\].*'events'/],
  ] as const) {
    const { engine, deadLetters } = engineOf(
      reactor('r', { retry: { attempts: 1 } }).on('bill', saved, ({ after }, { publish }) =>
        // A caller without types.
        publish(paid, { client: after.id, amount: (events === undefined ? 1 : 'many') as number }),
      ),
      events === undefined ? {} : { events },
    )
    const delivery = await engine.open(worker)
    await delivery.push([inserted(1, 'a')])
    await delivery.quiet()
    expect(deadLetters.letters).toMatchObject([{ detail: expect.stringMatching(detail) }])
  }
})

test('the log of a handler carries its reactor and route', async () => {
  const { engine, logged } = engineOf(
    reactor('r').on('see', saved, (_, { log }) => log.info('hello', { more: 1 })),
  )
  const delivery = await engine.open(worker)
  await delivery.push([inserted(1, 'a')])
  await delivery.quiet()
  expect(logged).toEqual([
    {
      level: 'info',
      message: 'hello',
      fields: expect.objectContaining({
        reactor: 'r',
        route: 'see',
        event: 'client.saved',
        position: '1',
        attempt: 1,
        more: 1,
      }),
    },
  ])
})
