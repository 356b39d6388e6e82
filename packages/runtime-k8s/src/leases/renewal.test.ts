import { virtualClock } from '@spaceship/core/memory'
import { chanceOf } from '@spaceship/core/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Held, holdLease } from './holder.ts'
import { memoryLeases } from './memory.ts'
import { keepRenewed } from './renewal.ts'
import type { LeaseTable } from './table.ts'

const FAILOVER = 3_000
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

interface Fleet {
  readonly clock: ReturnType<typeof virtualClock>
  /** When each lease was renewed. */
  readonly renewals: ReadonlyMap<string, readonly number[]>
  readonly lost: readonly string[]
  readonly held: readonly Held[]
  stop(): void
}

/** Some leases, taken at one moment, in a table whose renewals go through `renew`. */
async function fleetOf(
  size: number,
  renew: (shard: string, write: () => ReturnType<LeaseTable['renew']>) => ReturnType<LeaseTable['renew']>,
  random: () => number = Math.random,
): Promise<Fleet> {
  const clock = virtualClock()
  const leases = memoryLeases()
  const table: LeaseTable = {
    ...leases,
    renew: async (lease) => {
      renewals.set(lease.shard, [...(renewals.get(lease.shard) ?? []), clock.now()])
      return renew(lease.shard, () => leases.renew(lease))
    },
  }
  const renewals = new Map<string, number[]>()
  const lost: string[] = []
  const stop = new AbortController()
  const held: Held[] = []
  for (let n = 0; n < size; n += 1)
    await leases.create({
      stream: 'a:s:1',
      shard: `shard-${n}`,
      checkpoint: 'TRIM_HORIZON',
      parents: [],
      hashRange: undefined,
    })
  for (const lease of (await leases.scan()).leases) {
    const taken = await leases.take(lease, 'me')
    if (taken === undefined) throw new Error('nobody else takes leases here')
    const over = new AbortController()
    const one = holdLease({
      table,
      taken,
      sentAt: clock.monotonic(),
      failover: FAILOVER,
      clock,
      lost: () => {
        lost.push(lease.shard)
        over.abort()
      },
      remade: () => {},
      wanted: () => {},
    })
    held.push(one)
    const signal = AbortSignal.any([stop.signal, over.signal])
    const beat = () => one.beat(undefined)
    void keepRenewed({ held: one, beat, failover: FAILOVER, clock, random, signal, failed: () => {} })
  }
  return { clock, renewals, lost, held, stop: () => stop.abort() }
}

test('a table that refuses one call in ten costs no lease', () =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 30 }), async (seed) => {
      const { random } = chanceOf(seed)
      const refused = async () => {
        throw new Error('throttled')
      }
      const fleet = await fleetOf(8, (_, write) => (random() < 0.1 ? refused() : write()), random)
      await fleet.clock.moveTo(fleet.clock.now() + 60_000, settled)
      fleet.stop()
      expect(fleet.lost).toEqual([])
    }),
    { numRuns: 10 },
  ))

test('statement 5: leases that were taken at one moment are renewed at moments of their own, three times a life', async () => {
  const fleet = await fleetOf(8, (_, write) => write(), chanceOf(7).random)
  await fleet.clock.moveTo(fleet.clock.now() + 30_000, settled)
  fleet.stop()
  const moments = [...fleet.renewals.values()]
  expect(new Set(moments.map(([first]) => first)).size).toBe(8)
  // Three times a life, however they are spread: each renewal costs a write unit.
  for (const each of moments) expect(each.length).toBeLessThanOrEqual(31)
})

test('statement 7: a lease that cannot be renewed is lost alone, at the end of its life on the monotonic clock', async () => {
  const fleet = await fleetOf(
    8,
    (shard, write) => (shard === 'shard-3' ? Promise.reject(new Error('throttled')) : write()),
    chanceOf(7).random,
  )
  const began = fleet.clock.now()
  await fleet.clock.moveTo(began + 2_600, settled)
  expect(fleet.lost).toEqual([])
  // It was tried again and again.
  expect(fleet.renewals.get('shard-3')?.length).toBeGreaterThan(5)
  await fleet.clock.moveTo(began + 60_000, settled)
  fleet.stop()
  expect(fleet.lost).toEqual(['shard-3'])
})

test('a renewal that is never answered does not hide the end of the life', async () => {
  const fleet = await fleetOf(
    2,
    (shard, write) => (shard === 'shard-1' ? new Promise(() => {}) : write()),
    chanceOf(7).random,
  )
  await fleet.clock.moveTo(fleet.clock.now() + FAILOVER, settled)
  fleet.stop()
  expect(fleet.lost).toEqual(['shard-1'])
  expect(fleet.held[1]?.isHeld()).toBe(false)
})

test('a lease that was given up is not called lost', async () => {
  let answer = () => {}
  const slow = new Promise<void>((resolve) => {
    answer = resolve
  })
  const fleet = await fleetOf(
    1,
    async (_, write) => {
      await slow
      return write()
    },
    chanceOf(7).random,
  )
  await fleet.clock.moveTo(fleet.clock.now() + 1_000, settled)
  const released = fleet.held[0]?.release()
  answer()
  await released
  await fleet.clock.moveTo(fleet.clock.now() + 60_000, settled)
  expect(fleet.lost).toEqual([])
  fleet.stop()
})
