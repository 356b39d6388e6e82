/**
 * Owns what KCL 2.x workers may rely on in a table that they share with ours: the statements 1 to 6, 11, 14, 25, 29 and 33 of the conformance list, on
 * rows that real workers wrote. The statements about a worker's own behaviour stand beside what they are about, under the same names.
 */

import { virtualClock } from '@spaceship/core/memory'
import { expect, test } from 'vitest'
import { holdLease, type Lease, SINGLE_STREAM } from '../src/leases/index.ts'
import { type Item, itemOf } from '../src/leases/lease.ts'
import { kclRows } from './kcl-fixtures.ts'
import type { RawLeases } from './raw-leases.ts'

const OWNED = '2.7.2/03-after-checkpoint.json'
const SPLIT = '2.7.2/07-split-children-running.json'

/** What every write changes, and what take, checkpoint and release change. */
const COUNTER = ['leaseCounter']
const OWNER = [...COUNTER, 'leaseOwner', 'ownerSwitchesSinceCheckpoint', 'application']

function without(item: Item | undefined, names: readonly string[]): Item {
  return Object.fromEntries(Object.entries(item ?? {}).filter(([name]) => !names.includes(name)))
}

const leaseOf = async ({ table }: RawLeases, shard: string): Promise<Lease> => {
  const lease = (await table.scan()).leases.find((each) => each.shard === shard)
  if (lease === undefined) throw new Error(`no lease of ${shard}`)
  return lease
}
const some = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('the write was refused')
  return value
}

