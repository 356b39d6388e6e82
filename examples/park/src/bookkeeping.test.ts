import { harness } from '@spaceship/core/testing'
import { expect, test } from 'vitest'
import { bookkeeping, Invoice, type Ledger } from './bookkeeping.ts'

function office() {
  const posted: string[] = []
  const accounts: Record<string, string> = { EUR: '1200' } // nobody has thought of CHF
  const ledger: Ledger = { post: async ({ text }) => void posted.push(text) }
  const ship = harness(() => bookkeeping({ ledger, accounts }))
  return { posted, accounts, ship }
}

async function parked() {
  const given = office()
  const { ship } = given
  await ship.put(Invoice, { id: 'swiss', state: 'issued', currency: 'CHF' })
  await ship.put(Invoice, { id: 'german', state: 'issued', currency: 'EUR' })
  await ship.update(Invoice, 'swiss', { state: 'reminded' })
  await ship.update(Invoice, 'german', { state: 'paid' })
  await ship.update(Invoice, 'swiss', { state: 'paid' })
  return given
}

test('the records behind a failed one wait in their lane, and another lane goes on', async () => {
  const { posted, ship } = await parked()
  expect(posted).toEqual(['german issued', 'german paid'])
  ship.expect('bookkeeping/post', { key: 'swiss', runs: 1, parked: 3 }) // the handler saw the first one only
  expect(ship.deadLetters.map(({ reason }) => reason)).toEqual(['permanent', 'parked', 'parked'])
})

test('once the bug is fixed a drain brings them in order, each once, and the lane is open', async () => {
  const { posted, accounts, ship } = await parked()
  accounts.CHF = '1210'
  await ship.redrive('all')
  expect(posted.slice(2)).toEqual(['swiss issued', 'swiss reminded', 'swiss paid'])
  expect(ship.deadLetters).toEqual([])
  await ship.redeliver({ as: 'crash' })
  await ship.put(Invoice, { id: 'swiss', state: 'issued', currency: 'EUR' })
  expect(posted.slice(5)).toEqual(['swiss issued'])
})

test('a drain before the bug is fixed changes nothing: the first fails again, and none overtakes it', async () => {
  const { posted, ship } = await parked()
  await ship.redrive('all')
  expect(posted).toEqual(['german issued', 'german paid'])
  expect(ship.deadLetters).toHaveLength(3)
})

test('a record that is good by itself waits as well, also where another process takes over', async () => {
  const { posted, accounts, ship } = await parked()
  ship.crash('checkpoint')
  await ship.update(Invoice, 'swiss', { currency: 'EUR' })
  await ship.advance('1m')
  ship.expect('bookkeeping/post', { key: 'swiss', parked: 4 })
  accounts.CHF = '1210'
  await ship.redrive('all')
  expect(posted.slice(2)).toEqual(['swiss issued', 'swiss reminded', 'swiss paid', 'swiss paid'])
})
