import { harness } from '@spaceship/core/testing'
import { memorySlack } from '@spaceship/handlers/testing'
import { expect, test } from 'vitest'
import { Client } from './client.ts'
import { greeter } from './greeter.ts'

test('a new client is greeted once, however often the record arrives', async () => {
  const slack = memorySlack()
  const ship = harness(() => greeter({ slack }))
  await ship.put(Client, { id: 'acme', name: 'Acme', plan: 'trial' })
  await ship.redeliver()
  await ship.redeliver({ as: 'crash' })
  expect(slack.sent).toEqual([{ channel: '#marketing', text: 'Acme just came on board' }])
})

test('an upgrade is announced', async () => {
  const slack = memorySlack()
  const ship = harness(() => greeter({ slack }))
  await ship.put(Client, { id: 'acme', name: 'Acme', plan: 'trial' })
  await ship.update(Client, 'acme', { plan: 'paid' })
  expect(slack.sent.map(({ text }) => text)).toEqual(['Acme just came on board', 'Acme: trial to paid'])
})
