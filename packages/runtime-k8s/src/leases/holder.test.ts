/** What a held lease makes of writes that are answered late. */

import { setImmediate as turn } from 'node:timers/promises'
import { virtualClock } from '@spaceship/core/memory'
import { expect, test } from 'vitest'
import { holdLease } from './holder.ts'
import { memoryLeases } from './memory.ts'
import type { Progress } from './table.ts'

const progress = (sequence: string): Progress => ({
  checkpoint: { sequence, subSequence: 0 },
  journal: undefined,
})

/** A lease in a table in memory, as it was taken. */
async function took() {
  const table = memoryLeases('app')
  await table.create({ stream: 'a:s:1', shard: 's', checkpoint: '1', parents: [], hashRange: undefined })
  const [free] = (await table.scan()).leases
  const taken = free && (await table.take(free, 'w', 'w/1'))
  if (taken === undefined) throw new Error('nobody has the lease')
  return { table, taken }
}

/** A lease whose first write comes to the table when the test lets it. */
async function held() {
  const clock = virtualClock(0)
  const { table, taken } = await took()
  const lost: string[] = []
  let lands: (() => Promise<unknown>) | undefined
  const lease = holdLease({
    table: {
      ...table,
      checkpoint: (seen, said, isHeld) => {
        const write = () => table.checkpoint(seen, said, isHeld)
        if (lands !== undefined) return write()
        const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof write>>>()
        lands = async () => resolve(await write())
        return promise
      },
    },
    ...{ taken, sentAt: 0, failover: 9_000, clock },
    ...{ lost: (why) => void lost.push(why), remade: () => {}, wanted: () => {} },
  })
  const ends: unknown[] = []
  const beat = lease.beat(progress('5')).catch((error: unknown) => {
    ends.push(Object(error).code, clock.now())
  })
  await turn()
  await clock.moveTo(3_000, () => turn())
  await beat
  expect([ends, lease.isHeld()]).toEqual([['no-answer', 3_000], true])
  const land = async () => {
    await lands?.()
    await turn()
  }
  return { lease, table, taken, lost, land }
}

test('a write has a third of a life, and says nothing on top of the next one when it comes to the table after it', async () => {
  const { lease, table, lost, land } = await held()
  await lease.beat(progress('7'))
  await land()
  expect((await table.scan()).leases[0]?.checkpoint.sequence).toBe('7')
  await lease.beat(progress('8'))
  expect([lost, (await table.scan()).leases[0]?.checkpoint.sequence]).toEqual([[], '8'])
})

test('one that comes to the table before the next is written over', async () => {
  const { lease, table, lost, land } = await held()
  await land()
  expect((await table.scan()).leases[0]?.checkpoint.sequence).toBe('5')
  await lease.beat(progress('7'))
  expect([lost, (await table.scan()).leases[0]?.checkpoint.sequence]).toEqual([[], '7'])
})

test('one that is refused because another worker has the lease ends it, however late', async () => {
  const { lease, table, taken, lost, land } = await held()
  await table.take(taken, 'other', 'other/1')
  await land()
  expect([lost, lease.isHeld()]).toEqual([['another worker took it'], false])
})

/** A lease of nine seconds in a table that does each write at once, and answers it as the test says. */
async function heldIn(answers: () => Promise<void>) {
  const clock = virtualClock(0)
  const { table, taken } = await took()
  const lost: string[] = []
  const slow: typeof table = {
    ...table,
    checkpoint: async (...given) => {
      const written = await table.checkpoint(...given)
      await answers()
      return written
    },
  }
  const lease = holdLease({
    ...{ table: slow, taken, sentAt: 0, failover: 9_000, clock },
    ...{ lost: (why) => void lost.push(why), remade: () => {}, wanted: () => {} },
  })
  return { clock, lease, lost, table }
}

test('a table whose answers take longer than a third of a life costs no lease: each counts from when it was sent', async () => {
  let asked = () => Promise.resolve()
  const { clock, lease, lost } = await heldIn(() => asked())
  asked = () => clock.sleep(4_000)
  let failed = 0
  for (let n = 2; n < 30; n += 1) {
    const before = clock.now()
    let over = false
    const beat = lease
      .beat(progress(String(n)))
      .catch(() => {
        failed += 1
      })
      .then(() => {
        over = true
      })
    while (!over) {
      await turn()
      if (!over) await clock.moveTo(clock.now() + 100, () => turn())
    }
    await beat
    // As renewals follow on one another.
    await clock.moveTo(Math.max(clock.now(), before + 3_000), () => turn())
    expect([n, lease.isHeld(), lost]).toEqual([n, true, []])
  }
  // The first ones, until it is known how slow the table is.
  expect(failed).toBeLessThan(3)
})

test('a lease is given up and charged though the answer to its last write was lost', async () => {
  const { lease, table } = await heldIn(() => Promise.reject(new Error('the connection was reset')))
  await expect(lease.beat(progress('5'))).rejects.toThrow('reset')
  await lease.release(true)
  const [row] = (await table.scan()).leases
  expect([row?.owner, row?.checkpoint.sequence, row?.ownerSwitches]).toEqual([undefined, '5', 1])
})
