import { expect, test } from 'vitest'
import * as z from 'zod'
import { engineOf, inserted, saved, worker } from '../../test/bench.ts'
import { event, reactor } from '../index.ts'
import { memoryEvents } from '../memory/index.ts'

const paid = event('invoice.paid', {
  schema: z.object({ client: z.string(), amount: z.number() }),
  key: (e) => e.client,
})

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
