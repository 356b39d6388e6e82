/** How a lease goes from a worker that lives to another one: it is asked for, and nothing is handled by both. */

import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { reactor } from '@spaceship/core'
import { virtualClock } from '@spaceship/core/memory'
import { expect, test, vi } from 'vitest'
import { podsOnShip, saved } from '../test/pods.ts'
import { Asks } from './asks.ts'
import { type LeaseScan, observeLeases } from './leases/index.ts'
import type { Lease } from './leases/lease.ts'
import { memoryLeases } from './leases/memory.ts'

const wait = { timeout: 20_000, interval: 20 }
const LIFE = 10_000
const DRAIN = 20_000

test('a worker that comes gets its share once what runs there has ended, and no record is handled twice', async () => {
  await using pods = await podsOnShip(2)
  const runs: string[] = []
  const gate = Promise.withResolvers<void>()
  const noting = (who: string) =>
    reactor('note').on('see', saved, async (e) => {
      runs.push(`${who} ${e.after.id}`)
      if (e.after.id.startsWith('x')) await gate.promise
    })
  const rows = async () => (await pods.dynamodb.send(new ScanCommand({ TableName: 'app' }))).Items ?? []
  const ids = (prefix: string) => Array.from({ length: 12 }, (_, n) => `${prefix}${n}`)
  const one = pods.pod(noting('one'), { workerId: 'one' })
  const runOne = one.run()
  await pods.put(...ids('x'))
  await vi.waitFor(() => expect(runs.length).toBe(12), wait)

  const two = pods.pod(noting('two'), { workerId: 'two' })
  const runTwo = two.run()
  const asked = () => pods.lines.filter(({ message }) => message.startsWith('another worker asks'))
  await vi.waitFor(() => expect(asked().length).toBe(1), wait)
  const counters = async () => (await rows()).map(({ leaseCounter }) => Number(leaseCounter?.N))
  const began = Math.max(...(await counters()))
  // For longer than three lives of the lease, in which its handlers go on.
  await vi.waitFor(async () => expect(Math.min(...(await counters()))).toBeGreaterThan(began + 10), wait)
  expect((await pods.leases()).map(({ owner }) => owner)).toEqual(['one', 'one'])
  gate.resolve()
  const owners = async () => (await pods.leases()).map(({ owner }) => owner).toSorted()
  await vi.waitFor(async () => expect(await owners()).toEqual(['one', 'two']), wait)

  await pods.put(...ids('y'))
  await vi.waitFor(() => expect(runs.length).toBe(24), wait)
  expect(new Set(runs.map((run) => run.split(' ')[1])).size).toBe(24)
  expect(runs.filter((run) => run.startsWith('two')).every((run) => run.startsWith('two y'))).toBe(true)
  expect((await rows()).map((row) => [row.spaceshipWanted, row.ownerSwitchesSinceCheckpoint?.N])).toEqual([
    [undefined, '0'],
    [undefined, '0'],
  ])
  expect(pods.lines.filter(({ message }) => message === 'lease lost')).toEqual([])
  await Promise.all([one.stop(), two.stop()])
  await Promise.all([runOne, runTwo])
}, 60_000)

