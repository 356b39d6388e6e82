import { entity, type Reactor, reactor } from '@spaceship/core'
import { harness } from '@spaceship/core/testing'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { Customer, customers, type Outside } from './customers.ts'

/** The first release, as it was. */
const OldCustomer = entity('customer', {
  table: 'customers',
  key: 'id',
  schema: z.object({ id: z.string(), name: z.string() }),
})
const oldJoined = OldCustomer.created('customer.joined')
const released =
  (formerly: readonly string[]) =>
  ({ mail }: Outside) =>
    reactor('customers').on('greet', oldJoined, (e) => mail(`welcome ${e.after.name}`), {
      effect: 'claim',
      formerly,
    })
const first = released([])
/** The first release once more, which knows what its route was called meanwhile. */
const rolledBack = released(['welcome'])

function running(release: (outside: Outside) => Reactor) {
  const mails: string[] = []
  const listed: Record<string, number> = {}
  const outside: Outside = {
    mail: async (text) => void mails.push(text),
    list: async (id, seats) => {
      listed[id] = seats
    },
  }
  let running = release
  const ship = harness(() => running(outside))
  /** Another release takes over, from a checkpoint of long ago. */
  const deploy = async (other: typeof release) => {
    running = other
    await ship.redeliver({ as: 'crash' })
  }
  return { mails, listed, ship, deploy }
}

const old = { id: 'c-1', name: 'Ann' }

test('an old row without the new fields is lifted, on both images of a change', async () => {
  const { mails, listed, ship, deploy } = running(first)
  await ship.put(OldCustomer, old)
  await deploy(customers)
  expect(listed).toEqual({ 'c-1': 1 })
  await ship.put(Customer, { ...old, seats: 5, revision: 1 })
  expect(mails).toEqual(['welcome Ann', 'Ann: 1 -> 5'])
  expect(ship.deadLetters).toEqual([])
})

test('a renamed route keeps the claims that it has under its former id', async () => {
  const { mails, ship, deploy } = running(first)
  await ship.put(OldCustomer, old)
  await deploy(customers)
  await ship.redeliver({ as: 'duplicates' })
  expect(mails).toEqual(['welcome Ann'])
})

test('a rollback reads the rows of the newer release, and names the route of that release to keep its claims', async () => {
  const { mails, ship, deploy } = running(customers)
  await ship.put(Customer, { ...old, seats: 5, revision: 1 })
  await deploy(rolledBack)
  await ship.put(Customer, { id: 'c-2', name: 'Bob', seats: 2, revision: 1 })
  expect(mails).toEqual(['welcome Ann', 'welcome Bob'])
  await deploy(first) // which has never heard of the route `welcome`
  expect(mails.slice(2)).toEqual(['welcome Ann'])
})

test('the version orders the rows, whatever the clocks of their writers said and however they arrive', async () => {
  for (let seed = 0; seed < 5; seed += 1) {
    const { listed, ship } = running(customers)
    await ship.shuffle(
      async () => {
        await ship.put(OldCustomer, old)
        for (const revision of [1, 3, 2]) await ship.put(Customer, { ...old, seats: 10 - revision, revision })
      },
      { seed },
    )
    expect([seed, listed]).toEqual([seed, { 'c-1': 7 }])
  }
})
