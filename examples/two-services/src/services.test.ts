import { harness } from '@spaceship/core/testing'
import { expect, test } from 'vitest'
import { billing, Invoice } from './billing.ts'
import { invoicePaid } from './contract.ts'
import { shipping } from './shipping.ts'

/** Both services on one stream; in production each is an application of its own. */
function town() {
  const shipped: string[] = []
  const out = new Set<string>()
  const ship = harness(() => [
    billing(),
    shipping({
      ship: async (customer, invoice) => {
        if (out.has(invoice)) throw new Error('no such item in the store')
        shipped.push(`${customer} ${invoice}`)
      },
    }),
  ])
  const pay = async (id: string, customer: string) => {
    await ship.put(Invoice, { id, customer, cents: 4200, paid: false })
    await ship.update(Invoice, id, { paid: true })
  }
  /** The ids of what billing has published, as they stand on the stream. */
  const published = (): string[] => {
    const records = ship.records.map(({ data }) => JSON.parse(new TextDecoder().decode(data)))
    return records.flatMap(({ type, id }) => (type === invoicePaid.name ? [id] : []))
  }
  return { shipped, out, ship, pay, published }
}

test('billing publishes a fact, and shipping reacts', async () => {
  const { shipped, ship, pay } = town()
  await pay('i-1', 'ann')
  expect(shipped).toEqual(['ann i-1'])
  ship.expect('shipping/ship', { key: 'ann', runs: 1 })
})

test('who dies after publishing publishes again under the same id, and shipping ships once', async () => {
  const { shipped, ship, pay, published } = town()
  ship.crash('effect')
  await pay('i-1', 'ann')
  await ship.advance('1m')
  expect(published()).toHaveLength(2)
  expect(new Set(published()).size).toBe(1)
  expect(shipped).toEqual(['ann i-1'])
})

test('a service that is no reactor names its facts itself: one id is one event', async () => {
  const { shipped, ship } = town()
  const fact = { invoice: 'i-1', customer: 'ann', cents: 4200 }
  for (let n = 0; n < 3; n += 1) await ship.publish(invoicePaid, fact, { id: 'payment-77' })
  expect(shipped).toEqual(['ann i-1'])
})

test('the events of a customer are handled in order: a later one waits for a retry, other customers do not', async () => {
  const { shipped, out, ship, pay } = town()
  out.add('i-1')
  await pay('i-1', 'ann')
  await pay('i-2', 'ann')
  await pay('i-3', 'bob')
  expect(shipped).toEqual(['bob i-3'])
  out.clear()
  await ship.advance('1m')
  expect(shipped).toEqual(['bob i-3', 'ann i-1', 'ann i-2'])
})
