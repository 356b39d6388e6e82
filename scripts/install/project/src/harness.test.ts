import assert from 'node:assert/strict'
import { test } from 'node:test'
import { harness } from '@spaceship/core/testing'
import { Client, greeter } from './greeter.js'

test('the harness greets once, although everything arrives again', async () => {
  const said: string[] = []
  const ship = harness(() => greeter((text) => said.push(text)))
  await ship.put(Client, { id: 'acme', name: 'Acme', plan: 'trial' })
  await ship.put(Client, { id: 'acme', name: 'Acme', plan: 'paid' })
  await ship.redeliver()
  assert.deepEqual(said, ['hello Acme', 'Acme: trial -> paid'])
})
