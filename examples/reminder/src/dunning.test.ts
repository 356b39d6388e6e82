import { Permanent, type Reminders } from '@spaceship/core'
import { harness } from '@spaceship/core/testing'
import { expect, test } from 'vitest'
import { dunning, Invoice, overdue } from './dunning.ts'

const invoice = { id: 'i-1', email: 'ann@example.org', state: 'open' } as const

function office(given: (reminders: Reminders) => Reminders = (reminders) => reminders) {
  const mails: string[] = []
  const mail = async (_to: string, text: string) => void mails.push(text)
  const ship = harness(({ reminders }) => dunning({ mail, reminders: given(reminders) }))
  return { mails, ship }
}

test('who has not paid after 14 days is reminded, once, whatever arrives twice', async () => {
  const { mails, ship } = office()
  await ship.put(Invoice, invoice)
  expect(ship.reminders.pending(overdue)).toMatchObject([
    { key: 'i-1', dueAt: new Date('2026-01-15T00:00Z') },
  ])
  await ship.redeliver({ as: 'duplicates' })
  await ship.advance('15d')
  for (const as of ['redelivery', 'duplicates', 'crash'] as const) await ship.redeliver({ as })
  expect(mails).toEqual(['invoice i-1 is overdue'])
})

test('who pays in time is not reminded: nothing is pending any more', async () => {
  const { ship } = office()
  await ship.put(Invoice, invoice)
  await ship.update(Invoice, 'i-1', { state: 'paid' })
  expect(ship.reminders.pending(overdue)).toEqual([])
})

test('a payment that arrives before the invoice was issued cancels it all the same', async () => {
  for (let seed = 0; seed < 5; seed += 1) {
    const { mails, ship } = office()
    await ship.shuffle(
      async () => {
        await ship.put(Invoice, invoice)
        await ship.update(Invoice, 'i-1', { state: 'paid' })
      },
      { seed },
    )
    await ship.advance('15d')
    expect([seed, mails]).toEqual([seed, []])
  }
})

test('a cancel that got lost is caught by the last look', async () => {
  const lost = () => () => {
    throw new Permanent('the cancel is lost')
  }
  const { mails, ship } = office((reminders) => ({ ...reminders, cancel: lost }))
  await ship.put(Invoice, invoice)
  await ship.update(Invoice, 'i-1', { state: 'paid' })
  ship.expect('dunning/stop', { deadLetters: 1 })
  expect(ship.reminders.pending(overdue)).toHaveLength(1)
  await ship.advance('15d')
  ship.expect('dunning/remind', { key: 'i-1', runs: 0, skipped: 1 })
  expect(mails).toEqual([])
})

test('a way out for which nobody wrote a cancel is caught as well, and so is a row that is gone', async () => {
  const { mails, ship } = office()
  await ship.put(Invoice, invoice)
  await ship.put(Invoice, { ...invoice, id: 'i-2' })
  await ship.update(Invoice, 'i-1', { state: 'written-off' })
  await ship.remove(Invoice, 'i-2')
  await ship.advance('15d')
  ship.expect('dunning/remind', { runs: 0, skipped: 2 })
  expect(mails).toEqual([])
})