export function kclStatements(make: () => Promise<RawLeases>): void {
  test('statement 1: every attribute comes through every write with its type, and what is empty is left out', async () => {
    const raw = await make()
    const [row] = kclRows(SPLIT).filter(({ parentShardId }) => parentShardId !== undefined)
    const full: Item = {
      ...row,
      leaseOwner: { S: 'java' },
      childShardIds: { SS: ['shardId-000000000008', 'shardId-000000000009'] },
      pendingCheckpoint: { S: '12' },
      pendingCheckpointSubSequenceNumber: { N: '3' },
      pendingCheckpointState: { B: Uint8Array.of(0, 255) },
      throughputKBps: { N: '1.5' },
    }
    await raw.put([full])
    const key = full.leaseKey?.S ?? ''
    const now = async () => (await raw.rows()).get(key)
    const renewed = some(await raw.table.renew(await leaseOf(raw, key)))
    expect(without(await now(), COUNTER)).toEqual(without(full, COUNTER))
    const taken = some(await raw.table.take(renewed, 'ours'))
    expect(without(await now(), OWNER)).toEqual(without(full, OWNER))
    const pending = ['pendingCheckpoint', 'pendingCheckpointSubSequenceNumber', 'pendingCheckpointState']
    const checkpoint = { sequence: '49', subSequence: 7 }
    const written = some(await raw.table.checkpoint(taken, { checkpoint, journal: undefined }))
    expect(await now()).toMatchObject({
      checkpoint: { S: '49' },
      checkpointSubSequenceNumber: { N: '7' },
      ownerSwitchesSinceCheckpoint: { N: '0' },
      leaseOwner: { S: 'ours' },
    })
    const kept = [...OWNER, 'checkpoint', 'checkpointSubSequenceNumber', ...pending]
    expect(without(await now(), kept)).toEqual(without(full, kept))
    await raw.table.release(written)
    expect(await now()).not.toHaveProperty('leaseOwner')
    const fresh = itemOf(
      { stream: SINGLE_STREAM, shard: 's', checkpoint: 'LATEST', parents: [], hashRange: undefined },
      'app',
    )
    expect(Object.values(fresh).flatMap((value) => Object.values(value))).not.toContain('')
    expect(fresh).not.toHaveProperty('parentShardId')
  })

  test('statement 2: attributes that nobody here knows survive every write', async () => {
    const raw = await make()
    const rows = kclRows(OWNED).map((row) => ({ ...row, somebody: { M: { a: { L: [{ N: '1' }] } } } }))
    await raw.put(rows)
    for (const { shard } of (await raw.table.scan()).leases) {
      const taken = some(await raw.table.take(await leaseOf(raw, shard), 'ours'))
      const checkpoint = { sequence: '5', subSequence: 0 }
      const written = some(await raw.table.checkpoint(taken, { checkpoint, journal: 'j', children: ['c'] }))
      await raw.table.release(some(await raw.table.renew(written)))
    }
    await raw.table.create({
      ...{ stream: SINGLE_STREAM, shard: 'shardId-000000000000', checkpoint: 'TRIM_HORIZON' },
      ...{ parents: [], hashRange: undefined },
    })
    for (const row of (await raw.rows()).values())
      expect(row.somebody).toEqual({ M: { a: { L: [{ N: '1' }] } } })
  })

  test('statement 3: items of other kinds are no leases', async () => {
    const raw = await make()
    await raw.put(kclRows('3.5.1/03-after-checkpoint.json'))
    const { leases, movedOn } = await raw.table.scan()
    expect(leases.map(({ shard }) => shard).sort()).toEqual(
      [0, 1, 2, 3].map((n) => `shardId-00000000000${n}`),
    )
    expect(movedOn).toBeDefined()
  })

  test('statement 4: a lease is created only where there is none, unowned and with the counter 0', async () => {
    const raw = await make()
    const lease = { shard: 'shardId-000000000000', parents: [], hashRange: ['0', '9'] as const }
    for (const stream of [SINGLE_STREAM, '000000000000:orders:1']) {
      await raw.table.create({ ...lease, stream, checkpoint: 'TRIM_HORIZON' })
      await raw.table.create({ ...lease, stream, checkpoint: 'LATEST' })
    }
    const rows = await raw.rows()
    expect([...rows.keys()].sort()).toEqual([
      '000000000000:orders:1:shardId-000000000000',
      'shardId-000000000000',
    ])
    for (const row of rows.values()) {
      expect(row).toMatchObject({ leaseCounter: { N: '0' }, checkpoint: { S: 'TRIM_HORIZON' } })
      expect(row).not.toHaveProperty('leaseOwner')
    }
  })

  test('statement 5: a renewal adds one to the counter that was seen, and fails on any other', async () => {
    const raw = await make()
    await raw.put(kclRows(OWNED))
    const seen = await leaseOf(raw, 'shardId-000000000001')
    const renewed = some(await raw.table.renew(seen))
    expect(renewed.counter).toBe(seen.counter + 1)
    some(await raw.table.take(renewed, 'java'))
    expect(await raw.table.renew(renewed)).toBeUndefined()
  })

  test('a row that somebody has deleted, and that another worker has by now, is not written by who had the first one, though the counter is the same', async () => {
    const raw = await make()
    const [row] = kclRows(OWNED)
    const key = row?.leaseKey?.S ?? ''
    await raw.put([{ ...row, leaseOwner: { S: 'ours' } }])
    const seen = await leaseOf(raw, key)
    await raw.put([{ ...row, leaseOwner: { S: 'java' } }])
    const checkpoint = { sequence: '49', subSequence: 0 }
    expect(await raw.table.renew(seen)).toBeUndefined()
    expect(await raw.table.checkpoint(seen, { checkpoint, journal: undefined })).toBeUndefined()
    expect(await leaseOf(raw, key)).toEqual({ ...seen, owner: 'java' })
  })

  test('statement 6: a renewal that failed because it had been done already is one', async () => {
    const raw = await make()
    await raw.put(kclRows(OWNED))
    const seen = await leaseOf(raw, 'shardId-000000000001')
    const first = some(await raw.table.renew(seen))
    // KCL counts the lease's life anew from there; a write that is made now may be counted from.
    const second = some(await raw.table.renew(seen))
    expect(second).toEqual({ ...first, counter: first.counter + 1 })
    // Nobody else's write looks like that: it has another owner, or is further on.
    const taken = some(await raw.table.take(second, 'java'))
    expect(await raw.table.renew(second)).toBeUndefined()
    some(await raw.table.renew(taken))
  })

  test('statement 8: renewals and checkpoints of one lease follow one another', async () => {
    const raw = await make()
    await raw.put(kclRows(OWNED))
    let writing = 0
    let most = 0
    const alone = async <T>(write: Promise<T>): Promise<T> => {
      writing += 1
      most = Math.max(most, writing)
      return write.finally(() => {
        writing -= 1
      })
    }
    const table = {
      ...raw.table,
      renew: (lease: Lease) => alone(raw.table.renew(lease)),
      checkpoint: (...args: Parameters<typeof raw.table.checkpoint>) => alone(raw.table.checkpoint(...args)),
    }
    const taken = some(await raw.table.take(await leaseOf(raw, 'shardId-000000000002'), 'ours'))
    const lost: string[] = []
    const held = holdLease({
      ...{ table, taken, sentAt: 0, failover: 10_000, clock: virtualClock(0) },
      ...{ lost: (why: string) => void lost.push(why), remade: () => {}, wanted: () => {} },
    })
    const progress = (n: number) => ({
      checkpoint: { sequence: String(n), subSequence: 0 },
      journal: undefined,
    })
    await Promise.all([1, 2, 3, 4].flatMap((n) => [held.beat(undefined), held.beat(progress(n))]))
    expect([most, lost, held.lease.counter]).toEqual([1, [], taken.counter + 8])
  })

  test('statement 14: a take removes the checkpoint owner of KCL 3, and counts the switch of owners', async () => {
    const raw = await make()
    const rows = kclRows('3.4.2/04-during-handoff.json').filter((row) => row.checkpointOwner !== undefined)
    expect(rows.length).toBeGreaterThan(0)
    await raw.put(rows)
    const [lease] = (await raw.table.scan()).leases
    const taken = some(await raw.table.take(some(lease), 'ours'))
    expect(taken).toMatchObject({
      owner: 'ours',
      checkpointOwner: undefined,
      ownerSwitches: some(lease).ownerSwitches + 1,
    })
    // One's own lease is taken again without a switch.
    expect(some(await raw.table.take(taken, 'ours')).ownerSwitches).toBe(taken.ownerSwitches)
  })

  test('statement 25: a checkpoint and the end of a shard fail once the counter has moved', async () => {
    const raw = await make()
    await raw.put(kclRows(OWNED))
    const seen = await leaseOf(raw, 'shardId-000000000000')
    const mine = some(await raw.table.take(seen, 'ours'))
    some(await raw.table.take(mine, 'java'))
    for (const sequence of ['99', 'SHARD_END'])
      expect(
        await raw.table.checkpoint(mine, { checkpoint: { sequence, subSequence: 0 }, journal: undefined }),
      ).toBeUndefined()
    await raw.table.release(mine)
    expect((await raw.rows()).get('shardId-000000000000')).toMatchObject({
      leaseOwner: { S: 'java' },
      checkpoint: { S: seen.checkpoint.sequence },
    })
  })

  test('statements 19 and 20, as far as a worker of 2.x takes part: a lease that KCL 3 hands over goes to its next owner', async () => {
    const raw = await make()
    const rows = kclRows('3.4.2/04-during-handoff.json').filter((row) => row.checkpointOwner !== undefined)
    await raw.put(rows)
    const [lease] = (await raw.table.scan()).leases
    const renewed = some(await raw.table.renew(some(lease)))
    await raw.table.release(renewed)
    const [row] = (await raw.rows()).values()
    expect(row).toMatchObject({ leaseOwner: { S: some(lease).owner } })
    expect(row).not.toHaveProperty('checkpointOwner')
  })

  test('statement 33: rows of many streams name stream and shard, and parents stay bare', async () => {
    const raw = await make()
    await raw.table.create({
      ...{ stream: '000000000000:orders:1796000000', shard: 'shardId-000000000004' },
      ...{ checkpoint: 'TRIM_HORIZON', parents: ['shardId-000000000000'], hashRange: ['0', '9'] },
    })
    expect([...(await raw.rows()).values()]).toMatchObject([
      {
        leaseKey: { S: '000000000000:orders:1796000000:shardId-000000000004' },
        streamName: { S: '000000000000:orders:1796000000' },
        shardId: { S: 'shardId-000000000004' },
        parentShardId: { SS: ['shardId-000000000000'] },
      },
    ])
  })

  test('an ended lease is deleted; one that somebody has reset meanwhile stays', async () => {
    const raw = await make()
    await raw.put(kclRows(SPLIT))
    const ended = (await raw.table.scan()).leases.filter(
      ({ checkpoint }) => checkpoint.sequence === 'SHARD_END',
    )
    expect(ended.length).toBe(1)
    const [first] = kclRows(SPLIT).filter((row) => row.checkpoint?.S === 'SHARD_END')
    await raw.put([{ ...first, checkpoint: { S: 'TRIM_HORIZON' } }])
    for (const lease of ended) await raw.table.remove(lease)
    expect((await raw.rows()).size).toBe(kclRows(SPLIT).length)
    await raw.put([{ ...first }])
    for (const lease of ended) await raw.table.remove(lease)
    expect((await raw.rows()).size).toBe(kclRows(SPLIT).length - 1)
  })
}
