import { harness } from '@spaceship/core/testing'
import { memorySearch, memorySlack } from '@spaceship/handlers/testing'
import { expect, test } from 'vitest'
import { Client, invoicePaid, tutorial } from './client.ts'
import { onboarding } from './onboarding.ts'

const acme = { id: 'acme', name: 'Acme', plan: 'trial', seats: 250 } as const

function launchpad() {
  const slack = memorySlack()
  const search = memorySearch()
  const ship = harness(({ reminders }) => onboarding({ slack, search, reminders }))
  return { slack, search, ship }
}

test('a new client is welcomed, found, and forgotten when he leaves', async () => {
  const { slack, search, ship } = launchpad()
  await ship.put(Client, acme)
  expect(slack.sent).toEqual([{ channel: '#marketing', text: 'Acme just came on board with 250 seats' }])
  expect((await search.query('clients', { match: { name: 'acme' } })).total).toBe(1)
  await ship.remove(Client, 'acme')
  expect((await search.query('clients', { match: { name: 'acme' } })).total).toBe(0)
  expect(ship.reminders.pending(tutorial)).toEqual([])
})

test('starting the tutorial cancels the reminder', async () => {
  const { slack, ship } = launchpad()
  await ship.put(Client, acme)
  expect(ship.reminders.pending(tutorial)).toMatchObject([{ key: 'acme' }])
  await ship.put(Client, { ...acme, tutorialStartedAt: '2026-11-24T09:00:00Z' })
  await ship.advance('3d')
  await ship.redeliver() // at-least-once: everything arrives again
  expect(slack.sent).toEqual([{ channel: '#marketing', text: 'Acme just came on board with 250 seats' }])
})

test('who does not start it is reminded, once, whatever arrives twice', async () => {
  const { slack, ship } = launchpad()
  await ship.put(Client, acme)
  await ship.put(Client, { ...acme, plan: 'paid' })
  await ship.publish(invoicePaid, { clientId: 'acme', amount: 4200 })
  await ship.advance('3d')
  for (const as of ['redelivery', 'duplicates', 'crash'] as const) await ship.redeliver({ as })
  expect(slack.sent.map((message) => message.text)).toEqual([
    'Acme just came on board with 250 seats',
    'Acme: trial -&gt; paid', // as Slack gets it
    'acme paid 4200',
    'Acme has not started the tutorial',
  ])
})
