import { harness } from '@spaceship/core/testing'
import { expect, test } from 'vitest'
import { type Cards, checkout, Order } from './checkout.ts'

const order = { id: 'o-1', card: 'tok_visa', cents: 4200 }

function till({ losesAnswers = 0 } = {}) {
  const requests: string[] = []
  const charges = new Map<string, number>()
  const cards: Cards = {
    charge: async ({ cents, key }) => {
      requests.push(key)
      charges.set(key, cents)
      if (requests.length <= losesAnswers) throw new Error('socket hang up')
    },
  }
  return { requests, charges, ship: harness(() => checkout({ cards })) }
}

test('a redelivery, a duplicate of the producer and a crash after the claim is completed charge nothing more', async () => {
  const { requests, ship } = till()
  ship.crash('complete')
  await ship.put(Order, order)
  await ship.advance('1m')
  for (const as of ['redelivery', 'duplicates', 'crash'] as const) await ship.redeliver({ as })
  expect(requests).toHaveLength(1)
  ship.expect('checkout/charge', { key: 'o-1', runs: 1 })
})

test('a crash before the charge charges once the lease of the claim is over', async () => {
  const { requests, ship } = till()
  ship.crash('claim')
  await ship.put(Order, order)
  await ship.advance('15s') // another process has taken over; for all it knows, the claim is still at work
  expect(requests).toHaveLength(0)
  await ship.advance('1m')
  expect(requests).toHaveLength(1)
})

test('the unknown case: who dies between the charge and its record asks again, and the key makes it one charge', async () => {
  const { requests, charges, ship } = till()
  ship.crash('effect')
  await ship.put(Order, order)
  await ship.advance('1m')
  expect(requests).toHaveLength(2) // no store can tell that the first one arrived
  expect([...charges.values()]).toEqual([4200])
})

test('an answer that is lost is the same case: the retry brings the same key', async () => {
  const { requests, charges, ship } = till({ losesAnswers: 2 })
  await ship.put(Order, order)
  await ship.advance('1m')
  expect(requests).toHaveLength(3)
  expect([...charges.values()]).toEqual([4200])
})

test('two orders are two charges, though card and amount are the same', async () => {
  const { charges, ship } = till()
  await ship.put(Order, order)
  await ship.put(Order, { ...order, id: 'o-2' })
  expect([...charges.values()]).toEqual([4200, 4200])
})
