import { entity } from '@spaceship/core'
import { harness } from '@spaceship/core/testing'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { Line, Order, shop } from './shop.ts'

const order = { pk: 'ORDER#1', sk: 'META', type: 'order', email: 'ann@example.org', cents: 4200 } as const
const line = { pk: 'ORDER#1', sk: 'LINE#1', type: 'line', sku: 'mug', pieces: 2 } as const

/** Whatever other teams put into the table. */
const Anything = entity('anything', {
  table: 'shop',
  key: { partition: 'pk', sort: 'sk' },
  schema: z.looseObject({ pk: z.string(), sk: z.string() }),
})

function open() {
  const mails: string[] = []
  const reserved: Record<string, number> = {}
  const ship = harness(() =>
    shop({
      mail: async (_to, text) => void mails.push(text),
      reserve: async (id, pieces) => {
        reserved[id] = pieces
      },
    }),
  )
  return { mails, reserved, ship }
}

test('each kind has events of its own, although the rows share a table and a partition', async () => {
  const { mails, reserved, ship } = open()
  await ship.put(Order, order)
  await ship.put(Line, line)
  await ship.update(Line, line, { pieces: 3 })
  expect([mails, reserved]).toEqual([['thank you for 4200'], { 'ORDER#1|LINE#1': 3 }])
  await ship.remove(Line, line)
  expect([mails, reserved]).toEqual([['thank you for 4200'], { 'ORDER#1|LINE#1': 0 }])
  await ship.redeliver({ as: 'duplicates' }) // rows of a line that is gone reserve nothing for it, not even for a moment
  ship.expect('shop/reserve', { runs: 3, skipped: 3 })
})

test('a kind that nobody declared, and a row without any, are none of its business: not even parsed', async () => {
  const { ship } = open()
  await ship.put(Anything, { pk: 'COUPON#1', sk: 'META', type: 'coupon', cents: 'ten percent' })
  await ship.put(Anything, { pk: 'COUPON#1', sk: 'META', type: 'coupon', cents: 'twenty percent' })
  await ship.put(Anything, { pk: 'CONFIG', sk: 'META' })
  expect(ship.explain(ship.records[0])[0]?.why).toBe(
    "order.placed: 'type' is 'coupon', that of order is 'order'",
  )
  expect(ship.deadLetters).toEqual([])
  for (const route of ['confirm', 'reprice', 'reserve']) ship.expect(`shop/${route}`, { runs: 0 })
})

test('a row of a declared kind that its schema refuses is a dead letter, and its neighbours go on', async () => {
  const { mails, reserved, ship } = open()
  await ship.put(Anything, { ...order, cents: 'free' })
  await ship.put(Line, line)
  expect(ship.deadLetters).toMatchObject([
    { route: 'confirm', reason: 'schema', detail: expect.stringContaining('cents') },
  ])
  expect([mails, reserved]).toEqual([[], { 'ORDER#1|LINE#1': 2 }])
})

test('a row that changes its kind is saved of the new one, and changed or removed of neither', async () => {
  const { mails, reserved, ship } = open()
  await ship.put(Order, { ...order, sk: 'X' })
  await ship.put(Line, { ...line, sk: 'X' })
  expect(reserved).toEqual({ 'ORDER#1|X': 2 })
  await ship.put(Order, { ...order, sk: 'X', cents: 1 })
  expect([mails, reserved]).toEqual([['thank you for 4200'], { 'ORDER#1|X': 2 }])
})
