import { harness } from '@spaceship/core/testing'
import { expect, test } from 'vitest'
import { accounts, type Billing, Subscription } from './billing.ts'

function office() {
  const given = { status: 200 }
  const calls: { text: string; at: number }[] = []
  const ship = harness(({ clock }) => {
    const billing: Billing = async (what, id) => {
      calls.push({ text: `${what} ${id}`, at: clock.now() })
      return given.status
    }
    return accounts({ billing, greet: async () => {} })
  })
  const subscribe = (id: string) => ship.put(Subscription, { id, plan: 'pro' })
  return { given, calls, ship, subscribe }
}

test('a rate spreads the starts of its route evenly, and those of no other', async () => {
  const { calls, ship, subscribe } = office()
  for (let n = 0; n < 30; n += 1) await subscribe(`s-${n}`)
  ship.expect('accounts/greet', { done: 30 })
  expect(calls).toHaveLength(1)
  await ship.advance('3s')
  const first = calls[0]?.at ?? 0
  expect(calls.map(({ at }) => at - first)).toEqual(Array.from({ length: 30 }, (_, n) => n * 100))
})

test('an outage pauses all routes that need what is down, and no other', async () => {
  const { given, calls, ship, subscribe } = office()
  await subscribe('old')
  await ship.advance('1s')
  given.status = 503
  await subscribe('new')
  await ship.remove(Subscription, 'old')
  expect(calls.map(({ text }) => text)).toEqual(['open old', 'open new']) // and no 'close old'
  ship.expect('accounts/close', { runs: 0, pending: 1 })
  ship.expect('accounts/greet', { done: 2 })
})

test('an outage counts no attempt and gives nothing up; when it is over, everything goes on', async () => {
  const { given, calls, ship, subscribe } = office()
  given.status = 503
  for (const id of ['a', 'b', 'c']) await subscribe(id)
  await ship.advance('1h') // three attempts would be over after some seconds
  expect(ship.pending.filter(({ attempt }) => attempt === 1)).toHaveLength(3)
  expect(calls.length).toBeLessThan(70) // one record asks for all of them, once a minute
  given.status = 200
  await ship.advance('1m')
  ship.expect('accounts/open', { done: 3, pending: 0, deadLetters: 0 })
})

test('what billing refuses is the fault of the record: it is given up at once, and no other waits', async () => {
  const { given, ship, subscribe } = office()
  given.status = 422
  await subscribe('odd')
  given.status = 200
  await subscribe('good')
  await ship.advance('1s')
  ship.expect('accounts/open', { key: 'odd', runs: 1, deadLetters: 1 })
  ship.expect('accounts/open', { key: 'good', done: 1 })
})
