import { harness } from '@spaceship/core/testing'
import { memorySlack } from '@spaceship/handlers/testing'
import { expect, test } from 'vitest'
import { sales } from './sales.ts'
import { Customer, Order } from './shop.ts'

const order = { pk: 'SHOP#1', sk: 'ORDER#7', type: 'order', state: 'open', total: 4200 } as const

test('each kind of row reaches the routes of its own events', async () => {
  const slack = memorySlack()
  const ship = harness(() => sales({ slack }))
  await ship.put(Customer, { pk: 'SHOP#1', sk: 'CUSTOMER#ada', type: 'customer', name: 'Ada' })
  await ship.put(Order, order)
  await ship.put(Order, { ...order, state: 'paid' })
  await ship.redeliver()
  expect(slack.sent.map(({ text }) => text)).toEqual(['Ada is a customer now', 'ORDER#7 is paid: 4200 cents'])
})