test('who stops asks no more: the owner keeps its lease, and what was given up for the other one is taken at once', async () => {
  await using pods = await podsOnShip(2)
  const leases = { failover: '60s' } as const
  const rows = async () => (await pods.dynamodb.send(new ScanCommand({ TableName: 'app' }))).Items ?? []
  const wanted = async () => (await rows()).flatMap(({ spaceshipWanted }) => spaceshipWanted?.S ?? [])
  const owners = async () => (await pods.leases()).map(({ owner }) => owner)
  const noting = () => reactor('note').on('see', saved, () => {})
  const one = pods.pod(noting(), { workerId: 'one', leases })
  const runOne = one.run()
  await vi.waitFor(async () => expect(await owners()).toEqual(['one', 'one']), wait)
  const two = pods.pod(noting(), { workerId: 'two', leases })
  const runTwo = two.run()
  // The owner hears of it within 20 s.
  await vi.waitFor(async () => expect((await wanted()).length).toBe(1), wait)
  expect((await wanted())[0]).toMatch(/^two\//)
  await two.stop()
  await runTwo
  expect(await wanted()).toEqual([])

  const three = pods.pod(noting(), { workerId: 'three', leases })
  const runThree = three.run()
  const gone = Promise.withResolvers<void>()
  // It has asked, and stops as the lease is given up: it looks no more.
  pods.bent.after = async (operation, { Attributes }) => {
    const { leaseOwner, spaceshipWanted } = Object(Attributes)
    if (operation !== 'UpdateItem' || leaseOwner !== undefined || spaceshipWanted === undefined) return
    void three.stop().then(() => gone.resolve())
  }
  await vi.waitFor(async () => expect((await wanted()).length).toBe(1), wait)
  await gone.promise
  await vi.waitFor(async () => expect(await owners()).toEqual(['one', 'one']), wait)
  await one.stop()
  await Promise.all([runOne, runThree])
}, 90_000)

/** A table in which `w1` has three leases, and what a worker makes of it at each look. */
async function tableOf(more: { readonly migrate?: boolean } = {}) {
  const clock = virtualClock()
  const table = memoryLeases()
  for (let n = 0; n < 3; n += 1)
    await table.create({
      ...{ stream: 'a:s:1', shard: `shardId-${String(n).padStart(12, '0')}`, checkpoint: 'TRIM_HORIZON' },
      ...{ parents: [], hashRange: undefined },
    })
  for (const lease of (await table.scan()).leases) await table.take(lease, 'w1')
  const workerOf = (me: string) => {
    const observer = observeLeases(LIFE)
    const settings = { clock, drainTimeout: DRAIN, failover: LIFE, leases: table, me, random: () => 0.5 }
    const asks = new Asks({ ...settings, process: undefined, migrate: false, ...more }, observer)
    return {
      ask: (lease: Lease) => asks.ask(lease),
      look: async (seen?: LeaseScan) => {
        const { leases } = seen ?? (await table.scan())
        const free = observer.free(leases, clock.monotonic()).filter((lease) => !asks.keeps(lease))
        return asks.choose({ leases, readable: leases, free })
      },
    }
  }
  const renew = async () => {
    for (const lease of (await table.scan()).leases) if (lease.owner === 'w1') await table.renew(lease)
  }
  const passed = async (ms: number) => {
    for (let left = ms; left > 0; left -= LIFE / 2) {
      await clock.moveTo(clock.now() + Math.min(left, LIFE / 2), async () => {})
      await renew()
    }
  }
  const keys = (leases: readonly Lease[]) => leases.map(({ key }) => key)
  return { clock, table, workerOf, passed, keys }
}

test('a worker below its share asks for one lease of whoever has more, which others have not asked for, and looks again soon', async () => {
  const { table, workerOf, keys } = await tableOf()
  const [two, three] = [workerOf('w2'), workerOf('w3')]
  const first = await two.look()
  expect([first.takes.length, first.asks.length]).toEqual([0, 1])
  expect(first.again).toBeLessThan(LIFE / 3)
  for (const lease of first.asks) await two.ask(lease)
  const second = await three.look()
  expect(second.asks.length).toBe(1)
  expect(keys(second.asks)).not.toEqual(keys(first.asks))
  for (const lease of second.asks) await three.ask(lease)
  // Each has asked for its share.
  expect([(await two.look()).asks, (await three.look()).asks]).toEqual([[], []])
  expect((await table.scan()).leases.map(({ wanted }) => wanted).toSorted()).toEqual(['w2', 'w3', undefined])
})

test('what is given up for a worker is taken by that one, also if it has its share by then, and by nobody else within a life', async () => {
  const { table, workerOf, passed, keys } = await tableOf()
  const [two, three] = [workerOf('w2'), workerOf('w3')]
  const [wanted] = (await two.look()).asks
  if (wanted === undefined) throw new Error('it asks for one')
  await two.ask(wanted)
  const [seen] = (await table.scan()).leases.filter(({ key }) => key === wanted.key)
  if (seen !== undefined) await table.release(seen)
  expect(keys((await two.look()).takes)).toEqual([wanted.key])
  expect(keys((await three.look()).takes)).toEqual([])
  await passed(LIFE / 2)
  expect(keys((await three.look()).takes)).toEqual([])
  await passed(LIFE)
  expect(keys((await three.look()).takes)).toEqual([wanted.key])
})

test('an owner that lives and answers nothing is left its lease for a life and a drain; then it is taken', async () => {
  const { workerOf, passed, keys } = await tableOf()
  const two = workerOf('w2')
  const { asks } = await two.look()
  for (const lease of asks) await two.ask(lease)
  // The last writes of a drain come up to two seconds after it.
  await passed(LIFE + DRAIN + 2_000)
  expect(await two.look()).toMatchObject({ takes: [], asks: [] })
  await passed(LIFE)
  expect(keys((await two.look()).takes)).toEqual(keys(asks))
})

test('what is asked for counts from then on, also if the first looks after it do not show it, or its answer is lost', async () => {
  const { table, workerOf, passed, keys } = await tableOf()
  const two = workerOf('w2')
  const { asks } = await two.look()
  const before = await table.scan()
  for (const lease of asks) await two.ask(lease)
  await two.look(before)
  await passed(LIFE + DRAIN + LIFE)
  expect(keys((await two.look()).takes)).toEqual(keys(asks))
  const three = workerOf('w3')
  const [other] = (await three.look()).asks
  if (other === undefined) throw new Error('it asks for one')
  const { ask } = table
  table.ask = async (...args) => {
    await ask(...args)
    throw new Error('the connection was reset')
  }
  await expect(three.ask(other)).rejects.toThrow('reset')
  await three.look()
  await passed(LIFE + DRAIN + LIFE)
  expect(keys((await three.look()).takes)).toEqual([other.key])
})

test('beside a fleet of KCL nobody asks: a lease is taken as it is, and a second time only from an owner that was seen to live', async () => {
  const { table, workerOf, passed } = await tableOf({ migrate: true })
  const two = workerOf('w2')
  const { takes, asks } = await two.look()
  expect([takes.length, asks]).toEqual([1, []])
  // Each was taken once before, and nobody knows whether `w1` lives.
  for (const lease of (await table.scan()).leases) await table.take(lease, 'w3')
  for (const lease of (await table.scan()).leases) await table.take(lease, 'w1')
  const three = workerOf('w4')
  expect((await three.look()).takes).toEqual([])
  await passed(LIFE / 2)
  expect((await three.look()).takes.length).toBe(1)
})
